/**
 * Requests as ports get them: plain fields, and options that many of them share.
 *
 * They are objects of classes because of V8. Of an object literal that mostly survives a collection, as requests in flight do, it
 * makes all later objects among its old ones. There each outlives its statement until the next full collection, with everything
 * that it refers to: collecting became a quarter of the cost of a batch.
 */
import type { BatchType } from "../../Batch.ts"
import type { BatchRequest, Kind, Request, RequestOptions, StatementRequest } from "../../Port.ts"
import { internals } from "../internals.ts"
import { of, type Text } from "./cqlText.ts"
import type { ResolvedOptions } from "./options.ts"

export class BoundStatement implements StatementRequest {
  readonly _tag = "Statement"
  readonly text: string
  readonly kind: Kind
  readonly conditional: boolean
  readonly params: ReadonlyArray<unknown>
  readonly options: RequestOptions

  constructor({ cql, conditional, kind }: Text, params: ReadonlyArray<unknown>, options: RequestOptions) {
    this.text = cql
    this.kind = kind
    this.conditional = conditional
    this.params = params
    this.options = options
  }
}

export class BoundBatch implements BatchRequest {
  readonly _tag = "Batch"
  readonly type: BatchType
  readonly kind = "write"
  readonly conditional: boolean
  readonly statements: ReadonlyArray<BoundMember>
  readonly options: RequestOptions

  constructor(
    type: BatchType,
    conditional: boolean,
    statements: ReadonlyArray<BoundMember>,
    options: RequestOptions
  ) {
    this.type = type
    this.conditional = conditional
    this.statements = statements
    this.options = options
  }
}

/** A statement of a batch. */
export class BoundMember {
  readonly text: string
  readonly params: ReadonlyArray<unknown>

  constructor(text: string, params: ReadonlyArray<unknown>) {
    this.text = text
    this.params = params
  }
}

/** Options with fields of their own, so that a copy is complete. JSON knows no bigint, and gets a text. */
export class BoundOptions implements RequestOptions {
  readonly consistency: RequestOptions["consistency"]
  readonly serialConsistency: RequestOptions["serialConsistency"]
  readonly pageSize: number | undefined
  readonly requestTimeout: number | undefined
  readonly idempotent: boolean
  readonly timestamp: bigint | undefined
  readonly sentAt: bigint | undefined
  readonly tracing: boolean
  readonly executionProfile: string | undefined
  readonly routing: RequestOptions["routing"]
  readonly #keyspace: string | undefined

  constructor(
    shared: Omit<ResolvedOptions, "idempotent" | "retry">,
    idempotent: boolean,
    timestamp: bigint | undefined,
    sentAt: bigint | undefined,
    keyspace: string | undefined
  ) {
    this.#keyspace = keyspace
    this.consistency = shared.consistency
    this.serialConsistency = shared.serialConsistency
    this.pageSize = shared.pageSize
    this.requestTimeout = shared.requestTimeout
    this.idempotent = idempotent
    this.timestamp = timestamp
    this.sentAt = sentAt
    this.tracing = shared.tracing
    this.executionProfile = shared.executionProfile
    this.routing = shared.routing
  }

  /**
   * The keyspace of unqualified tables when the write was bound. The session that settles it may have another one, and so
   * may its own session by then. Absent where it is not known.
   */
  static keyspaceOf(options: RequestOptions & { readonly [internals]?: string | undefined }): string | undefined {
    return options[internals]
  }

  get [internals](): string | undefined {
    return this.#keyspace
  }

  toJSON(): unknown {
    const { sentAt, timestamp } = this
    return { ...this, sentAt: sentAt && String(sentAt), timestamp: timestamp && String(timestamp) }
  }
}

/**
 * The timestamp that identifies a write. For a conditional write it is the time of its first attempt. Absent where the text
 * sets the timestamp.
 */
export const timestampOf = (request: Request): bigint | undefined => {
  const { sentAt, timestamp } = request.options
  if (request.conditional) return sentAt
  return request._tag === "Statement" && of(request.text).hasTimestamp ? undefined : timestamp
}

/** The CQL text of a request, without values; of a batch the texts of its statements, joined by `; `. */
export const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map(({ text }) => text).join("; ")
