/**
 * Statements in another process: their text and options. Parameters stay behind, so that they cannot be executed there.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { type Batch, BatchType } from "../../Batch.ts"
import { Consistency, SerialConsistency } from "../../Consistency.ts"
import * as Reason from "../../Reason.ts"
import type { Options, Statement } from "../../Statement.ts"
import * as Text from "./cqlText.ts"
import { BatchImpl, isBatch, isStatement, StatementImpl } from "./statement.ts"

const options = Schema.Struct({
  consistency: Schema.optional(Consistency),
  serialConsistency: Schema.optional(SerialConsistency),
  pageSize: Schema.optional(Schema.Finite),
  idempotent: Schema.optional(Schema.Boolean),
  timestamp: Schema.optional(Schema.BigIntFromString),
  tracing: Schema.optional(Schema.Boolean),
  executionProfile: Schema.optional(Schema.String)
})

const plain = (
  { consistency, executionProfile, idempotent, pageSize, serialConsistency, timestamp, tracing }: Options
): typeof options.Type => ({
  consistency,
  serialConsistency,
  pageSize,
  idempotent,
  timestamp,
  tracing,
  executionProfile
})

const codec = {
  encode: () =>
    Result.fail(
      new Reason.ParametersRefused({
        message: "the statement was decoded without its parameters; bind it again"
      })
    ),
  decode: undefined
}

const statement = Schema.Struct({ _tag: Schema.Literal("Statement"), text: Schema.String, options }).pipe(
  Schema.decodeTo(
    Schema.declare(isStatement, { expected: "Statement" }),
    SchemaTransformation.transform({
      decode: ({ options, text }): Statement<unknown> => new StatementImpl({ text: Text.of(text), codec }, [], options),
      encode: ({ _tag, options, text }) => ({ _tag, text, options: plain(options) })
    })
  )
)

const batch = Schema.Struct({
  _tag: Schema.Literal("Batch"),
  type: BatchType,
  statements: Schema.Array(statement),
  options
}).pipe(
  Schema.decodeTo(
    Schema.declare(isBatch, { expected: "Batch" }),
    SchemaTransformation.transform({
      decode: ({ options, statements, type }): Batch => new BatchImpl(type, statements, options),
      encode: ({ _tag, options, statements, type }) => ({ _tag, type, statements, options: plain(options) })
    })
  )
)

/** Statements and batches. */
export const schema = Schema.Union([statement, batch])
