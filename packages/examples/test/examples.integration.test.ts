import { CassandraClient } from "@effect-cql/cassandra"
import { integration, SharedServerLayer } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawnSync } from "node:child_process"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { ExampleSession } from "../src/cassandra.ts"
import * as Certainty from "../src/certainty.ts"
import * as Inserts from "../src/inserts.ts"
import * as After from "../src/migration/after.ts"
import * as Before from "../src/migration/before.ts"
import { UserStore } from "../src/promises.ts"
import * as Selects from "../src/selects.ts"
import * as Streaming from "../src/streaming.ts"

// The Python driver is no dependency of this repository. `pip install cassandra-driver` brings its half of the guide along.
const python = process.env["EFFECT_CQL_PYTHON"] ?? "python3"
const hasPythonDriver = spawnSync(python, ["-c", "import cassandra"]).status === 0
if (!hasPythonDriver) {
  process.stderr.write("\n!!! SKIPPED, no Python driver for the migration guide: pip install cassandra-driver\n")
}

integration("examples", (server) => {
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

  it.live("every write of a run is certain where nothing fails", () =>
    Effect.gen(function*() {
      const users = Array.from({ length: 50 }, (_, index) => [1_000 + index, `user ${index}`] as const)
      assert.deepStrictEqual(yield* Certainty.writeAll(users), { applied: 50, notApplied: 0, unknown: [] })
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

  it.live.runIf(hasPythonDriver)("the helper of the Python driver, with the same ends", () =>
    Effect.sync(() => {
      const program = fileURLToPath(new URL("../src/migration/before.py", import.meta.url))
      const [host, port] = server.contactPoints[0]!.split(":")
      const { stdout } = spawnSync(python, [program, host!, port!], { encoding: "utf8" })
      assert.deepStrictEqual(stdout.trim().split("\n"), ["1", "1", "0", "InvalidRequest"])
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
