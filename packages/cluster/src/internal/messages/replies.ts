/**
 * Saving replies, and clearing them so that a request is delivered again.
 */
import type { CqlError } from "@effect-cql/core"
import type * as Reply from "effect/cluster/Reply"
import * as Effect from "effect/Effect"
import type { Answer, Store } from "../store.ts"
import type { Claims } from "./claims.ts"
import { bodyOf, type MessageTooLarge, ReplyExists } from "./errors.ts"
import * as Pending from "./pending.ts"
import type { Settings } from "./save.ts"
import { chunkKind, exitKind, read, type Stored } from "./stored.ts"

type SaveError = CqlError | MessageTooLarge | ReplyExists

export const saveReply = (
  settings: Settings,
  claims: Claims,
  reply: Reply.Encoded
): Effect.Effect<void, SaveError> =>
  Effect.gen(function*() {
    const body = (yield* bodyOf("a reply", reply._tag === "WithExit" ? reply.exit : reply.values)) ?? "null"
    const stored = yield* read(settings.store, BigInt(reply.requestId))
    // Its entity was cleared, or its time is over: there is no request to reply to.
    if (stored === undefined) return
    if (reply._tag === "Chunk") return yield* saveChunk(settings, stored, reply, body)
    yield* saveExit(settings, stored, stored.attempt, reply, body)
    yield* Pending.remove(settings.store, stored)
    claims.drop(stored)
  })

const saveChunk = (
  { retention, store }: Settings,
  { attempt, id }: Stored,
  reply: Reply.ChunkEncoded,
  body: string
): Effect.Effect<void, CqlError | ReplyExists> =>
  Effect.gen(function*() {
    const replyId = BigInt(reply.id)
    const { current, held } = yield* store.condition(
      `INSERT INTO ${store.table("requests")} (cluster, request_id, reply_attempt, kind, seq, reply_id, body) ` +
        "VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS USING TTL ?",
      [store.cluster, id, attempt, chunkKind, reply.sequence, replyId, body, retention]
    )
    if (!held && current["reply_id"] !== replyId) return yield* new ReplyExists({ requestId: reply.requestId })
  })

const saveExit = (
  settings: Settings,
  stored: Stored,
  attempt: number,
  reply: Reply.WithExitEncoded,
  body: string
): Effect.Effect<void, CqlError | ReplyExists> =>
  Effect.flatMap(exitAt(settings, stored.id, attempt, reply.id, body), ({ current, held }) => {
    if (held || String(current["exit_id"]) === reply.id || typeof current["attempt"] !== "number") return Effect.void
    return current["attempt"] !== attempt && (current["exit_id"] ?? null) === null
      ? saveExit(settings, stored, current["attempt"], reply, body)
      : Effect.fail(new ReplyExists({ requestId: reply.requestId }))
  })

/** The exit and its mark are one write: a request has at most one exit, and the mark never stands without it. */
const exitAt = (
  { retention, store }: Settings,
  id: bigint,
  attempt: number,
  replyId: string,
  body: string
): Effect.Effect<Answer, CqlError> =>
  store.batch([
    [
      `UPDATE ${store.table("requests")} USING TTL ? SET exit_id = ? WHERE cluster = ? AND request_id = ? ` +
      "IF exit_id = null AND attempt = ?",
      [retention, BigInt(replyId), store.cluster, id, attempt]
    ],
    [
      `INSERT INTO ${store.table("requests")} (cluster, request_id, reply_attempt, kind, seq, reply_id, body) ` +
      "VALUES (?, ?, ?, ?, 0, ?, ?) USING TTL ?",
      [store.cluster, id, attempt, exitKind, BigInt(replyId), body, retention]
    ]
  ])

/**
 * Clears the replies of a request, so that it is delivered again: with an expected reply only if that is its latest one. The next
 * delivery is written first, and counts from the moment at which the attempt has changed.
 */
export const clearReplies = (
  settings: Settings,
  claims: Claims,
  id: bigint,
  expected: bigint | undefined
): Effect.Effect<void, CqlError> =>
  Effect.gen(function*() {
    const { retention, store } = settings
    const stored = yield* read(store, id)
    if (stored === undefined) return
    const latest = stored.exit ?? stored.chunks.at(-1)?.reply
    if (expected !== undefined && latest?.id !== String(expected)) return
    yield* Pending.insert(store, {
      shard: stored.shard,
      visibleAt: stored.visibleAt,
      id,
      attempt: stored.attempt + 1,
      kind: Pending.requestKind,
      requestId: id,
      replyId: null,
      entityType: stored.envelope.address.entityType,
      entityId: stored.envelope.address.entityId
    }, retention)
    const { current, held } = yield* nextAttempt(store, stored, retention)
    if (held) {
      yield* Pending.remove(store, stored)
      claims.drop(stored)
      return
    }
    // The attempt has changed: this very write, whose answer was lost, or another process that cleared it too.
    if (current["attempt"] !== stored.attempt) return
    // A reply came in between. It was to be cleared too, unless another one was expected.
    if (expected === undefined) yield* clearReplies(settings, claims, id, expected)
  })

const nextAttempt = (store: Store, stored: Stored, retention: number): Effect.Effect<Answer, CqlError> =>
  store.batch([
    [
      `UPDATE ${store.table("requests")} USING TTL ? SET attempt = ?, exit_id = null ` +
      "WHERE cluster = ? AND request_id = ? IF attempt = ? AND exit_id = ?",
      [
        retention,
        stored.attempt + 1,
        store.cluster,
        stored.id,
        stored.attempt,
        stored.exit === undefined ? null : BigInt(stored.exit.id)
      ]
    ],
    [
      `DELETE FROM ${store.table("requests")} WHERE cluster = ? AND request_id = ? AND reply_attempt = ?`,
      [store.cluster, stored.id, stored.attempt]
    ]
  ])
