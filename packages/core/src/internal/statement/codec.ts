/**
 * How the values of a query pass between the program and the database: schemas, compiled once for each query.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Reason from "../../Reason.ts"
import type { Params } from "../../Statement.ts"
import { kindOf } from "../kindOf.ts"
import { namesOf } from "./schemaNames.ts"
import { withoutValues } from "./withoutValues.ts"

/** Encoder of parameters and decoder of rows; either is absent where the query has no schema for it. */
export interface Codec<out Row> {
  /** `markers` are the names of the markers of the text, where it has names. */
  readonly encode:
    | ((params: Params, markers: ReadonlyArray<string> | undefined) => Result.Result<Params, Reason.ParametersRefused>)
    | undefined
  readonly decode: ((row: Record<string, unknown>, index: number) => Result.Result<Row, Reason.RowDecoding>) | undefined
}

/** Of a query without schemas: parameters and rows pass as they are. */
export const untyped: Codec<Record<string, unknown>> = { encode: undefined, decode: undefined }

/** The codec of the schemas of a query. */
export const make = <Row>(
  params: Schema.ConstraintEncoder<unknown> | undefined,
  row: Schema.ConstraintDecoder<Row> | undefined
): Codec<Row> => ({
  encode: params === undefined ? undefined : encoder(params),
  decode: row === undefined ? undefined : decoder(row)
})

/** The same codec with another row schema. */
export const withRow = <Row>(codec: Codec<unknown>, row: Schema.ConstraintDecoder<Row>): Codec<Row> => ({
  encode: codec.encode,
  decode: decoder(row)
})

const encoder = (schema: Schema.ConstraintEncoder<unknown>): NonNullable<Codec<unknown>["encode"]> => {
  const encode = SchemaParser.encodeUnknownExit(schema)
  return (params, markers) => {
    const exit = encode(params ?? [])
    if (exit._tag === "Success") {
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
        message: `the params schema threw ${threw(ended.thrown)} where it should refuse`,
        cause: Redacted.make(ended.thrown)
      })
    )
  }
}

const decoder = <Row>(schema: Schema.ConstraintDecoder<Row>): NonNullable<Codec<Row>["decode"]> => {
  const decode = SchemaParser.decodeUnknownExit(schema)
  return (row, index) => {
    const exit = decode(row)
    if (exit._tag === "Success") return Result.succeed(exit.value)
    const ended = endOf(exit)
    if (ended._tag === "Threw") {
      const issue = `the row schema threw ${threw(ended.thrown)} where it should refuse`
      return Result.fail(
        new Reason.RowDecoding({
          message: `row ${index}: ${issue}`,
          row: index,
          issue,
          cause: Redacted.make(ended.thrown)
        })
      )
    }
    const { message, path } = describe(ended.issue, row)
    const column = path.length === 0 ? undefined : String(path[0])
    return Result.fail(
      new Reason.RowDecoding({
        message: `row ${index}${column === undefined ? "" : `, column ${column}`}: ${message}`,
        row: index,
        column,
        issue: message
      })
    )
  }
}

type Ended =
  | { readonly _tag: "Issue"; readonly issue: SchemaIssue.Issue }
  | { readonly _tag: "Threw"; readonly thrown: unknown }

const endOf = ({ cause }: Exit.Failure<unknown, SchemaIssue.Issue>): Ended => {
  const issue = Cause.findErrorOption(cause)
  return issue._tag === "Some"
    ? { _tag: "Issue", issue: issue.value }
    : { _tag: "Threw", thrown: Cause.squash(cause) }
}

// What it threw may quote the value: it is kept as the cause, out of sight.
const threw = (thrown: unknown): string =>
  thrown instanceof Error ? kindOf(thrown) : `what is no Error (${kindOf(thrown)})`

const isParams = (value: unknown): value is NonNullable<Params> => typeof value === "object" && value !== null

const refusal = (
  issue: SchemaIssue.Issue,
  params: Params,
  isName: (name: string) => boolean
): Reason.ParametersRefused => {
  const { message, path } = describe(issue, params)
  // A key that the schema does not name is one of a map, and so data.
  const steps = path.map((key) => typeof key === "number" || isName(String(key)) ? key : "<key>")
  const key = steps[0]
  const parameter = typeof key === "symbol" ? key.toString() : key
  const given = kindOf(valueAt(params, path))
  return new Reason.ParametersRefused({
    message: `parameter ${parameter ?? "list"}${steps.length > 1 ? ` (at ${steps.map(String).join(".")})` : ""}: ` +
      `${message}, given: ${given}`,
    parameter,
    expected: message.replace(/^Expected /, ""),
    given
  })
}

const valueAt = (params: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (value, key) => typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    params
  )

// The issues of Effect carry no input unless asked to. The message of somebody's own check may.
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const unfit = "does not fit the schema"

const ofEffect = /^(?:Expected |Missing key|Unexpected key)/

const describe = (
  issue: SchemaIssue.Issue,
  input: unknown
): { message: string; path: ReadonlyArray<PropertyKey> } => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment)
  const message = first?.message ?? unfit
  const value = valueAt(input, path)
  // What a check of somebody's own says of an object may come from anywhere in it, such as a getter.
  const isSafe = typeof value !== "object" || value === null || ofEffect.test(message)
  return { message: isSafe ? withoutValues(message, value, "") : unfit, path }
}
