/**
 * The partition key that a statement names itself: bytes of values, which are out of sight like all values.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Options, Routing } from "../../Statement.ts"

class HiddenRouting implements Routing {
  readonly #key: Routing["key"]

  constructor(key: Routing["key"]) {
    this.#key = key
  }

  get key(): Routing["key"] {
    return this.#key
  }

  toJSON(): unknown {
    return {}
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

/** The same options with a partition key that neither inspection nor a spread shows. */
export const hidingRouting = (options: Options): Options =>
  options.routing === undefined || options.routing instanceof HiddenRouting
    ? options
    : { ...options, routing: new HiddenRouting(options.routing.key) }
