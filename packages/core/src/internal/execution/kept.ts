/**
 * The private state of an error: its request, and what is known of its attempts.
 */
import type { Attempt } from "../../CqlError.ts"
import type { PageState, Request } from "../../Port.ts"
import type { Statement } from "../../Statement.ts"
import { internals } from "../internals.ts"
import { bindStatement, isRequest } from "../statement/binding.ts"
import type { Executable } from "../statement/input.ts"
import type { ResolvedOptions } from "../statement/options.ts"
import { BoundOptions } from "../statement/request.ts"

/** Private state of an error. */
export interface Kept {
  readonly request?: Request | undefined
  /** The attempts that failed before. */
  readonly earlier?: ReadonlyArray<Attempt> | undefined
  /** Milliseconds from the last attempt to its failure. */
  readonly latency?: number | undefined
  readonly pageState?: PageState | undefined
  /** The timestamp of the write, where its request is not known. */
  readonly timestamp?: bigint | undefined
}

/**
 * A request that is bound again when it is asked for. A run may keep a million errors, and of what one takes the request is
 * more than half.
 */
class Rebound implements Kept {
  readonly #statement: Statement<unknown>
  readonly #options: ResolvedOptions
  readonly #keyspace: string | undefined
  readonly #sentAt: bigint | undefined
  readonly #rest: Omit<Kept, "request"> | undefined

  constructor(
    statement: Statement<unknown>,
    options: ResolvedOptions,
    keyspace: string | undefined,
    sentAt: bigint | undefined,
    rest: Omit<Kept, "request"> | undefined
  ) {
    this.#statement = statement
    this.#options = options
    this.#keyspace = keyspace
    this.#sentAt = sentAt
    this.#rest = rest
  }

  get request(): Request | undefined {
    const again = bindStatement(this.#statement, this.#options, {
      keyspace: this.#keyspace,
      nextTimestamp: () => this.#sentAt!
    })
    return isRequest(again) ? again : undefined
  }

  get earlier(): ReadonlyArray<Attempt> | undefined {
    return this.#rest?.earlier
  }

  get latency(): number | undefined {
    return this.#rest?.latency
  }

  get pageState(): PageState | undefined {
    return this.#rest?.pageState
  }
}

/**
 * Keeps a request with what else is known of its error. Values that a schema has made are kept as they were sent, for its code may
 * make others the next time; those of a statement without one never change.
 */
export const keep = (
  executable: Executable,
  options: ResolvedOptions,
  request: Request | undefined,
  rest: Omit<Kept, "request"> | undefined
): Kept =>
  request === undefined || executable._tag === "Batch" || executable[internals].codec.encode !== undefined
    ? { ...rest, request }
    : new Rebound(executable, options, BoundOptions.keyspaceOf(request.options), request.options.sentAt, rest)
