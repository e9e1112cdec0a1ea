import {
  executeConcurrent,
  Reason,
  runConcurrent,
  SourceError,
  Statement,
  StatementFailed,
  streamConcurrent
} from "@effect-cql/core"
import {
  defectOf,
  errorOf,
  indexOf,
  insert,
  sessionOf,
  statements,
  timed,
  valueOf
} from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"

/** A generator that counts its pulls and its closes. */
const watched = (count: number) => {
  const seen = { pulled: 0, closed: 0 }
  function* source() {
    try {
      for (const statement of statements(count)) {
        seen.pulled++
        yield statement
      }
    } finally {
      seen.closed++
    }
  }
  return { seen, source: source() }
}

const stopped = (error: unknown): StatementFailed => {
  assert.instanceOf(error, StatementFailed)
  return error
}

describe("rule 4: fail-fast stops", () => {
  const failingAt5 = () => sessionOf({ latency: (index) => 10 + index, failing: [5] })

  it.effect("after the first failure nothing starts, and the error reports every statement", () =>
    Effect.gen(function*() {
      const { exit, millis } = yield* timed(executeConcurrent(statements(100), { concurrency: 4 }))
      const error = stopped(errorOf(exit))
      const mock = yield* MockSession.MockSession
      assert.strictEqual(error.failure.index, 5)
      assert.strictEqual(error.reason._tag, "Overloaded")
      assert.strictEqual(millis, 26)
      assert.strictEqual(error.startedCount, (yield* mock.calls).length)
      assert.deepStrictEqual(error.interrupted.map(({ index }) => index), [6, 7, 8])
      assert.deepStrictEqual(error.summary, { started: 9, succeeded: 5, failed: 1, interrupted: 3 })
    }).pipe(Effect.provide(failingAt5())))

  it.effect("the source is closed, once", () =>
    Effect.gen(function*() {
      const { seen, source } = watched(100)
      const { exit } = yield* timed(runConcurrent(source, { concurrency: 4 }))
      assert.strictEqual(stopped(errorOf(exit)).startedCount, 9)
      assert.deepStrictEqual(seen, { pulled: 9, closed: 1 })
    }).pipe(Effect.provide(failingAt5())))

  it.effect("of failures that complete together the lowest index stops the run, and all count", () =>
    Effect.gen(function*() {
      // One timer answers them all: they complete in one synchronous drain, the highest index first.
      const waiting: Array<() => void> = []
      const together = MockSession.layer({
        otherwise: (request) =>
          Effect.flatMap(
            Effect.callback<void>((resume) => {
              waiting.unshift(() => resume(Effect.void))
            }),
            () => MockSession.fail(new Reason.ServerError({ message: "x" }))(request, never)
          )
      })
      const fiber = yield* Effect.forkChild(
        Effect.exit(Effect.provide(executeConcurrent(statements(10), { concurrency: 3 }), together))
      )
      yield* TestClock.adjust(0)
      waiting.splice(0).forEach((answer) => answer())
      const error = stopped(errorOf(yield* Fiber.join(fiber)))
      assert.strictEqual(error.failure.index, 0)
      assert.deepStrictEqual(error.failures.map(({ index }) => index), [1, 2])
      assert.deepStrictEqual(error.summary, { started: 3, succeeded: 0, failed: 3, interrupted: 0 })
    }))

  it.effect("an ordered stream gives what stands before the failure, then fails with the lowest failed index", () =>
    Effect.gen(function*() {
      const given: Array<number> = []
      const stream = streamConcurrent(statements(50), { concurrency: 10 })
      const { exit } = yield* timed(Stream.runForEach(stream, ({ index }) => Effect.sync(() => given.push(index))))
      const error = stopped(errorOf(exit))
      assert.deepStrictEqual(given, [0, 1, 2])
      assert.strictEqual(error.failure.index, 3)
      assert.deepStrictEqual(error.failures.map(({ index }) => index), [6])
    }).pipe(Effect.provide(sessionOf({ latency: (index) => Math.max(0, 100 - index * 10), failing: [3, 6] }))))

  it.effect("an unordered stream gives what had completed before", () =>
    Effect.gen(function*() {
      const given: Array<number> = []
      const stream = streamConcurrent(statements(50), { concurrency: 3, ordered: false })
      const { exit } = yield* timed(Stream.runForEach(stream, ({ index }) => Effect.sync(() => given.push(index))))
      assert.strictEqual(stopped(errorOf(exit)).failure.index, 5)
      assert.deepStrictEqual(given, [0, 1, 2, 3, 4])
    }).pipe(Effect.provide(failingAt5())))

  it.effect("\"settle\" lets what is in flight finish", () =>
    Effect.gen(function*() {
      const { exit, millis } = yield* timed(
        executeConcurrent(statements(100), { concurrency: 4, onFirstError: "settle" })
      )
      const error = stopped(errorOf(exit))
      assert.strictEqual(error.failure.index, 5)
      assert.deepStrictEqual(error.interrupted.map(({ index }) => index), [])
      assert.deepStrictEqual(error.summary, { started: 9, succeeded: 8, failed: 1, interrupted: 0 })
      assert.isAbove(millis, 26)
    }).pipe(Effect.provide(failingAt5())))

  it.effect("every index that the error does not name succeeded", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const error = stopped(errorOf((yield* timed(executeConcurrent(statements(100), { concurrency: 7 }))).exit))
      const named = new Set([
        error.failure.index,
        ...error.failures.map(({ index }) => index),
        ...error.interrupted.map(({ index }) => index)
      ])
      assert.strictEqual(error.startedCount - named.size, error.summary.succeeded)
      assert.deepStrictEqual(
        (yield* mock.calls).map(({ request }) => indexOf(request as never)).at(-1),
        error.startedCount - 1
      )
    }).pipe(Effect.provide(sessionOf({ latency: (index) => 5 + (index * 7) % 11, failing: [20, 21, 22] }))))
})

const never = { attempt: 1, pageState: undefined, behind: () => Effect.never }

describe("rule 5: collect mode never fails because of a statement", () => {
  it.effect("refusals, errors, timeouts and rows that do not decode are Failure values", () =>
    Effect.gen(function*() {
      const results = valueOf(
        (yield* timed(executeConcurrent([
          Statement.make(insert, [0, "one too many"]),
          Statement.make(insert, [1]),
          Statement.make(insert, [2]),
          Statement.make(insert, [3])
        ], { raiseOnFirstError: false, statement: { requestTimeout: "1 second" } }))).exit
      )
      assert.deepStrictEqual(
        results.map((result) => result._tag === "Failure" ? result.error.reason._tag : "Success"),
        ["ParametersRefused", "Overloaded", "RequestTimeout", "Success"]
      )
      assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["NotApplied", "Unknown", "Unknown", "Applied"])
    }).pipe(Effect.provide(sessionOf({ failing: [1], latency: (index) => index === 2 ? "1 day" : 1 }))))
})

describe("rule 7: source failure", () => {
  const failing = function*(count: number) {
    yield* statements(count)
    throw new Error("no more")
  }

  for (const raiseOnFirstError of [true, false]) {
    it.effect(`what is in flight finishes, then the run fails (raiseOnFirstError: ${raiseOnFirstError})`, () =>
      Effect.gen(function*() {
        const { exit, millis } = yield* timed(runConcurrent(failing(3), { concurrency: 10, raiseOnFirstError }))
        const error = errorOf(exit)
        assert.instanceOf(error, SourceError)
        assert.strictEqual(error.index, 3)
        assert.strictEqual((error.cause as Error).message, "no more")
        assert.deepStrictEqual(error.summary, { started: 3, succeeded: 3, failed: 0, interrupted: 0 })
        assert.strictEqual(millis, 10)
      }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
  }

  it.effect("a stream gives every result before it fails", () =>
    Effect.gen(function*() {
      const given: Array<number> = []
      const { exit } = yield* timed(
        Stream.runForEach(streamConcurrent(failing(25), { concurrency: 4 }), ({ index }) =>
          Effect.sync(() => given.push(index)))
      )
      assert.instanceOf(errorOf(exit), SourceError)
      assert.strictEqual(given.length, 25)
    }).pipe(Effect.provide(sessionOf({
      latency: (index) =>
        10 - index % 10
    }))))

  it.effect("a statement that fails meanwhile comes first, where the first failure stops the run", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(runConcurrent(failing(3), { concurrency: 10 }))
      assert.strictEqual(stopped(errorOf(exit)).failure.index, 1)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [1] }))))

  it.effect("in collect mode the error holds all that failed", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(executeConcurrent(failing(30), { concurrency: 3, raiseOnFirstError: false }))
      const error = errorOf(exit)
      assert.deepStrictEqual(error.failures.map(({ index }) => index), [4, 20])
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [20, 4] }))))

  it.effect("a Stream fails with its own error", () =>
    Effect.gen(function*() {
      const source = Stream.concat(Stream.fromIterable(statements(3)), Stream.fail("mine" as const))
      const { exit } = yield* timed(runConcurrent(source, { raiseOnFirstError: false }))
      assert.strictEqual(errorOf(exit), "mine")
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("what is no statement is a SourceError of an iterable, and a defect of an array", () =>
    Effect.gen(function*() {
      const wrong = [...statements(2), 42 as never]
      const iterable = yield* timed(runConcurrent(wrong.values()))
      assert.strictEqual((errorOf(iterable.exit) as SourceError).index, 2)
      const array = yield* timed(executeConcurrent(wrong))
      assert.include(String(defectOf(array.exit)), "statements[2]")
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("the source may query the session, with one place only", () =>
    Effect.gen(function*() {
      const source = Stream.fromIterable(statements(20)).pipe(
        Stream.mapEffect((statement) => Effect.as(statement, statement))
      )
      const { exit } = yield* timed(runConcurrent(source, { concurrency: 1 }))
      assert.strictEqual(valueOf(exit).succeeded, 20)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})

describe("rule 8: interruption", () => {
  it.effect("interrupting the run stops what is in flight and closes the source", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const { seen, source } = watched(100)
      const fiber = yield* Effect.forkChild(runConcurrent(source, { concurrency: 5 }))
      yield* TestClock.adjust(15)
      assert.strictEqual(yield* mock.inFlight, 5)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* mock.inFlight, 0)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([(yield* mock.calls).length, seen.pulled, seen.closed], [10, 10, 1])
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("so does ending a stream early", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const { seen, source } = watched(100)
      yield* timed(Stream.runDrain(Stream.take(streamConcurrent(source, { concurrency: 5 }), 2)))
      assert.strictEqual(yield* mock.inFlight, 0)
      assert.isBelow(seen.pulled, 20)
      assert.strictEqual(seen.closed, 1)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("return of an async iterator is not awaited while a next is under way", () =>
    Effect.gen(function*() {
      let returned = 0
      const source: AsyncIterable<Statement.Statement<unknown>> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: () => {
            returned++
            return new Promise(() => {})
          }
        })
      }
      const fiber = yield* Effect.forkChild(runConcurrent(source))
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(returned, 1)
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("the scope of a Stream is closed and awaited", () =>
    Effect.gen(function*() {
      let closed = false
      const source = Stream.fromIterable(statements(100)).pipe(
        Stream.ensuring(Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => {
            closed = true
          })
        ))
      )
      const fiber = yield* Effect.forkChild(runConcurrent(source, { concurrency: 5 }))
      yield* TestClock.adjust(15)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(closed)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("an error while closing is logged and replaces nothing", () => {
    const logged: Array<string> = []
    const logger = Logger.make<unknown, void>(({ cause, message }) => {
      logged.push(`${String(message)}: ${Cause.pretty(cause)}`)
    })
    return Effect.gen(function*() {
      function* source() {
        try {
          yield* statements(100)
        } finally {
          // eslint-disable-next-line no-unsafe-finally
          throw new Error("cannot close")
        }
      }
      const { exit } = yield* timed(runConcurrent(source(), { concurrency: 2 }))
      assert.strictEqual(stopped(errorOf(exit)).failure.index, 3)
      assert.lengthOf(logged, 1)
      assert.match(logged[0] ?? "", /^closing the source of a run failed: .*cannot close/)
    }).pipe(Effect.provide([sessionOf({ latency: () => 10, failing: [3] }), Logger.layer([logger])]))
  })
})

describe("rule 11: defects", () => {
  it.effect("a defect of the session is a defect of the run, in collect mode too, and siblings are interrupted", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const { exit } = yield* timed(executeConcurrent(statements(10), { concurrency: 3, raiseOnFirstError: false }))
      assert.strictEqual(defectOf(exit), "broken")
      assert.strictEqual(yield* mock.inFlight, 0)
    }).pipe(Effect.provide(MockSession.layer({
      latency: (request) => 10 + indexOf(request as never),
      lenient: true,
      answers: [MockSession.when((request) => indexOf(request as never) === 4, MockSession.die("broken"))]
    }))))

  it.effect("so is what a port throws", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(executeConcurrent(statements(3), { raiseOnFirstError: false }))
      assert.strictEqual((defectOf(exit) as Error).message, "thrown")
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: () => {
        throw new Error("thrown")
      }
    }))))

  it.effect("so is a statement that ends interrupted without the run having asked", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(Stream.runCollect(streamConcurrent(statements(3), { raiseOnFirstError: false })))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(MockSession.layer({ otherwise: () => Effect.interrupt }))))
})
