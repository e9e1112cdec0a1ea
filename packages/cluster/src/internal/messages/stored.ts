/**
 * A request as it is stored, with the replies of its present attempt.
 */
import type { CqlError } from "@effect-cql/core"
import type * as Envelope from "effect/cluster/Envelope"
import type * as Reply from "effect/cluster/Reply"
import * as ShardId from "effect/cluster/ShardId"
import * as Effect from "effect/Effect"
import type { Row, Store } from "../store.ts"

export interface Stored {
  readonly id: bigint
  /** The process that wrote it. */
  readonly writer: string
  readonly key: string | undefined
  readonly shard: string
  /** Milliseconds since the epoch before which it is not delivered; 0 for a request that is delivered at once. */
  readonly visibleAt: bigint
  /** Counts how often its replies were cleared. */
  readonly attempt: number
  readonly envelope: Envelope.PartialRequestEncoded
  readonly chunks: ReadonlyArray<{ readonly reply: Reply.ChunkEncoded; readonly isAcked: boolean }>
  readonly exit: Reply.WithExitEncoded | undefined
}

export const chunkKind = 0
export const exitKind = 1

/** Reads a request; undefined where it does not exist. */
export const read = (store: Store, id: bigint): Effect.Effect<Stored | undefined, CqlError> =>
  Effect.map(
    store.rows(`SELECT * FROM ${store.table("requests")} WHERE cluster = ? AND request_id = ?`, [store.cluster, id]),
    (rows) => toStored(id, rows)
  )

/** True if the consumer of a stream has yet to acknowledge a chunk: nothing is delivered before. */
export const isWaitingForAck = ({ chunks }: Stored): boolean => chunks.some(({ isAcked }) => !isAcked)

/** The replies that a consumer has not acknowledged. */
export const openReplies = ({ chunks, exit }: Stored): Array<Reply.Encoded> => [
  ...chunks.filter(({ isAcked }) => !isAcked).map(({ reply }) => reply),
  ...(exit === undefined ? [] : [exit])
]

export const allReplies = ({ chunks, exit }: Stored): Array<Reply.Encoded> => [
  ...chunks.map(({ reply }) => reply),
  ...(exit === undefined ? [] : [exit])
]

/** The reply after which a sender goes on: the last chunk that was acknowledged, or the exit of a request without chunks. */
export const lastReceived = ({ chunks, exit }: Stored): Reply.Encoded | undefined =>
  chunks.length === 0 ? exit : chunks.findLast(({ isAcked }) => isAcked)?.reply

const toStored = (id: bigint, rows: ReadonlyArray<Row>): Stored | undefined => {
  const [first] = rows
  if (first === undefined || typeof first["writer"] !== "string") return undefined
  const attempt = Number(first["attempt"])
  const replies = rows.filter(({ body, reply_attempt }) => reply_attempt === attempt && typeof body === "string")
  const exit = first["exit_id"] === null ? undefined : replies.find(({ kind }) => kind === exitKind)
  const requestId = String(id)
  return {
    id,
    writer: first["writer"],
    key: text(first, "key"),
    shard: text(first, "shard") ?? "",
    visibleAt: BigInt(Number(first["visible_at"] ?? 0)),
    attempt,
    envelope: {
      _tag: "Request",
      requestId,
      address: {
        shardId: ShardId.fromStringEncoded(text(first, "shard") ?? ""),
        entityType: text(first, "entity_type") ?? "",
        entityId: text(first, "entity_id") ?? ""
      },
      tag: text(first, "tag") ?? "",
      payload: parsed(first["payload"]),
      headers: parsed(first["headers"]) as Readonly<Record<string, string>>,
      ...(first["trace_id"] === null ? {} : {
        traceId: text(first, "trace_id") ?? "",
        spanId: text(first, "span_id") ?? "",
        sampled: first["sampled"] === true
      })
    },
    chunks: replies.filter(({ kind }) => kind === chunkKind).map((row) => ({
      reply: {
        _tag: "Chunk",
        id: String(row["reply_id"]),
        requestId,
        sequence: Number(row["seq"]),
        values: parsed(row["body"]) as Reply.ChunkEncoded["values"]
      },
      isAcked: row["acked"] === true
    })),
    exit: exit && {
      _tag: "WithExit",
      id: String(exit["reply_id"]),
      requestId,
      exit: parsed(exit["body"]) as Reply.WithExitEncoded["exit"]
    }
  }
}

const text = (row: Row, name: string): string | undefined => {
  const value = row[name]
  return typeof value === "string" ? value : undefined
}

const parsed = (body: unknown): unknown => typeof body === "string" ? JSON.parse(body) : undefined
