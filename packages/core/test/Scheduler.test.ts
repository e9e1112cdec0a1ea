/** Runs under a scheduler that runs each task at once, within the call that schedules it. */
import {
  executeConcurrent,
  Limiter,
  Reason,
  runConcurrent,
  type Session,
  StatementFailed,
  streamConcurrent
} from "@effect-cql/core"
import { errorOf, indexOf, statements, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Scheduler, Stream } from "effect"

class Eager implements Scheduler.Scheduler {
  readonly executionMode = "sync"
  shouldYield(): boolean {
    return false
  }
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return { scheduleTask: (task) => task(), flush: () => {} }
  }
}

const eagerly = <A, E>(run: Effect.Effect<A, E, Session>, failing: ReadonlyArray<number> = []) =>
  Effect.exit(run).pipe(
    Effect.provideService(Scheduler.Scheduler, new Eager()),
    Effect.provide(MockSession.layer({
      lenient: true,
      defaults: { retry: "none" },
      answers: [MockSession.when(
        (request) => failing.includes(indexOf(request as never)),
        MockSession.fail(new Reason.Overloaded({ message: "busy" }))
      )]
    }))
  )

const count = 500
const options = { concurrency: 8 } as const
const collect = { ...options, raiseOnFirstError: false } as const

describe("a scheduler that runs tasks at once", () => {
  for (
    const [name, source] of [
      ["an array", () => statements(count)],
      ["an iterable", () => new Set(statements(count))],
      ["a stream", () => Stream.fromIterable(statements(count))]
    ] as const
  ) {
    it.live(`changes no result of ${name}`, () =>
      Effect.gen(function*() {
        const results = valueOf(yield* eagerly(executeConcurrent(source(), collect), [7, 499]))
        assert.deepStrictEqual(results.map(({ index }) => index), statements(count).map((_, index) => index))
        assert.deepStrictEqual(results.flatMap(({ index, success }) => success ? [] : [index]), [7, 499])
        const summary = valueOf(yield* eagerly(runConcurrent(source(), collect), [7, 499]))
        assert.deepStrictEqual(summary, { started: count, succeeded: count - 2, failed: 2, interrupted: 0 })
        for (const ordered of [true, false]) {
          const streamed = Stream.runCollect(streamConcurrent(source(), { ...collect, ordered, bufferSize: 0 }))
          assert.lengthOf(valueOf(yield* eagerly(streamed, [7])), count)
        }
      }))

    it.live(`changes no account of ${name} that fails`, () =>
      Effect.gen(function*() {
        const runs: ReadonlyArray<Effect.Effect<unknown, unknown, Session>> = [
          executeConcurrent(source(), options),
          runConcurrent(source(), options),
          Stream.runDrain(streamConcurrent(source(), options))
        ]
        for (const run of runs) {
          const error = errorOf(yield* eagerly(run, [7, 9]))
          assert.instanceOf(error, StatementFailed)
          const { failure, failures, interrupted, startedCount, summary } = error
          assert.strictEqual(failure.index, 7)
          assert.strictEqual(summary.started, summary.succeeded + summary.failed + summary.interrupted)
          assert.strictEqual(summary.started, startedCount)
          assert.strictEqual(summary.failed, 1 + failures.length)
          assert.strictEqual(summary.interrupted, interrupted.length)
        }
      }))
  }

  it.live("hangs no run with a limiter, and none of a consumer that takes a part", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(3)
      assert.lengthOf(valueOf(yield* eagerly(executeConcurrent(statements(count), { ...options, limiter }))), count)
      const part = Stream.runCollect(Stream.take(streamConcurrent(statements(count), options), 5))
      assert.lengthOf(valueOf(yield* eagerly(part)), 5)
    }))
})
