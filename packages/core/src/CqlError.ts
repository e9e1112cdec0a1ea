/**
 * The one error of a statement: why it failed, and what became of it.
 *
 * @since 0.1.0
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import { type Completion, opened } from "./internal/execution/completion.ts"
import { LightError } from "./internal/lightError.ts"
import { abbreviate } from "./internal/statement/abbreviate.ts"
import { timestampOf } from "./internal/statement/request.ts"
import type { Outcome } from "./Outcome.ts"
import type { PageState, Request } from "./Port.ts"
import type { Reason } from "./Reason.ts"

/**
 * A statement failed.
 *
 * An adapter makes it from a reason and the text of the query. The core adds what only it knows: `outcome`, `attempts`
 * and `retryable`. Parameter values appear in no message, `toJSON` or inspection, and no stack trace is captured: a run
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
  readonly _tag = "CqlError"
  /** Why it failed. */
  readonly reason: Reason
  /** The CQL text, with its markers and without values; for a batch the texts of its statements, joined by `; `. */
  readonly query: string
  /** What is known about the effect of the statement. */
  readonly outcome: Outcome
  /**
   * Requests made for it, those of all its pages and the last one included; 0 when it was refused before the first. One
   * that found no connection with room was not made.
   */
  readonly attempts: number
  /** Whether sending it again can help and can do no harm. */
  readonly retryable: boolean

  #isCompleted = false
  // A page state tells the key of the row before: it is not shown with the other fields.
  #pageState: PageState | undefined
  #request: Request | undefined
  readonly #timestamp: bigint | undefined

  constructor(fields: CqlErrorFields) {
    super()
    this.reason = fields.reason
    this.query = fields.query
    this.outcome = fields.outcome ?? "Unknown"
    this.attempts = fields.attempts ?? 1
    this.retryable = fields.retryable ?? false
    this.#timestamp = fields.timestamp
    this.#pageState = fields.pageState
  }

  static {
    opened({
      completed: CqlError.#completed,
      request: (error) => error.#request
    })
  }

  static #completed(error: CqlError, what: Completion): CqlError {
    if (error.#isCompleted) return CqlError.#completed(new CqlError({ reason: error.reason, query: error.query }), what)
    const open: { -readonly [Key in Exclude<keyof Completion, "request" | "pageState">]: Completion[Key] } = error
    open.outcome = what.outcome
    open.attempts = what.attempts
    open.retryable = what.retryable
    error.#pageState = what.pageState
    error.#request = what.request
    error.#isCompleted = true
    return error
  }

  /**
   * Of a write, the timestamp that it carries, in microseconds since the epoch: that of its first attempt. Of a conditional
   * write, to which the server gives its timestamp, when it was first tried. Absent for reads, for what may be a counter,
   * where the text sets it (`USING TIMESTAMP`), and where there was no attempt.
   */
  get timestamp(): bigint | undefined {
    const request = this.#request
    return this.#timestamp ?? (request === undefined || this.attempts === 0 ? undefined : timestampOf(request))
  }

  /** Where the page begins that failed, when it was not the first: `session.executePage` can ask for it again. */
  get pageState(): PageState | undefined {
    return this.#pageState
  }

  override get message(): string {
    const attempts = this.attempts === 1 ? "1 attempt" : `${this.attempts} attempts`
    const query = this.query === "" ? "" : ` [${abbreviate(this.query)}]`
    return `${this.reason._tag}: ${this.reason.message}${query} (${this.outcome}, ${attempts})`
  }

  override toJSON(): unknown {
    return {
      _tag: this._tag,
      reason: this.reason.toJSON(),
      query: this.query,
      outcome: this.outcome,
      attempts: this.attempts,
      retryable: this.retryable
    }
  }

  override toString(): string {
    return `${this.name}: ${this.message}`
  }

  override [NodeInspectSymbol](): unknown {
    return this.toString()
  }
}
Object.defineProperty(CqlError.prototype, "name", { value: "CqlError" })

/**
 * What a {@link CqlError} is made of. An adapter gives `reason` and `query`; the rest is the core's to set.
 *
 * @category models
 * @since 0.1.0
 */
export interface CqlErrorFields {
  readonly reason: Reason
  readonly query: string
  readonly outcome?: Outcome | undefined
  readonly attempts?: number | undefined
  readonly retryable?: boolean | undefined
  readonly timestamp?: bigint | undefined
  readonly pageState?: PageState | undefined
}
