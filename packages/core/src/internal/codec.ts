/**
 * How the values of a query pass between the program and the database: schemas, compiled once for each query.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Reason from "../Reason.ts"
import type { Params } from "../Statement.ts"

/** Encoder of parameters and decoder of rows; either is absent where the query has no schema for it. */
export interface Codec<out Row> {
  readonly encode: ((params: Params) => Result.Result<Params, Reason.ParametersRefused>) | undefined
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
  const encode = SchemaParser.encodeUnknownResult(schema)
  return (params) =>
    Result.match(encode(params ?? []), {
      onSuccess: (encoded) =>
        isParams(encoded) ? Result.succeed(encoded) : Result.fail(
          new Reason.ParametersRefused({
            message: "the params schema must encode to a tuple or to a struct",
            given: kindOf(encoded)
          })
        ),
      onFailure: (issue) => Result.fail(refusal(issue, params))
    })
}

const decoder = <Row>(schema: Schema.ConstraintDecoder<Row>): NonNullable<Codec<Row>["decode"]> => {
  const decode = SchemaParser.decodeUnknownResult(schema)
  return (row, index) =>
    Result.mapError(decode(row), (issue) => {
      const { message, path } = describe(issue)
      const column = path.length === 0 ? undefined : String(path[0])
      return new Reason.RowDecoding({
        message: `row ${index}${column === undefined ? "" : `, column ${column}`}: ${message}`,
        row: index,
        column,
        issue: message
      })
    })
}

const isParams = (value: unknown): value is NonNullable<Params> => typeof value === "object" && value !== null

const refusal = (issue: SchemaIssue.Issue, params: Params): Reason.ParametersRefused => {
  const { message, path } = describe(issue)
  const key = path[0]
  const parameter = typeof key === "symbol" ? key.toString() : key
  const given = kindOf(valueAt(params, path))
  return new Reason.ParametersRefused({
    message: `parameter ${parameter ?? "list"}${path.length > 1 ? ` (at ${path.map(String).join(".")})` : ""}: ` +
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

// Schema issues carry no input unless asked to, so the text is free of values.
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const describe = (issue: SchemaIssue.Issue): { message: string; path: ReadonlyArray<PropertyKey> } => {
  const first = format(issue).issues[0]
  return {
    message: first?.message ?? "does not fit the schema",
    path: (first?.path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment)
  }
}

/** What sort of value it is, without the value: `string`, `null`, `Array`, `Date`, ... */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  return Object.getPrototypeOf(value)?.constructor?.name ?? "object"
}
