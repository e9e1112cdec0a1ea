/**
 * Deleting everything that is stored for an entity.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Store } from "../store.ts"
import * as Pending from "./pending.ts"
import { read, type Stored } from "./stored.ts"

const atOnce = 16

export const clearEntity = (store: Store, entityType: string, entityId: string): Effect.Effect<void, CqlError> =>
  Effect.flatMap(
    store.rows(
      `SELECT request_id FROM ${store.table("entities")} WHERE cluster = ? AND entity_type = ? AND entity_id = ?`,
      [store.cluster, entityType, entityId]
    ),
    (rows) =>
      Effect.forEach(rows, (row) => {
        const id = row["request_id"] as bigint
        return Effect.andThen(
          Effect.flatMap(read(store, id), (stored) => stored === undefined ? Effect.void : clearRequest(store, stored)),
          store.write(
            `DELETE FROM ${store.table("entities")} WHERE cluster = ? AND entity_type = ? AND entity_id = ? ` +
              "AND request_id = ?",
            [store.cluster, entityType, entityId, id]
          )
        )
      }, { concurrency: atOnce, discard: true })
  )

/**
 * The key goes last but one, the entry of the entity last: after a failure the rest is found and deleted by the next call. What
 * conditional writes have written is deleted by one: a plain delete could be older by the clock of its client.
 */
const clearRequest = (store: Store, stored: Stored): Effect.Effect<void, CqlError> =>
  Effect.gen(function*() {
    yield* Pending.removeAll(store, stored)
    if (stored.key !== undefined) {
      yield* store.condition(`DELETE FROM ${store.table("keys")} WHERE cluster = ? AND key = ? IF request_id = ?`, [
        store.cluster,
        stored.key,
        stored.id
      ])
    }
    yield* store.batch([
      [
        `UPDATE ${store.table("requests")} SET writer = null, key = null, shard = null, entity_type = null, ` +
        "entity_id = null, tag = null, payload = null, headers = null, trace_id = null, span_id = null, sampled = null, " +
        "visible_at = null, attempt = null, exit_id = null WHERE cluster = ? AND request_id = ? IF writer = ?",
        [store.cluster, stored.id, stored.writer]
      ],
      [
        `DELETE FROM ${store.table("requests")} WHERE cluster = ? AND request_id = ? AND reply_attempt = ?`,
        [store.cluster, stored.id, stored.attempt]
      ]
    ])
  })
