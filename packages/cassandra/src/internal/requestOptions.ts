/**
 * The options of a request, as the driver takes them.
 */
import type { Consistency, Statement } from "@effect-cql/core"
import type { BatchType } from "@effect-cql/core/Batch"
import type { RequestOptions } from "@effect-cql/core/Session"
import { policies, type QueryOptions, types } from "cassandra-driver"
import * as Consistencies from "./consistency.ts"
import type { BoundParams } from "./params.ts"

// The core retries, and nobody else: a retry of the driver's would hide the first error, and with it what became of the
// statement.
const retry = new policies.retry.FallthroughRetryPolicy()

// The driver takes undefined for absent, which its types do not say.
type Given = { readonly [Name in keyof QueryOptions]: QueryOptions[Name] | undefined }

const toDriver = (options: Given): QueryOptions => options as QueryOptions

/** What statements and batches have in common. */
class Shared implements Given {
  readonly retry = retry
  readonly prepare: boolean
  readonly isIdempotent: boolean
  readonly readTimeout: number
  readonly consistency: number | undefined
  readonly serialConsistency: number | undefined
  readonly timestamp: number | types.Long | undefined
  readonly executionProfile: string | undefined
  readonly routingKey: Buffer | Array<Buffer> | undefined
  readonly #tracing: boolean
  readonly #params: ReadonlyArray<BoundParams>

  constructor(options: RequestOptions, params: ReadonlyArray<BoundParams>, isIdempotent: boolean) {
    this.prepare = params.length > 0
    this.isIdempotent = isIdempotent
    // Zero is the driver's word for no bound.
    this.readTimeout = options.requestTimeout ?? 0
    this.consistency = codeOf(options.consistency)
    this.serialConsistency = codeOf(options.serialConsistency)
    this.timestamp = timestampOf(options.timestamp)
    this.executionProfile = options.executionProfile
    this.routingKey = routingKeyOf(options.routing)
    this.#tracing = options.tracing
    this.#params = params
  }

  /**
   * The driver looks at this option each time it writes the request, before it looks at the parameters: the one moment
   * at which they can be held against the types that hold now.
   */
  get traceQuery(): boolean {
    for (const params of this.#params) params.refresh()
    return this.#tracing
  }
}

class ForStatement extends Shared {
  readonly autoPage = false
  readonly fetchSize: number | undefined
  readonly pageState: string | undefined

  constructor(
    options: RequestOptions,
    text: string,
    params: ReadonlyArray<BoundParams>,
    pageState: string | undefined
  ) {
    // All that this option does beside retries is to allow speculative executions. A sibling of a write could be under
    // way when the first fails, and nobody could tell its outcome: only reads are speculated.
    super(options, params, options.idempotent && select.test(text))
    this.fetchSize = options.pageSize
    this.pageState = pageState
  }
}

class ForBatch extends Shared {
  readonly logged: boolean
  readonly counter: boolean

  constructor(options: RequestOptions, type: BatchType, params: ReadonlyArray<BoundParams>) {
    super(options, params, false)
    this.logged = type === "logged"
    this.counter = type === "counter"
  }
}

/** The options of a single statement. It is sent as a prepared one when it has parameters. */
export const forStatement = (
  options: RequestOptions,
  text: string,
  params: ReadonlyArray<BoundParams>,
  pageState: string | undefined
): QueryOptions => toDriver(new ForStatement(options, text, params, pageState))

/** The options of a batch. Its statements are sent as prepared ones when any of them has parameters. */
export const forBatch = (
  options: RequestOptions,
  type: BatchType,
  params: ReadonlyArray<BoundParams>
): QueryOptions => toDriver(new ForBatch(options, type, params))

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
