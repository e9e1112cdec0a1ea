/**
 * The error of a statement: why it failed, and its outcome.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { Kept } from "./internal/execution/kept.ts"
import { internals } from "./internal/internals.ts"
import { LightError } from "./internal/lightError.ts"
import { abbreviate, oneLine } from "./internal/statement/abbreviate.ts"
import { timestampOf } from "./internal/statement/request.ts"
import * as TypeIds from "./internal/typeIds.ts"
import { nodeOf } from "./internal/watch/codes.ts"
import { Outcome } from "./Outcome.ts"
import type { PageState } from "./Port.ts"
import { type Encoded as EncodedReason, type Reason, schema as reasonSchema } from "./Reason.ts"

/**
 * A statement failed.
 *
 * An adapter makes it from a reason and the text of the query. The core adds what only it knows: `outcome`, `attempts`
 * and `isRetryable`. Parameter values appear in no message, `toJSON` or inspection, and no stack trace is captured: a run
 * may collect a million of these.
 *
 * **Example** (Handling one reason)
 *
 * ```ts
 * import { CqlError, Reason } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const failing = Effect.fail(
 *   new CqlError({ reason: new Reason.Overloaded({ message: "too many requests" }), query: "SELECT * FROM app.users" })
 * )
 * const handled = failing.pipe(Effect.catchReason("CqlError", "Overloaded", () => Effect.succeed("try again")))
 * console.assert((await Effect.runPromise(handled)) === "try again")
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class CqlError extends LightError {
  declare readonly [TypeIds.CqlError]: typeof TypeIds.CqlError
  readonly _tag = "CqlError"
  /** Why it failed. */
  readonly reason: Reason
  /** The CQL text, with its markers and without values; for a batch the texts of its statements, joined by `; `. */
  readonly query: string
  /** The known effect of the statement on the database. */
  readonly outcome: Outcome
  /**
   * Number of requests that were sent, for all pages, including the failed one. 0 if the statement was refused before
   * it was sent, or if no node was available.
   */
  readonly attempts: number
  /** True if a retry may succeed and can do no harm. */
  readonly isRetryable: boolean

  /**
   * Sends errors to another process: encodes to JSON, and decodes to a `CqlError`. The cause, the parameters and the
   * page state are not included.
   */
  static readonly schema: Schema.Codec<CqlError, Encoded> = Schema.Struct({
    _tag: Schema.Literal("CqlError"),
    reason: reasonSchema,
    query: Schema.String,
    outcome: Outcome,
    attempts: Schema.Finite,
    isRetryable: Schema.Boolean,
    timestamp: Schema.optional(Schema.BigIntFromString)
  }).pipe(Schema.decodeTo(
    Schema.declare((value): value is CqlError => isCqlError(value), { expected: "CqlError" }),
    SchemaTransformation.transform({
      decode: ({ attempts, isRetryable, outcome, query, reason, timestamp }) => {
        const error = new CqlError({ reason, query })
        error[internals] = { timestamp }
        return Object.assign(error, { attempts, isRetryable, outcome })
      },
      encode: ({ _tag, attempts, isRetryable, outcome, query, reason, timestamp }) => ({
        _tag,
        reason,
        query,
        outcome,
        attempts,
        isRetryable,
        timestamp
      })
    })
  ))

  // The request holds bound values, and a page state contains the key of the last row: neither is shown.
  #internals: Kept | undefined

  constructor(fields: {
    readonly reason: Reason
    /** The CQL text, with its markers and without values. */
    readonly query: string
  }) {
    super()
    this.reason = fields.reason
    this.query = fields.query
    this.outcome = "Unknown"
    this.attempts = 1
    this.isRetryable = false
  }

  /** For this package: set once, when the core has completed the error. */
  get [internals](): Kept | undefined {
    return this.#internals
  }
  set [internals](value: Kept | undefined) {
    this.#internals = value
  }

  /**
   * The timestamp of a write, in microseconds since the epoch: the time of its first attempt. The server dates
   * conditional writes itself. Absent for reads, for writes that may be to a counter, if the text sets it
   * (`USING TIMESTAMP`), and if there was no attempt.
   */
  get timestamp(): bigint | undefined {
    const { request, timestamp } = this.#internals ?? nothing
    return timestamp ?? (request === undefined || this.attempts === 0 ? undefined : timestampOf(request))
  }

  /**
   * The last failed attempts, at most 21, in their order. The refusal of a closed session is no attempt. Empty if there
   * was no attempt, and for an error from another process.
   *
   * **Example** (Attempts and their nodes)
   *
   * ```ts
   * import { Reason, RetryPolicy, Statement } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const session = MockSession.layer({
   *   defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1, initial: "1 millis" }) }) },
   *   otherwise: MockSession.fail(new Reason.Unavailable({ message: "x", consistency: "ALL", required: 3, alive: 2 }))
   * })
   * const error = await Effect.runPromise(Effect.flip(Statement.make("SELECT 1")).pipe(Effect.provide(session)))
   * console.assert(error.history.length === 2 && error.history[0]?.delay !== undefined)
   * ```
   */
  get history(): ReadonlyArray<Attempt> {
    const { earlier = [], latency, request } = this.#internals ?? nothing
    if (request === undefined) return []
    const { reason } = this
    if (reason._tag === "SessionClosed") return earlier
    const last = { node: nodeOf(reason), reason, latency: latency === undefined ? undefined : Duration.millis(latency) }
    return [...earlier, last]
  }

  /**
   * The position of the page that failed, or whose row did not decode, unless it was the first: `session.executePage` can read
   * it again.
   */
  get pageState(): PageState | undefined {
    return this.#internals?.pageState
  }

  /** The error of the driver or of a schema that caused this error; a `Redacted` if it quotes a bound value. */
  override get cause(): unknown {
    return this.reason.cause
  }

  // A read has no effect, so that its outcome says nothing.
  get #isRead(): boolean {
    const request = this.#internals?.request
    // A statement that was refused before it was bound, and an error of another process, have only the text.
    return request === undefined ? /^\s*SELECT\b/i.test(this.query) : request.kind === "read"
  }

  override get message(): string {
    const attempts = this.attempts === 1 ? "1 attempt" : `${this.attempts} attempts`
    const query = this.query === "" ? "" : ` [${abbreviate(this.query)}]`
    return `${this.reason._tag}: ${oneLine(this.reason.message)}${query} (${
      this.#isRead ? "" : `${this.outcome}, `
    }${attempts})`
  }

  override toJSON(): unknown {
    return {
      _tag: this._tag,
      reason: this.reason.toJSON(),
      query: this.query,
      outcome: this.outcome,
      attempts: this.attempts,
      isRetryable: this.isRetryable
    }
  }

  override toString(): string {
    return `${this.name}: ${this.message}`
  }

  override [NodeInspectSymbol](): unknown {
    return this.toString()
  }
}
Object.defineProperties(CqlError.prototype, {
  name: { value: "CqlError" },
  [TypeIds.CqlError]: { value: TypeIds.CqlError }
})

/**
 * A {@link CqlError} as JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export interface Encoded {
  readonly _tag: "CqlError"
  readonly reason: EncodedReason
  readonly query: string
  readonly outcome: Outcome
  readonly attempts: number
  readonly isRetryable: boolean
  /** Microseconds, as a text. */
  readonly timestamp?: string | undefined
}

/**
 * A failed attempt of a statement.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  /** The node of the attempt, as `address:port`, if it is known. */
  readonly node?: string | undefined
  readonly reason: Reason
  /** Time from sending the request to its failure. Absent if the session has neither metrics nor spans. */
  readonly latency?: Duration.Duration | undefined
  /**
   * Time between this attempt and the next one. Absent for the last attempt; with rounds, for the last attempt of each
   * round.
   */
  readonly delay?: Duration.Duration | undefined
}

const nothing: Kept = {}

/**
 * Returns true if a value is a {@link CqlError}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCqlError = (value: unknown): value is CqlError =>
  typeof value === "object" && value !== null && TypeIds.CqlError in value
