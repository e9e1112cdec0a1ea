/**
 * The messages that a shard has yet to deliver: ids, in the order of their time, without payloads.
 *
 * A row that is deleted is never written again: its key has the attempt of its request. A row whose attempt is to come is not yet
 * delivered: it was written before the attempt began, so that a process that dies in between loses no delivery.
 */
import type { CqlError } from "@effect-cql/core"
import type * as Effect from "effect/Effect"
import type { Row, Store } from "../store.ts"

export const requestKind = 0
export const ackKind = 1
export const interruptKind = 2

export interface Pending {
  readonly shard: string
  readonly visibleAt: bigint
  readonly id: bigint
  readonly attempt: number
  readonly kind: number
  readonly requestId: bigint
  readonly replyId: bigint | null
  readonly entityType: string
  readonly entityId: string
}

export const insert = (store: Store, pending: Pending, seconds: number): Effect.Effect<void, CqlError> =>
  store.write(
    `INSERT INTO ${store.table("pending")} (cluster, shard, visible_at, id, attempt, kind, request_id, reply_id, ` +
      "entity_type, entity_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?",
    [
      store.cluster,
      pending.shard,
      pending.visibleAt,
      pending.id,
      pending.attempt,
      pending.kind,
      pending.requestId,
      pending.replyId,
      pending.entityType,
      pending.entityId,
      seconds
    ]
  )

export const remove = (
  store: Store,
  { attempt, id, shard, visibleAt }: Pick<Pending, "attempt" | "id" | "shard" | "visibleAt">
): Effect.Effect<void, CqlError> =>
  store.write(
    `DELETE FROM ${
      store.table("pending")
    } WHERE cluster = ? AND shard = ? AND visible_at = ? AND id = ? AND attempt = ?`,
    [store.cluster, shard, visibleAt, id, attempt]
  )

/** Deletes a request from what is to be delivered, in all its attempts. */
export const removeAll = (
  store: Store,
  { id, shard, visibleAt }: Pick<Pending, "id" | "shard" | "visibleAt">
): Effect.Effect<void, CqlError> =>
  store.write(
    `DELETE FROM ${store.table("pending")} WHERE cluster = ? AND shard = ? AND visible_at = ? AND id = ?`,
    [store.cluster, shard, visibleAt, id]
  )

/** The messages of a shard that are due. */
export const due = (
  store: Store,
  shard: string,
  now: number
): readonly [text: string, params: ReadonlyArray<unknown>] => [
  "SELECT visible_at, id, attempt, kind, request_id, reply_id, entity_type, entity_id " +
  `FROM ${store.table("pending")} WHERE cluster = ? AND shard = ? AND visible_at <= ?`,
  [store.cluster, shard, BigInt(Math.floor(now))]
]

export const toPending = (shard: string, row: Row): Pending => ({
  shard,
  visibleAt: row["visible_at"] as bigint,
  id: row["id"] as bigint,
  attempt: Number(row["attempt"]),
  kind: Number(row["kind"]),
  requestId: row["request_id"] as bigint,
  replyId: row["reply_id"] as bigint | null,
  entityType: String(row["entity_type"]),
  entityId: String(row["entity_id"])
})

/** The position of a message: a request comes before what was said about it, whatever the clocks of the senders. */
export const compare = (one: Pending, other: Pending): number => {
  const [a, b] = [positionOf(one), positionOf(other)]
  if (a !== b) return a < b ? -1 : 1
  if (one.kind !== other.kind) return one.kind - other.kind
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0
}

const positionOf = ({ id, requestId }: Pending): bigint => id > requestId ? id : requestId
