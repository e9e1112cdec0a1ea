/**
 * Results in another process.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Consistency } from "../Consistency.ts"
import { CqlError } from "../CqlError.ts"
import { Outcome } from "../Outcome.ts"
import { isResultSet, ResultSet } from "../ResultSet.ts"
import { schema as statement } from "./statement/schema.ts"

const info = Schema.Struct({
  coordinator: Schema.optional(Schema.String),
  warnings: Schema.optional(Schema.Array(Schema.String)),
  achievedConsistency: Schema.optional(Consistency),
  traceId: Schema.optional(Schema.String),
  schemaInAgreement: Schema.optional(Schema.Boolean),
  speculativeExecutions: Schema.optional(Schema.Finite)
})

const resultSet = <Row, Encoded, RD, RE>(row: Schema.Codec<Row, Encoded, RD, RE>) => {
  const json = Schema.Struct({
    rows: Schema.Array(row),
    wasApplied: Schema.Boolean,
    info,
    columns: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.String })))
  })
  return json.pipe(
    Schema.decodeTo(
      Schema.declare((value): value is ResultSet<Row> => isResultSet(value), { expected: "ResultSet" }),
      SchemaTransformation.transform({
        decode: (fields: typeof json.Type) => new ResultSet(fields),
        encode: ({ columns, info, rows, wasApplied }: ResultSet<Row>): typeof json.Type => ({
          rows,
          wasApplied,
          info,
          columns
        })
      })
    )
  )
}

const common = { index: Schema.Finite, statement, outcome: Outcome }

/** Successes and failures, with rows by a schema. */
export const schema = <Row, Encoded, RD, RE>(row: Schema.Codec<Row, Encoded, RD, RE>) =>
  Schema.Union([
    Schema.Struct({
      _tag: Schema.Literal("Success"),
      success: Schema.Literal(true),
      ...common,
      value: resultSet(row),
      attempts: Schema.Finite
    }),
    Schema.Struct({
      _tag: Schema.Literal("Failure"),
      success: Schema.Literal(false),
      ...common,
      error: CqlError.schema
    })
  ])
