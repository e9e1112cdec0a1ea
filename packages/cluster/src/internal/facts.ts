/**
 * The facts that hold for a cluster forever: its first process writes them, and every later one has to have the same.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import { ClusterRefused } from "../CqlCluster.ts"
import type { Store } from "./store.ts"

export const check = (store: Store, shardsPerGroup: number): Effect.Effect<void, CqlError | ClusterRefused> =>
  Effect.gen(function*() {
    const dataCenter = store.scope === "global" ? null : yield* localDataCenter(store)
    const { current, held } = yield* store.condition(
      `INSERT INTO ${store.table("clusters")} (cluster, scope, data_center, shards_per_group) VALUES (?, ?, ?, ?) ` +
        "IF NOT EXISTS",
      [store.cluster, store.scope, dataCenter, shardsPerGroup]
    )
    if (held) return
    yield* same("scope", current["scope"], store.scope, "Start it with the scope of the cluster.")
    yield* same(
      "dataCenter",
      current["data_center"] ?? null,
      dataCenter,
      "Two data centres do not see each other's locks: start it in that data centre, or use another cluster name."
    )
    yield* same(
      "shardsPerGroup",
      current["shards_per_group"],
      shardsPerGroup,
      "Messages are stored with their shard: another number needs a cluster of another name."
    )
  })

const same = (
  setting: ClusterRefused["setting"],
  expected: unknown,
  got: unknown,
  advice: string
): Effect.Effect<void, ClusterRefused> =>
  expected === got
    ? Effect.void
    : Effect.fail(new ClusterRefused({ setting, expected: String(expected), got: String(got), advice }))

const localDataCenter = (store: Store): Effect.Effect<string | null, CqlError> =>
  Effect.map(store.rows("SELECT data_center FROM system.local", []), ([row]) => {
    const name = row?.["data_center"]
    return typeof name === "string" ? name : null
  })
