/**
 * Requests as ports get them. One object is the request and its options, for every statement of every run makes one, and every
 * failure keeps its own.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { BatchType } from "../../Batch.ts"
import type { BatchRequest, Request, RequestOptions, StatementRequest } from "../../Port.ts"
import type * as Text from "./cqlText.ts"
import type { ResolvedOptions } from "./options.ts"

abstract class Bound implements RequestOptions {
  // What it shares with its like.
  readonly #shared: ResolvedOptions
  // Microseconds, as a number until somebody asks: most bigints would live for the conversion alone.
  readonly #sentAt: number | undefined

  constructor(shared: ResolvedOptions, sentAt: number | undefined) {
    this.#shared = shared
    this.#sentAt = sentAt
  }

  abstract get idempotent(): boolean
  /** Whether `sentAt` is the timestamp of the write. The server dates conditional writes itself, and counters have none. */
  protected abstract get takesTimestamp(): boolean
  /** The timestamp by which a write can be known again; of a conditional one, when it was first sent. */
  abstract get writtenAt(): bigint | undefined

  get timestamp(): bigint | undefined {
    return this.#shared.timestamp ?? (this.takesTimestamp ? this.sentAt : undefined)
  }
  get sentAt(): bigint | undefined {
    return this.#sentAt === undefined ? undefined : BigInt(this.#sentAt)
  }
  get consistency(): RequestOptions["consistency"] {
    return this.#shared.consistency
  }
  get serialConsistency(): RequestOptions["serialConsistency"] {
    return this.#shared.serialConsistency
  }
  get pageSize(): RequestOptions["pageSize"] {
    return this.#shared.pageSize
  }
  get requestTimeout(): RequestOptions["requestTimeout"] {
    return this.#shared.requestTimeout
  }
  get tracing(): boolean {
    return this.#shared.tracing
  }
  get executionProfile(): RequestOptions["executionProfile"] {
    return this.#shared.executionProfile
  }
  get routing(): RequestOptions["routing"] {
    return this.#shared.routing
  }
  protected get marked(): boolean | undefined {
    return this.#shared.idempotent
  }

  // What is bound is told by `params` and by nothing else, also where a port logs what it got.
  protected get shown(): object {
    const { consistency, executionProfile, idempotent, pageSize, requestTimeout, serialConsistency, tracing } = this
    const timestamp = this.timestamp === undefined ? undefined : String(this.timestamp)
    return {
      consistency,
      serialConsistency,
      pageSize,
      requestTimeout,
      idempotent,
      timestamp,
      tracing,
      executionProfile
    }
  }

  abstract toJSON(): unknown

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

export class BoundStatement extends Bound implements StatementRequest {
  // Fields of its own, so that a port that wraps another can spread it.
  readonly _tag = "Statement"
  readonly text: string
  readonly params: ReadonlyArray<unknown>
  readonly options: RequestOptions
  readonly #text: Text.Text

  constructor(
    text: Text.Text,
    params: ReadonlyArray<unknown>,
    shared: ResolvedOptions,
    sentAt: number | undefined
  ) {
    super(shared, sentAt)
    this.#text = text
    this.text = text.cql
    this.params = params
    this.options = this
  }

  get idempotent(): boolean {
    return this.marked ?? this.#text.idempotent
  }

  protected get takesTimestamp(): boolean {
    return this.#text.takesTimestamp
  }

  get writtenAt(): bigint | undefined {
    if (this.#text.conditional) return this.sentAt
    return this.#text.hasTimestamp ? undefined : this.timestamp
  }

  toJSON(): unknown {
    return { _tag: this._tag, text: this.text, params: this.params.length, options: this.shown }
  }
}

export class BoundBatch extends Bound implements BatchRequest {
  readonly _tag = "Batch"
  readonly type: BatchType
  readonly options: RequestOptions
  readonly statements: BatchRequest["statements"]
  readonly idempotent: boolean
  protected readonly takesTimestamp: boolean
  readonly #conditional: boolean

  constructor(
    fields: Pick<BatchRequest, "statements" | "type"> & {
      readonly idempotent: boolean
      readonly takesTimestamp: boolean
      readonly conditional: boolean
    },
    shared: ResolvedOptions,
    sentAt: number | undefined
  ) {
    super(shared, sentAt)
    this.type = fields.type
    this.options = this
    this.statements = fields.statements
    this.idempotent = fields.idempotent
    this.takesTimestamp = fields.takesTimestamp
    this.#conditional = fields.conditional
  }

  get writtenAt(): bigint | undefined {
    return this.#conditional ? this.sentAt : this.timestamp
  }

  toJSON(): unknown {
    const statements = this.statements.map(({ params, text }) => ({ text, params: params.length }))
    return { _tag: this._tag, type: this.type, statements, options: this.shown }
  }
}

/**
 * The timestamp by which a write can be known again; of a conditional one, when it was first sent. Absent where the text sets
 * it.
 */
export const timestampOf = (request: Request): bigint | undefined =>
  request instanceof Bound ? request.writtenAt : undefined
