/**
 * The options of a request, as the driver takes them: looked up in the request when the driver asks, so that nothing is
 * made for each.
 */
import type { Consistency, Statement } from "@effect-cql/core"
import type { BatchRequest, Request, StatementRequest } from "@effect-cql/core/Port"
import { policies, type QueryOptions, types } from "cassandra-driver"
import * as Consistencies from "../driver/consistency.ts"

// The core retries, and nobody else: a retry of the driver's would hide the first error, and with it what became of the
// statement.
const retry = new policies.retry.FallthroughRetryPolicy()

// The driver takes undefined for absent, which its types do not say.
type Given = { readonly [Name in keyof QueryOptions]: QueryOptions[Name] | undefined }

/** What statements and batches have in common. */
abstract class Shared<R extends Request> implements Given {
  readonly request: R

  constructor(request: R) {
    this.request = request
  }

  abstract readonly prepare: boolean

  /** Called when the driver writes the request, before it looks at the parameters. May throw. */
  protected abstract beforeWriting(): void

  get retry(): policies.retry.RetryPolicy {
    return retry
  }

  // Zero is the driver's word for no bound.
  get readTimeout(): number {
    return this.request.options.requestTimeout ?? 0
  }

  get consistency(): number | undefined {
    return codeOf(this.request.options.consistency)
  }

  get serialConsistency(): number | undefined {
    return codeOf(this.request.options.serialConsistency)
  }

  get timestamp(): number | types.Long | undefined {
    const { sentAt, timestamp } = this.request.options
    return timestampOf(timestamp ?? sentAt)
  }

  get executionProfile(): string | undefined {
    return this.request.options.executionProfile
  }

  get routingKey(): Buffer | Array<Buffer> | undefined {
    return routingKeyOf(this.request.options.routing)
  }

  /**
   * The driver looks at this option each time it writes the request, before it looks at the parameters: the one moment
   * at which they can be held against the types that hold now.
   */
  get traceQuery(): boolean {
    this.beforeWriting()
    return this.request.options.tracing
  }
}

/** The options of a single statement. It is sent as a prepared one when it has parameters. */
export abstract class StatementOptions extends Shared<StatementRequest> {
  readonly pageState: string | undefined

  constructor(request: StatementRequest, pageState: string | undefined) {
    super(request)
    this.pageState = pageState
  }

  get prepare(): boolean {
    return this.request.params.length > 0
  }

  get autoPage(): boolean {
    return false
  }

  // All that this option does beside retries is to allow speculative executions. A sibling of a write could be under way
  // when the first fails, and nobody could tell its outcome: only reads are speculated.
  get isIdempotent(): boolean {
    return this.request.options.idempotent && this.request.kind === "read"
  }

  get fetchSize(): number | undefined {
    return this.request.options.pageSize
  }
}

/** The options of a batch. Its statements are sent as prepared ones when any of them has parameters. */
export abstract class BatchOptions extends Shared<BatchRequest> {
  get isIdempotent(): boolean {
    return false
  }

  get logged(): boolean {
    return this.request.type === "logged"
  }

  get counter(): boolean {
    return this.request.type === "counter"
  }
}

/** The options as the driver declares them. */
export const toDriver = (options: StatementOptions | BatchOptions): QueryOptions => options as Given as QueryOptions

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
