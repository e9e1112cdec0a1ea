/**
 * Storage of messages and replies of Effect's cluster.
 *
 * @since 0.1.0
 */
import type { Session } from "@effect-cql/core"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as CqlCluster from "./CqlCluster.ts"
import { checkMessages } from "./internal/layerOptions.ts"
import { clearEntity } from "./internal/messages/clear.ts"
import { keyOfAddress, Mailbox } from "./internal/messages/mailbox.ts"
import { Reads } from "./internal/messages/reads.ts"
import * as replies from "./internal/messages/replies.ts"
import { saveEnvelope } from "./internal/messages/save.ts"
import { allReplies, openReplies, read } from "./internal/messages/stored.ts"
import { nextName } from "./internal/names.ts"
import { make as makeStore, persistent } from "./internal/store.ts"

/**
 * The settings of the storage of messages.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends CqlCluster.Options {
  /**
   * Duration for which a message is kept after it is due, with its replies and its primary key. A request that waits
   * longer, or a workflow that takes longer, is lost. Default: forever; the tables then only grow.
   */
  readonly retention?: Duration.Input | undefined
}

const readsAtOnce = 32

/**
 * Makes the storage of messages, for entities with persisted requests, workflows, durable clocks and deferreds.
 *
 * - The first request with a primary key wins. A saved request is delivered even if its sender dies: the next sender
 *   with the same key completes what the dead one has begun.
 * - A request has one exit. A second exit fails with `PersistenceError`.
 * - A request costs three conditional writes (key, request, exit). It is meant for coordination, not for high traffic.
 *   Requests that are not persisted do not use the storage.
 * - A payload or a reply has at most 1 MiB of JSON.
 * - `withTransaction` runs its effect without a transaction, and `ClusterSchema.WithTransaction` has no effect: CQL has
 *   no transactions over several tables.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (
  options: Options
) => Effect.Effect<MessageStorage.MessageStorage["Service"], never, Session | Snowflake.Generator> = Effect.fnUntraced(
  function*(options: Options) {
    return yield* MessageStorage.makeEncoded(yield* makeEncoded(options))
  }
)

/**
 * The storage of messages as a Layer. See {@link make}.
 *
 * **Example** (A duplicate has the id of the first request)
 *
 * ```ts
 * import { CqlCluster, CqlMessageStorage } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer, Option } from "effect"
 * import { EntityAddress, EntityId, EntityType, MessageStorage, ShardId } from "effect/cluster"
 *
 * const storage = CqlMessageStorage.layer({ keyspace: "app", retention: "30 days" }).pipe(
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const address = EntityAddress.make({
 *   shardId: ShardId.make("default", 1),
 *   entityType: EntityType.make("Counter"),
 *   entityId: EntityId.make("total")
 * })
 * const program = MessageStorage.MessageStorage.use((storage) =>
 *   storage.requestIdForPrimaryKey({ address, tag: "Add", id: "first" })
 * )
 * console.assert(Option.isNone(await Effect.runPromise(program.pipe(Effect.provide(storage)))))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<MessageStorage.MessageStorage, never, Session> => {
  checkMessages(options)
  return Layer.effect(MessageStorage.MessageStorage, make(options)).pipe(Layer.provide(Snowflake.layerGenerator))
}

const makeEncoded = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<MessageStorage.Encoded, never, Session> {
  checkMessages(options)
  const store = yield* makeStore(options, Duration.seconds(10))
  const retention = options.retention === undefined
    ? 0
    : Math.ceil(Duration.toSeconds(Duration.fromInputUnsafe(options.retention)))
  const settings = { store, writer: yield* nextName, retention }
  const mailbox = new Mailbox(store)
  const { claims } = mailbox
  const replied = new Reads<string>("the replies to message")
  const stored = (id: string) => read(store, BigInt(id))

  return {
    saveEnvelope: (envelope) => persistent(saveEnvelope(settings, envelope)),
    saveReply: (reply) => persistent(replies.saveReply(settings, claims, reply)),
    clearReplies: (id, options) => persistent(replies.clearReplies(settings, claims, id, options?.expectedReplyId)),
    requestIdForPrimaryKey: (key) =>
      persistent(Effect.map(
        store.rows(`SELECT request_id FROM ${store.table("keys")} WHERE cluster = ? AND key = ?`, [store.cluster, key]),
        ([row]) => Option.map(Option.fromNullishOr(row?.["request_id"]), (id) => Snowflake.Snowflake(id as bigint))
      )),
    // Polled for all requests of a process: what cannot be read now is asked for again.
    repliesFor: (ids) =>
      persistent(Effect.map(
        replied.all(ids, stored),
        (found) => [...found.values()].flatMap((stored) => stored === undefined ? [] : openReplies(stored))
      )),
    repliesForUnfiltered: (ids) =>
      persistent(Effect.map(
        Effect.forEach(ids, stored, { concurrency: readsAtOnce }),
        (all) => all.flatMap((stored) => stored === undefined ? [] : allReplies(stored))
      )),
    unprocessedMessages: (shards, now, options) => persistent(mailbox.unprocessed(shards, now, options)),
    unprocessedMessagesById: (ids, now) => persistent(mailbox.byId(ids, now)),
    resetRequests: (ids) =>
      Effect.sync(() => {
        const set = new Set<bigint>(ids)
        claims.forget(({ id }) => set.has(id))
      }),
    resetAddresses: (addresses) =>
      Effect.sync(() => {
        const set = new Set(addresses.map(keyOfAddress))
        claims.forget(({ entityId, entityType, shard }) => set.has(`${shard} ${entityType} ${entityId}`))
      }),
    resetShards: (shards) =>
      Effect.sync(() => {
        const set = new Set(shards)
        claims.forget(({ shard }) => set.has(shard))
      }),
    clearAddress: ({ entityId, entityType }) =>
      Effect.andThen(
        persistent(clearEntity(store, entityType, entityId)),
        Effect.sync(() =>
          claims.forget((pending) => pending.entityType === entityType && pending.entityId === entityId)
        )
      ),
    withTransaction: (effect) => effect
  }
})
