/**
 * Decodes the rows of a result: by a plan where there are many, and by the parser of Effect where a row does not fit.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { skips } from "../../Annotations.ts"
import * as Reason from "../../Reason.ts"
import type { Column } from "../../ResultSet.ts"
import { type DecodeRow, planOf } from "../decode/row.ts"
import { refused } from "../decode/value.ts"
import { kindOf } from "../kindOf.ts"
import { adviceFor } from "./advice.ts"
import { describe, endOf, threw, valueAt } from "./issue.ts"

type Row = Record<string, unknown>

/** Decodes all rows of a page, whose first row has this index in the result, or reports the row that does not fit. */
export type RowsDecoder<out A> = (
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column> | undefined,
  first: number
) => ReadonlyArray<A> | Reason.RowDecoding

/** Returns true if rows were decoded. It never asks for the class of the reason: the decoder may be of another copy of core. */
export const areRows = <A>(decoded: ReadonlyArray<A> | Reason.RowDecoding): decoded is ReadonlyArray<A> =>
  Array.isArray(decoded)

/** The decoder of a schema. */
export const rowsDecoder = <A>(schema: Schema.ConstraintDecoder<A>): RowsDecoder<A> => {
  const decoder = decoderOf(schema)
  return (rows, columns, first) => {
    const plan = decoder.planFor(rows.length, columns)
    const decoded: Array<A> = []
    for (let index = 0; index < rows.length; index++) {
      if (decoder.skips(rows[index]!)) continue
      const row = decoder.decode(rows[index]!, first + index, plan)
      if (row instanceof Invalid) return row.reason
      decoded.push(row)
    }
    return decoded
  }
}

/** The decoder of a schema that gives a result for each row. */
export const resultsDecoder = <A>(
  schema: Schema.ConstraintDecoder<A>
): RowsDecoder<Result.Result<A, Reason.RowDecoding>> => {
  const decoder = decoderOf(schema)
  return (rows, columns, first) => {
    const plan = decoder.planFor(rows.length, columns)
    return rows.flatMap((row, index) => {
      if (decoder.skips(row)) return []
      const decoded = decoder.decode(row, first + index, plan)
      return [decoded instanceof Invalid ? Result.fail(decoded.reason) : Result.succeed(decoded)]
    })
  }
}

/** The decoder of another one that changes each row by a function of the row and its record. */
export const mappedDecoder = <Row, A>(
  decode: RowsDecoder<Row> | undefined,
  f: (row: Row, record: Readonly<Record<string, unknown>>) => A
): RowsDecoder<A> =>
(records, columns, first) => {
  const mapped: Array<A> = []
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!
    // A decoder may leave records out, so that each is decoded by itself. Without a decoder the record is the row.
    const rows = decode === undefined ? [record as Row] : decode([record], columns, first + index)
    if (!areRows(rows)) return rows
    // The function is code of others.
    try {
      for (const row of rows) mapped.push(f(row, record))
    } catch (error) {
      return thrownAt(first + index, `the function of mapRows threw ${threw(error)}`, error)
    }
  }
  return mapped
}

const thrownAt = (row: number, issue: string, error: unknown): Reason.RowDecoding =>
  new Reason.RowDecoding({ message: `row ${row}: ${issue}`, row, issue, cause: Redacted.make(error) })

// A class of this module alone, for a row may be anything.
class Invalid {
  readonly reason: Reason.RowDecoding
  constructor(reason: Reason.RowDecoding) {
    this.reason = reason
  }
}

// Queries are often made of one schema, and a query in a function is made again for each call.
const decoders = new WeakMap<SchemaAST.AST, Decoder<unknown>>()

const decoderOf = <A>(schema: Schema.ConstraintDecoder<A>): Decoder<A> => {
  const known = decoders.get(schema.ast)
  // Its rows are those of the schema that it was made of, which is this one.
  if (known !== undefined) return known as Decoder<A>
  const made = new Decoder(schema)
  decoders.set(schema.ast, made)
  return made
}

// A plan costs as much as some hundred rows. Few results have other columns than the last of their query.
const rowsBeforePlan = 32
const plansKept = 4

interface Plan {
  readonly columns: ReadonlyArray<Column> | undefined
  readonly decode: DecodeRow | undefined
}

class Decoder<out A> {
  readonly #ast: SchemaAST.AST
  readonly #parse: ReturnType<typeof SchemaParser.decodeUnknownExit<Schema.ConstraintDecoder<A>>>
  readonly #skips: ((row: Row) => boolean) | undefined
  #seen = 0
  #plans: ReadonlyArray<Plan> = []

  constructor(schema: Schema.ConstraintDecoder<A>) {
    this.#ast = schema.ast
    const found: unknown = schema.ast.annotations?.[skips]
    this.#skips = typeof found === "function" ? (row) => found(row) === true : undefined
    this.#parse = SchemaParser.decodeUnknownExit(schema)
  }

  /** Returns true if a row is none of the query. */
  skips(row: Row): boolean {
    return this.#skips !== undefined && this.#skips(row)
  }

  /** The plan for rows of these columns, once enough rows have come for it to pay. */
  planFor(count: number, columns: ReadonlyArray<Column> | undefined): DecodeRow | undefined {
    if (this.#seen < rowsBeforePlan) {
      this.#seen += count
      if (this.#seen < rowsBeforePlan) return undefined
    }
    const known = this.#plans.find((plan) => isSame(plan.columns, columns))
    if (known !== undefined) return known.decode
    const made: Plan = { columns, decode: planOf(this.#ast, columns) }
    this.#plans = [made, ...this.#plans.slice(0, plansKept - 1)]
    return made.decode
  }

  decode(row: Row, index: number, plan: DecodeRow | undefined): A | Invalid {
    const decoded = plan === undefined ? refused : attempt(plan, row)
    // The plan was made of the schema of these rows.
    if (decoded !== refused) return decoded as A
    const exit = this.#parse(row)
    if (exit._tag === "Success") return exit.value
    const ended = endOf(exit)
    if (ended._tag === "Threw") {
      const issue = `the row schema threw ${threw(ended.thrown)} instead of failing`
      return new Invalid(thrownAt(index, issue, ended.thrown))
    }
    const { message, path } = describe(ended.issue, row)
    const column = path.length === 0 ? undefined : String(path[0])
    const value = valueAt(row, path)
    const given = value === undefined ? "" : `, given: ${kindOf(value)}`
    const advice = adviceFor(message, value, row, column)
    const issue = `${message}${given}${advice}`
    return new Invalid(
      new Reason.RowDecoding({
        message: `row ${index}${column === undefined ? "" : `, column ${column}`}: ${issue}`,
        row: index,
        column,
        issue
      })
    )
  }
}

const attempt = (plan: DecodeRow, row: Row): unknown => {
  // Schemas are code of others. The parser meets the same error again, and reports it.
  try {
    return plan(row)
  } catch {
    return refused
  }
}

const isSame = (one: Plan["columns"], other: Plan["columns"]): boolean => {
  if (one === other) return true
  if (one === undefined || other === undefined || one.length !== other.length) return false
  return one.every(({ name, type }, at) => name === other[at]!.name && type === other[at]!.type)
}
