import { CassandraClient } from "@effect-cql/cassandra"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { integration, SharedServerLayer } from "../../testing/test/support/server.ts"
import { ExampleSession } from "../src/cassandra.ts"
import * as Inserts from "../src/inserts.ts"
import * as After from "../src/migration/after.ts"
import * as Before from "../src/migration/before.ts"
import { UserStore } from "../src/promises.ts"
import * as Selects from "../src/selects.ts"
import * as Streaming from "../src/streaming.ts"

integration("examples", () => {
  const session = ExampleSession.pipe(Layer.provide(SharedServerLayer))

  it.live("a thousand inserts", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Inserts.program, 1_000)
    }).pipe(Effect.provide(session)))

  it.live("users by id", () =>
    Effect.gen(function*() {
      const lines = yield* Selects.program
      assert.deepStrictEqual(lines, ["ada", "grace", "barbara", "nobody", "ParametersRefused (NotApplied)"])
    }).pipe(Effect.provide(session)))

  it.live("the driver's helper, and the same after the migration", () =>
    Effect.gen(function*() {
      const client = yield* CassandraClient
      const bs = [1, 2, 9_999, null]
      const before = yield* Effect.promise(async () => [
        await Before.insertAll(client, 200),
        await Before.selectAll(client, bs)
      ])
      assert.deepStrictEqual(before, [200, ["1", "1", "0", "ResponseError"]])
      assert.strictEqual(yield* After.insertAll(200), 200)
      assert.deepStrictEqual(yield* After.selectAll(bs), ["1", "1", "0", "InvalidQuery, NotApplied"])
    }).pipe(Effect.provide(session)))

  it.live("a class with promises", () =>
    Effect.promise(async () => {
      const users = new UserStore(session)
      await users.add(77, "barbara")
      assert.deepStrictEqual(await users.names([77]), [{ id: 77, name: "barbara" }])
      await users.close()
    }))

  it.live("a stream in, a stream out", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Streaming.program, { succeeded: 5_000, sum: 12_502_500 })
    }).pipe(Effect.provide(session)))
})
