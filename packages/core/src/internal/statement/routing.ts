/**
 * The partition that a statement names itself: bytes of values or their hash, which are out of sight like all values.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Options, Routing } from "../../Statement.ts"

class Hidden {
  toJSON(): unknown {
    return {}
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

class HiddenKey extends Hidden {
  readonly #key: NonNullable<Routing["key"]>

  constructor(key: NonNullable<Routing["key"]>) {
    super()
    this.#key = key instanceof Uint8Array ? copyOf(key) : key.map(copyOf)
  }

  get key(): NonNullable<Routing["key"]> {
    return this.#key
  }
}

// A program may fill the same bytes again.
const copyOf = (bytes: Uint8Array): Uint8Array => Uint8Array.prototype.slice.call(bytes)

class HiddenToken extends Hidden {
  readonly #token: bigint

  constructor(token: bigint) {
    super()
    this.#token = token
  }

  get token(): bigint {
    return this.#token
  }
}

/** The same options with a partition that neither inspection nor a spread shows. */
export const hidingRouting = (options: Options): Options => {
  const { routing } = options
  if (routing === undefined || routing instanceof Hidden) return options
  return {
    ...options,
    routing: routing.key === undefined ? new HiddenToken(routing.token) : new HiddenKey(routing.key)
  }
}
