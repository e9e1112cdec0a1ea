/**
 * The options of a request, as the driver takes them.
 */
import type { Consistency, Statement } from "@effect-cql/core"
import type { BatchType } from "@effect-cql/core/Batch"
import type { RequestOptions } from "@effect-cql/core/Session"
import { policies, type QueryOptions, types } from "cassandra-driver"
import * as Consistencies from "./consistency.ts"

// The core retries, and nobody else: a retry of the driver's would hide the first error, and with it what became of the
// statement.
const retry = new policies.retry.FallthroughRetryPolicy()

// The driver takes undefined for absent, which its types do not say.
type Given = { readonly [Name in keyof QueryOptions]: QueryOptions[Name] | undefined }

const toDriver = (options: Given): QueryOptions => options as QueryOptions

/** The options of a single statement. */
export const forStatement = (
  options: RequestOptions,
  text: string,
  prepare: boolean,
  pageState: string | undefined
): QueryOptions =>
  toDriver({
    prepare,
    retry,
    autoPage: false,
    // All that this option does beside retries is to allow speculative executions. A sibling of a write could be under
    // way when the first fails, and nobody could tell its outcome: only reads are speculated.
    isIdempotent: options.idempotent && select.test(text),
    readTimeout: options.requestTimeout ?? 0,
    traceQuery: options.tracing,
    fetchSize: options.pageSize,
    pageState,
    consistency: codeOf(options.consistency),
    serialConsistency: codeOf(options.serialConsistency),
    timestamp: timestampOf(options.timestamp),
    executionProfile: options.executionProfile,
    routingKey: routingKeyOf(options.routing)
  })

/** The options of a batch. */
export const forBatch = (options: RequestOptions, type: BatchType, prepare: boolean): QueryOptions =>
  toDriver({
    prepare,
    retry,
    logged: type === "logged",
    counter: type === "counter",
    isIdempotent: false,
    readTimeout: options.requestTimeout ?? 0,
    traceQuery: options.tracing,
    consistency: codeOf(options.consistency),
    serialConsistency: codeOf(options.serialConsistency),
    timestamp: timestampOf(options.timestamp),
    executionProfile: options.executionProfile,
    routingKey: routingKeyOf(options.routing)
  })

const select = /^(?:\s|--[^\n]*\n|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*SELECT\s/i

const codeOf = (level: Consistency | undefined): number | undefined =>
  level === undefined ? undefined : Consistencies.toCode(level)

// The driver makes a Long of a number faster than we could of a bigint; a microsecond fits until the year 2255.
const timestampOf = (timestamp: bigint | undefined): number | types.Long | undefined => {
  if (timestamp === undefined) return undefined
  const number = Number(timestamp)
  return Number.isSafeInteger(number) ? number : types.Long.fromString(String(timestamp))
}

const routingKeyOf = (routing: Statement.Routing | undefined): Buffer | Array<Buffer> | undefined => {
  if (routing === undefined) return undefined
  return routing.key instanceof Uint8Array ? bufferOf(routing.key) : routing.key.map(bufferOf)
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
