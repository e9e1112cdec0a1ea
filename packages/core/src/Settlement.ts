/**
 * What reading back has told of a write whose outcome was open.
 *
 * @since 0.1.0
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Batch } from "./Batch.ts"
import type { CqlError } from "./CqlError.ts"
import type { Outcome } from "./Outcome.ts"
import type { Statement } from "./Statement.ts"

/**
 * What was found in the place of a write.
 *
 * - `"found"`: the write itself.
 * - `"older"`: what was there before.
 * - `"absent"`: nothing.
 * - `"overwritten"`: something newer, which hides whether the write was there before.
 * - `"notComparable"`: nothing by which the write could be recognised; the message says why.
 * - `"unreadable"`: the read failed; `error` says how.
 *
 * @category models
 * @since 0.1.0
 */
export type Finding = "found" | "older" | "absent" | "overwritten" | "notComparable" | "unreadable"

/**
 * What is known of one write now, and why. Neither `toJSON` nor inspection shows the row.
 *
 * @category models
 * @since 0.1.0
 */
export class Settlement {
  readonly _tag = "Settlement"
  /** That of the result; the position among what was to be settled where it had none. */
  readonly index: number
  readonly statement: Statement<unknown> | Batch
  /** What was known before. */
  readonly before: Outcome
  /** What is known now. The same as before where the read could not tell. */
  readonly outcome: Outcome
  readonly finding: Finding
  /** The reason, in one sentence and without values. */
  readonly message: string
  /** Of a batch, what became of each of its statements. */
  readonly parts: ReadonlyArray<Settlement>
  /** Why it could not be read. */
  readonly error: CqlError | undefined
  /**
   * Where it is still open: the same write, as it was bound, with the options and the timestamp of its first attempt, to be
   * executed again. Absent where that might do harm, because it is conditional, not idempotent, or of a time that is not
   * known.
   */
  readonly again: Statement<unknown> | Batch | undefined
  readonly #row: Readonly<Record<string, unknown>> | undefined

  constructor(fields: {
    readonly index: number
    readonly statement: Statement<unknown> | Batch
    readonly before: Outcome
    readonly outcome: Outcome
    readonly finding: Finding
    readonly message: string
    readonly parts?: ReadonlyArray<Settlement> | undefined
    readonly error?: CqlError | undefined
    readonly again?: Statement<unknown> | Batch | undefined
    readonly row?: Readonly<Record<string, unknown>> | undefined
  }) {
    this.index = fields.index
    this.statement = fields.statement
    this.before = fields.before
    this.outcome = fields.outcome
    this.finding = fields.finding
    this.message = fields.message
    this.parts = fields.parts ?? []
    this.error = fields.error
    this.again = this.isCertain ? undefined : fields.again
    this.#row = fields.row
  }

  /** Whether it is certain now what became of it. */
  get isCertain(): boolean {
    return this.outcome === "Applied" || this.outcome === "NotApplied"
  }

  /** What stands in the columns that the statement sets, by name; nothing where there is no row, or none was read. */
  get row(): Readonly<Record<string, unknown>> | undefined {
    return this.#row
  }

  toJSON(): unknown {
    return {
      _tag: this._tag,
      index: this.index,
      statement: this.statement.text,
      before: this.before,
      outcome: this.outcome,
      finding: this.finding,
      message: this.message,
      ...(this.parts.length === 0 ? undefined : { parts: this.parts.map((part) => part.toJSON()) }),
      ...(this.error === undefined ? undefined : { error: this.error.toJSON() })
    }
  }

  toString(): string {
    const now = this.outcome === this.before ? `still ${this.outcome}` : `${this.before}, now ${this.outcome}`
    return `${this.index}: ${now}: ${this.message}`
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
