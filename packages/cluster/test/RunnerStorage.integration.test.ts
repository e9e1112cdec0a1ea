/** Membership and locks on a real server. */
import { CqlCluster } from "@effect-cql/cluster"
import { Migrations } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as runners from "./support/runners.ts"
import { address, numbers, runner, shards } from "./support/runners.ts"

const keyspace = ownName("runners")
/** A process of a cluster of its own, whose leases are as short as they can be. */
const process = (cluster: string, port: number) =>
  runners.process(port, { shardLockExpiration: "3 seconds" }, { keyspace, cluster })

integration("The storage of runners", () => {
  layer(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace)), { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect("gives each lock to one process, until it is released or expires", () =>
      Effect.gen(function*() {
        const [one, two] = [yield* process("locks", 1), yield* process("locks", 2)]
        const all = Array.from({ length: 64 }, (_, at) => at + 1)
        const [mine, yours] = yield* Effect.all([
          one.acquire(address(1), shards(...all)),
          two.acquire(address(2), shards(...all))
        ], { concurrency: 2 })
        assert.deepStrictEqual(numbers([...mine, ...yours]), all)
        const lost = mine[0] ?? shards(1)[0]!
        yield* one.acquire(address(1), [lost])
        yield* one.release(address(1), lost)
        assert.deepStrictEqual(yield* two.acquire(address(2), [lost]), [lost])
        yield* two.releaseAll(address(2))
        assert.deepStrictEqual(yield* one.acquire(address(1), [lost]), [lost])
        yield* Effect.sleep("5 seconds")
        assert.deepStrictEqual(yield* one.refresh(address(1), [lost]), [])
        assert.deepStrictEqual(numbers(yield* two.acquire(address(2), shards(...all))), all)
        assert.deepStrictEqual(numbers(yield* two.refresh(address(2), shards(...all))), all)
      }), 60_000)

    it.effect(
      "lists runners while they report, each with an address and a machine id of its own",
      () =>
        Effect.gen(function*() {
          const [one, two, again] = [yield* process("list", 1), yield* process("list", 2), yield* process("list", 1)]
          const ids = [yield* one.register(runner(1), true), yield* two.register(runner(2), true)]
          assert.strictEqual(new Set(ids).size, 2)
          yield* two.setRunnerHealth(address(1), false)
          const listed = Effect.map(
            two.getRunners,
            (all) => new Map(all.map(([r, healthy]) => [r.address.port, healthy]))
          )
          assert.deepStrictEqual(yield* listed, new Map([[1, false], [2, true]]))
          assert.strictEqual((yield* Effect.flip(again.register(runner(1), true)))._tag, "PersistenceError")
          yield* one.unregister(address(1))
          yield* two.setRunnerHealth(address(1), true)
          assert.deepStrictEqual(yield* listed, new Map([[2, true]]))
          assert.strictEqual(yield* again.register(runner(1), true), ids[0])
          assert.deepStrictEqual(yield* listed, new Map([[1, true], [2, true]]))
          yield* Effect.sleep("5 seconds")
          assert.deepStrictEqual(yield* listed, new Map())
        }),
      60_000
    )

    it.effect("has its tables from migrations, which later versions go on from", () =>
      Effect.gen(function*() {
        const migrations = CqlCluster.migrations({ keyspace })
        assert.strictEqual((yield* Migrations.run(migrations)).length, 4)
        assert.deepStrictEqual(yield* Migrations.run(migrations), [])
      }), 60_000)

    it.effect("refuses another number of shards", () =>
      Effect.gen(function*() {
        yield* process("facts", 1)
        const refused = yield* Effect.flip(runners.process(2, { shardsPerGroup: 65 }, { keyspace, cluster: "facts" }))
        assert.strictEqual(refused._tag, "ClusterRefused")
      }))
  })
})
