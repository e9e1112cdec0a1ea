/**
 * Encodes parameters and decodes rows with the schemas of a query, compiled once per query.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Reason from "../../Reason.ts"
import type { Params } from "../../Statement.ts"
import { kindOf } from "../kindOf.ts"
import { type Excess, excessOf, type FindExcess } from "./excess.ts"
import { describe, endOf, threw, valueAt } from "./issue.ts"
import { mappedDecoder, resultsDecoder, type RowsDecoder, rowsDecoder } from "./rowsDecoder.ts"
import { namesOf } from "./schemaNames.ts"

/** Encoder of parameters and decoder of rows; either is absent where the query has no schema for it. */
export interface Codec<out Row> {
  /** `markers` are the names of the markers of the text, where it has names. */
  readonly encode:
    | ((params: Params, markers: ReadonlyArray<string> | undefined) => Result.Result<Params, Reason.ParametersRefused>)
    | undefined
  readonly decode: RowsDecoder<Row> | undefined
}

/** Of a query without schemas: parameters and rows pass as they are. */
export const untyped: Codec<Record<string, unknown>> = { encode: undefined, decode: undefined }

/** The codec of the schemas of a query. */
export const make = <Row>(
  params: Schema.ConstraintEncoder<unknown> | undefined,
  row: Schema.ConstraintDecoder<Row> | undefined
): Codec<Row> => ({
  encode: params === undefined ? undefined : encoder(params),
  decode: row === undefined ? undefined : rowsDecoder(row)
})

/** The same codec with rows that are results: those that do not fit are failures among them. */
export const withResults = <Row>(
  codec: Codec<unknown>,
  row: Schema.ConstraintDecoder<Row>
): Codec<Result.Result<Row, Reason.RowDecoding>> => ({ encode: codec.encode, decode: resultsDecoder(row) })

/** The same codec with another row schema. */
export const withRow = <Row>(codec: Codec<unknown>, row: Schema.ConstraintDecoder<Row>): Codec<Row> => ({
  encode: codec.encode,
  decode: rowsDecoder(row)
})

/** The same codec with rows changed by a function of each row and its record. */
export const mapRows = <Row, A>(
  codec: Codec<Row>,
  f: (row: Row, record: Readonly<Record<string, unknown>>) => A
): Codec<A> => ({ encode: codec.encode, decode: mappedDecoder(codec.decode, f) })

const encoder = (schema: Schema.ConstraintEncoder<unknown>): NonNullable<Codec<unknown>["encode"]> => {
  const encode = SchemaParser.encodeUnknownExit(schema)
  let findExcess: FindExcess | null | undefined
  return (params, markers) => {
    const exit = encode(params ?? [])
    if (exit._tag === "Success") {
      if (findExcess === undefined) findExcess = excessOf(schema.ast) ?? null
      const excess = findExcess?.(params)
      if (excess !== undefined) return Result.fail(excessive(excess))
      return isParams(exit.value) ? Result.succeed(exit.value) : Result.fail(
        new Reason.ParametersRefused({
          message: "the params schema must encode to a tuple or to a struct",
          given: kindOf(exit.value)
        })
      )
    }
    const ended = endOf(exit)
    if (ended._tag === "Issue") {
      return Result.fail(
        refusal(ended.issue, params, (name) => markers?.includes(name) === true || namesOf(schema.ast).has(name))
      )
    }
    return Result.fail(
      new Reason.ParametersRefused({
        message: `the params schema threw ${threw(ended.thrown)} instead of failing`,
        cause: Redacted.make(ended.thrown)
      })
    )
  }
}

const isParams = (value: unknown): value is NonNullable<Params> => typeof value === "object" && value !== null

const refusal = (
  issue: SchemaIssue.Issue,
  params: Params,
  isName: (name: string) => boolean
): Reason.ParametersRefused => {
  const { message: said, path } = describe(issue, params)
  const message = said.replace(/^Expected no excess property/, "Expected no further value")
  // A key that the schema does not name is one of a map, and so data.
  const steps = path.map((key) => typeof key === "number" || isName(String(key)) ? key : "<key>")
  const key = steps[0]
  const parameter = typeof key === "symbol" ? key.toString() : key
  const given = kindOf(valueAt(params, path))
  const strange = given === "undefined" && steps.length === 1 ? strangers(params, isName) : ""
  return new Reason.ParametersRefused({
    message: `parameter ${parameter ?? "list"}${steps.length > 1 ? ` (at ${steps.map(String).join(".")})` : ""}: ` +
      `${message}, given: ${given}${strange}`,
    parameter,
    expected: message.replace(/^Expected /, ""),
    given
  })
}

/** The refusal of a value that no field of the schema takes. */
const excessive = ({ fields, isName, path }: Excess): Reason.ParametersRefused => {
  const key = path.at(-1)
  const name = isName && typeof key === "string" && isIdentifier.test(key) ? key : "<key>"
  const steps = [...path.slice(0, -1), name].map(String)
  const expected = `a field of the params schema (${fields.join(", ")})`
  return new Reason.ParametersRefused({
    message: `parameter ${steps[0]}${steps.length > 1 ? ` (at ${steps.join(".")})` : ""}: expected ${expected}, ` +
      `got ${name}. Remove it, or add it to the schema.`,
    parameter: steps[0],
    expected
  })
}

const isIdentifier = /^[a-z_]\w{0,31}$/i

/**
 * The names of a record that are none of its schema: one of them may be the missing one, misspelt. Nothing of a record without a
 * name of the schema, for its keys may be data.
 */
const strangers = (params: Params, isName: (name: string) => boolean): string => {
  if (typeof params !== "object" || params === null || Array.isArray(params)) return ""
  const given = Object.keys(params)
  const names = given.filter((name) => !isName(name)).map((name) => isIdentifier.test(name) ? name : "<key>")
  if (names.length === 0 || names.length === given.length) return ""
  return `. No parameter is called ${names.slice(0, 5).join(", ")}: correct the name.`
}
