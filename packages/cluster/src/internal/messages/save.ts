/**
 * Saving messages. A sender may die after any statement: what it has written by then is completed by the next sender of the same
 * message, or is never delivered, and the sender has not been answered.
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import type * as Envelope from "effect/cluster/Envelope"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as ShardId from "effect/cluster/ShardId"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Store } from "../store.ts"
import { bodyOf, IdCollision, type MessageTooLarge } from "./errors.ts"
import * as Pending from "./pending.ts"
import { chunkKind, lastReceived, read, type Stored } from "./stored.ts"

export interface Settings {
  readonly store: Store
  /** Name of the process, which no other process has. */
  readonly writer: string
  /** Seconds for which a message is kept; 0 for no limit. */
  readonly retention: number
}

/** A request about to be saved. */
interface Saving {
  readonly envelope: Envelope.PartialRequestEncoded
  readonly key: string | null
  readonly visibleAt: bigint
  /** Seconds for which it is kept. One that is delivered later is kept for longer. */
  readonly seconds: number
}

const request = (settings: Settings, options: Parameters<MessageStorage.Encoded["saveEnvelope"]>[0]) =>
  Effect.gen(function*() {
    const { deliverAt, envelope, primaryKey } = options
    if (envelope._tag !== "Request") return MessageStorage.SaveResultEncoded.Success()
    const { store } = settings
    const now = yield* Clock.currentTimeMillis
    const delay = deliverAt === null ? 0 : Math.max(0, Math.ceil((deliverAt - now) / 1_000))
    const saving: Saving = {
      envelope,
      key: primaryKey,
      visibleAt: BigInt(Math.floor(deliverAt ?? 0)),
      seconds: settings.retention === 0 ? 0 : settings.retention + delay
    }
    const id = BigInt(envelope.requestId)
    if (primaryKey !== null) {
      const { current, held } = yield* store.condition(
        `INSERT INTO ${store.table("keys")} (cluster, key, request_id) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?`,
        [store.cluster, primaryKey, id, saving.seconds]
      )
      const first = current["request_id"]
      if (!held && typeof first === "bigint" && first !== id) return yield* duplicate(settings, saving, first)
    }
    yield* write(settings, saving, id)
    yield* deliver(store, saving, id)
    return MessageStorage.SaveResultEncoded.Success()
  })

/** A request with the primary key of another one, which it helps on: its sender may have died. */
const duplicate = (
  settings: Settings,
  saving: Saving,
  id: bigint
): Effect.Effect<MessageStorage.SaveResult.Encoded, CqlError | IdCollision | MessageTooLarge> =>
  Effect.gen(function*() {
    const stored = yield* read(settings.store, id)
    if (stored === undefined) {
      yield* write(settings, saving, id)
      yield* deliver(settings.store, saving, id)
    } else if (stored.exit === undefined && stored.attempt === 0) {
      yield* deliver(settings.store, { ...saving, envelope: stored.envelope, visibleAt: stored.visibleAt }, id)
    }
    return MessageStorage.SaveResultEncoded.Duplicate({
      originalId: Snowflake.Snowflake(id),
      lastReceivedReply: Option.fromUndefinedOr(stored && lastReceived(stored))
    })
  })

const write = (
  { store, writer }: Settings,
  { envelope, key, seconds, visibleAt }: Saving,
  id: bigint
): Effect.Effect<void, CqlError | IdCollision | MessageTooLarge> =>
  Effect.gen(function*() {
    const { address, headers, payload, sampled, spanId, tag, traceId } = envelope
    const body = yield* bodyOf("a payload", payload)
    yield* store.write(
      `INSERT INTO ${store.table("entities")} (cluster, entity_type, entity_id, request_id) VALUES (?, ?, ?, ?) ` +
        "USING TTL ?",
      [store.cluster, address.entityType, address.entityId, id, seconds]
    )
    const { current, held } = yield* store.condition(
      `UPDATE ${
        store.table("requests")
      } USING TTL ? SET writer = ?, key = ?, shard = ?, entity_type = ?, entity_id = ?, ` +
        "tag = ?, payload = ?, headers = ?, trace_id = ?, span_id = ?, sampled = ?, visible_at = ?, attempt = 0 " +
        "WHERE cluster = ? AND request_id = ? IF writer = null",
      [
        seconds,
        writer,
        key,
        ShardId.toString(address.shardId),
        address.entityType,
        address.entityId,
        tag,
        body ?? null,
        JSON.stringify(headers),
        traceId ?? null,
        traceId === undefined ? null : spanId ?? null,
        traceId === undefined ? null : sampled ?? null,
        visibleAt,
        store.cluster,
        id
      ]
    )
    if (held || current["writer"] === writer) return
    // Another process wrote it: one that helped on the same key, or one that made the same id.
    const stored = key === null ? undefined : yield* read(store, id)
    if (key !== null && stored?.key === key) return
    if (key !== null) {
      yield* store.condition(`DELETE FROM ${store.table("keys")} WHERE cluster = ? AND key = ? IF request_id = ?`, [
        store.cluster,
        key,
        id
      ])
    }
    return yield* new IdCollision({ requestId: String(id) })
  })

const deliver = (store: Store, { envelope, seconds, visibleAt }: Saving, id: bigint): Effect.Effect<void, CqlError> =>
  Pending.insert(store, {
    shard: ShardId.toString(envelope.address.shardId),
    visibleAt,
    id,
    attempt: 0,
    kind: Pending.requestKind,
    requestId: id,
    replyId: null,
    entityType: envelope.address.entityType,
    entityId: envelope.address.entityId
  }, seconds)

/** Saves a message of a client about its request: that it has received a chunk, or that it wants no more. */
const control = (settings: Settings, envelope: Envelope.AckChunkEncoded | Envelope.InterruptEncoded) =>
  Effect.gen(function*() {
    const { retention, store } = settings
    const stored = yield* read(store, BigInt(envelope.requestId))
    if (stored === undefined) return
    if (envelope._tag === "AckChunk") yield* acknowledge(settings, stored, envelope.replyId)
    yield* Pending.insert(store, {
      shard: stored.shard,
      visibleAt: 0n,
      id: BigInt(envelope.id),
      attempt: stored.attempt,
      kind: envelope._tag === "AckChunk" ? Pending.ackKind : Pending.interruptKind,
      requestId: stored.id,
      replyId: envelope._tag === "AckChunk" ? BigInt(envelope.replyId) : null,
      entityType: envelope.address.entityType,
      entityId: envelope.address.entityId
    }, retention)
  })

const acknowledge = (
  { retention, store }: Settings,
  stored: Stored,
  replyId: string
): Effect.Effect<void, CqlError> => {
  const chunk = stored.chunks.find(({ reply }) => reply.id === replyId)
  return chunk === undefined ? Effect.void : store.write(
    `UPDATE ${store.table("requests")} USING TTL ? SET acked = true ` +
      "WHERE cluster = ? AND request_id = ? AND reply_attempt = ? AND kind = ? AND seq = ?",
    [retention, store.cluster, stored.id, stored.attempt, chunkKind, chunk.reply.sequence]
  )
}

export const saveEnvelope = (
  settings: Settings,
  options: Parameters<MessageStorage.Encoded["saveEnvelope"]>[0]
): Effect.Effect<MessageStorage.SaveResult.Encoded, CqlError | IdCollision | MessageTooLarge> =>
  options.envelope._tag === "Request"
    ? request(settings, options)
    : Effect.as(control(settings, options.envelope), MessageStorage.SaveResultEncoded.Success())
