import { Statement } from "@effect-cql/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { MockSession } from "../../src/index.ts"
import { claim, tables } from "./service.ts"

layer(MockSession.memory(tables))("a memory session of a whole suite", (it) => {
  it.effect("holds what one test wrote", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* claim("ada", 1))
    }))

  it.effect("for the next", () =>
    Effect.gen(function*() {
      assert.isFalse(yield* claim("ada", 2))
      yield* MockSession.expectCalls(/^INSERT/, 2)
    }))

  it.layer(MockSession.layer({ latency: "1 minute" }))("and a nested one in front of it", (it) => {
    it.effect("waits on the clock of the suite", () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Statement.make("SELECT name FROM app.users"))
        yield* TestClock.adjust("59 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(fiber)).length, 0)
      }))
  })
})
