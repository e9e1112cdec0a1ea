import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { integration, SharedServerLayer } from "../../testing/test/support/server.ts"
import { ExampleSession } from "../src/cassandra.ts"
import * as Inserts from "../src/inserts.ts"
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

  it.live("a stream in, a stream out", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Streaming.program, { succeeded: 5_000, sum: 12_502_500 })
    }).pipe(Effect.provide(session)))
})
