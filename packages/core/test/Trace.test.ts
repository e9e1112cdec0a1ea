import { Session, Trace } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

const id = "7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1"

const row = {
  command: "QUERY",
  request: "Execute CQL3 query",
  coordinator: "127.0.0.1",
  coordinator_port: 7_000,
  client: "127.0.0.1",
  started_at: new Date(0),
  duration: null,
  parameters: new Map([["query", "SELECT 1"], ["bound_var_0_id", "'s3cret'"]])
}

const event = (activity: string, elapsed: number, source = "127.0.0.1") => ({
  activity,
  source,
  source_port: 7_000,
  source_elapsed: elapsed,
  thread: "Native-Transport-Requests-1"
})

/** A server that writes the trace later than its answer, and one event later still. */
const session = MockSession.layer({
  answers: [
    MockSession.when(
      /system_traces\.sessions/,
      MockSession.inTurn(
        MockSession.rows([]),
        MockSession.rows([row]),
        MockSession.rows([row]),
        MockSession.rows([{ ...row, duration: 1_500 }])
      )
    ),
    MockSession.when(
      /system_traces\.events/,
      MockSession.inTurn(
        MockSession.rows([event("Parsing", 12)]),
        MockSession.rows([event("Parsing", 12), event("Reading", 345, "::1")])
      )
    )
  ]
})

describe("Session.trace", () => {
  it.effect("waits until the server has written it, and prints it without bound values", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.provide(Session.trace(id), session))
      yield* TestClock.adjust("1 second")
      const trace = yield* Fiber.join(fiber)
      assert.isDefined(trace)
      assert.strictEqual(Duration.toMillis(trace!.duration), 1.5)
      assert.deepStrictEqual(Trace.format(trace!).split("\n"), [
        `QUERY ${id}: 1500 us, coordinator 127.0.0.1:7000 for 127.0.0.1, Execute CQL3 query`,
        "  query: SELECT ?",
        "   12 us  127.0.0.1:7000  Parsing [Native-Transport-Requests-1]",
        "  345 us  [::1]:7000      Reading [Native-Transport-Requests-1]"
      ])
    }))

  it.effect("gives nothing where none was written in time", () =>
    Effect.gen(function*() {
      const none = MockSession.layer({ otherwise: MockSession.rows([]) })
      const fiber = yield* Effect.forkChild(Effect.provide(Session.trace(id, "2 seconds"), none))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(yield* Fiber.join(fiber))
    }))
})
