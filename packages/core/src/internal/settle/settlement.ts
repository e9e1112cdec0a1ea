/**
 * The class of settlements.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { Batch } from "../../Batch.ts"
import { CqlError } from "../../CqlError.ts"
import { isCertain, Outcome } from "../../Outcome.ts"
import type { Unsettled } from "../../Settlement.ts"
import type { Statement } from "../../Statement.ts"
import { hasTypeId, Hidden, internals } from "../internals.ts"
import { schema as statementSchema } from "../statement/schema.ts"
import * as TypeIds from "../typeIds.ts"

export const Finding = Schema.Literals([
  "found",
  "older",
  "absent",
  "overwritten",
  "notComparable",
  "unreadable"
])

export type Finding = typeof Finding.Type

/**
 * The current knowledge about one write, and its basis. Neither `toJSON` nor inspection shows the row.
 */
export class Settlement {
  declare readonly [TypeIds.Settlement]: typeof TypeIds.Settlement
  readonly _tag = "Settlement"
  /** Index of the result. Without one, the position among the given writes. */
  readonly index: number
  readonly statement: Statement<unknown> | Batch
  /** The outcome before settling. */
  readonly before: Outcome
  /** The outcome after settling. Equal to the earlier one if the read was inconclusive. */
  readonly outcome: Outcome
  readonly finding: Finding
  /** The reason, in one sentence and without values. */
  readonly message: string
  /** The settlements of the statements of a batch. */
  readonly parts: ReadonlyArray<Settlement>
  /** The error of the read, if it failed. */
  readonly error: CqlError | undefined
  /**
   * The same write, with its values, its options and the timestamp of its first attempt, if the outcome is still unknown.
   * Execute it to make the outcome certain. Absent if a repetition might do harm: if the write is conditional, not idempotent, or
   * of an unknown time.
   */
  readonly again: Statement<unknown> | Batch | undefined
  readonly #row: Readonly<Record<string, unknown>> | undefined

  // A copy of a settlement is settled again like itself.
  readonly [internals]: Hidden<Unsettled> | undefined

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
    readonly origin?: Unsettled | undefined
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
    this[internals] = fields.origin === undefined ? undefined : new Hidden(fields.origin)
  }

  /** True if the outcome is certain now. */
  get isCertain(): boolean {
    return isCertain(this.outcome)
  }

  /** Current values of the columns that the statement sets, by name; absent if there is no row or none was read. */
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
Object.defineProperty(Settlement.prototype, TypeIds.Settlement, { value: TypeIds.Settlement })

/** Returns true if a value is a settlement. */
export const isSettlement = (value: unknown): value is Settlement => hasTypeId(value, TypeIds.Settlement)

/** The result that a settlement, or a copy of one, comes from. */
export const originOf = (settled: Unsettled): Unsettled | undefined =>
  "finding" in settled && internals in settled ? (settled as Settlement)[internals]?.value : undefined

interface Encoded {
  readonly _tag: "Settlement"
  readonly index: number
  readonly before: Outcome
  readonly outcome: Outcome
  readonly finding: Finding
  readonly message: string
  readonly parts: ReadonlyArray<Encoded>
}

/**
 * Settlements in another process: encodes to JSON, and decodes to settlements. The row, the parameters of statements and the
 * write to be sent again stay behind.
 */
export const schema: Schema.Codec<Settlement, Encoded> = Schema.suspend(() => codec)

const json = Schema.Struct({
  _tag: Schema.Literal("Settlement"),
  index: Schema.Finite,
  statement: statementSchema,
  before: Outcome,
  outcome: Outcome,
  finding: Finding,
  message: Schema.String,
  parts: Schema.Array(Schema.suspend((): Schema.Codec<Settlement, Encoded> => schema)),
  error: Schema.optional(CqlError.schema)
})

const codec = json.pipe(Schema.decodeTo(
  Schema.declare(isSettlement, { expected: "Settlement" }),
  SchemaTransformation.transform({
    decode: (fields: typeof json.Type) => new Settlement(fields),
    encode: (
      { _tag, before, error, finding, index, message, outcome, parts, statement }: Settlement
    ): typeof json.Type => ({
      _tag,
      index,
      statement,
      before,
      outcome,
      finding,
      message,
      parts,
      error
    })
  })
))
