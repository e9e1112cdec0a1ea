import {
  CqlError,
  executeConcurrent,
  executeConcurrentWithArgs,
  isStatementFailed,
  Reason,
  RetryPolicy,
  runConcurrentWithArgs,
  SourceError,
  Statement,
  StatementFailed,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import { errorOf, insert, overloaded, sessionOf, statements, timed } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"

it.effect("what remains of a stopped run is exactly what has not succeeded", () =>
  Effect.gen(function*() {
    const all = statements(40)
    const error = errorOf((yield* timed(executeConcurrent(all, { concurrency: 6 }))).exit)
    const remaining = [...error.remaining(all)]
    assert.deepStrictEqual(remaining, all.filter((_, index) => !error.hasSucceeded(index)))
    assert.strictEqual(remaining.length, 40 - error.summary.succeeded)
    assert.include(remaining, all[error.failure.index])
    for (const index of error.interrupted.map(({ index }) => index)) assert.include(remaining, all[index])
  }).pipe(Effect.provide(sessionOf({ latency: (index) => 10 + index % 7, failing: [13, 14] }))))

it.effect("what was stopped is reported with its statement, its outcome, and when it was sent", () =>
  Effect.gen(function*() {
    const select = Statement.make("SELECT a FROM app.numbers")
    const conditional = Statement.make("INSERT INTO app.numbers (a) VALUES (1) IF NOT EXISTS")
    const all = [...statements(2), select, conditional]
    yield* TestClock.setTime(5_000)
    const error = errorOf((yield* timed(executeConcurrent(all))).exit)
    assert.deepStrictEqual(error.interrupted.map(({ index }) => index), [1, 2, 3])
    assert.deepStrictEqual(
      error.interrupted.map(({ outcome, statement, timestamp }) => [statement, outcome, timestamp]),
      [[all[1], "Unknown", 5_000_001n], [select, "NotApplied", undefined], [conditional, "Unknown", 5_000_000n]]
    )
    assert.strictEqual(error.failure.error.timestamp, 5_000_000n)
  }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 0 ? 10 : 100, failing: [0] }))))

it.effect("one that waits for its next attempt is as the attempts before left it", () =>
  Effect.gen(function*() {
    const retry = RetryPolicy.make({
      schedule: RetryPolicy.backoff({ times: 2, initial: "1 second" }),
      budget: { minimum: 100, share: 1 }
    })
    const reasons: ReadonlyArray<Reason.Reason> = [overloaded, new Reason.IsBootstrapping({ message: "not yet" })]
    const outcomes = yield* Effect.forEach(reasons, (reason) =>
      Effect.gen(function*() {
        const run = executeConcurrent([Statement.make(insert, [0], { retry }), Statement.make(insert, [1])])
        const error = errorOf((yield* timed(run)).exit)
        return error.interrupted.map(({ outcome }) => outcome)
      }).pipe(Effect.provide(sessionOf({ latency: (index) => 10 + index, failing: [0, 1], reason }))))
    assert.deepStrictEqual(outcomes, [["Unknown"], ["NotApplied"]])
  }))

const shared = new CqlError({ reason: overloaded, query: insert })

it.effect("an error that a port returns for many statements is reported for each with its own fields", () =>
  Effect.gen(function*() {
    const all = [Statement.make(insert, [0]), Statement.make("SELECT a FROM app.numbers"), Statement.make(insert, [2])]
    yield* TestClock.setTime(5_000)
    const results = yield* executeConcurrent(all, { raiseOnFirstError: false })
    assert.deepStrictEqual(
      results.map((result) => result._tag === "Failure" && [result.outcome, result.error.timestamp]),
      [["Unknown", 5_000_000n], ["NotApplied", undefined], ["Unknown", 5_000_001n]]
    )
  }).pipe(Effect.provide(MockSession.layer({ otherwise: () => Effect.fail(shared) }))))

it.effect("the parameters of with-args remain as well", () =>
  Effect.gen(function*() {
    const parameters = Array.from({ length: 5 }, (_, index) => [index])
    const { exit } = yield* timed(executeConcurrentWithArgs(insert, parameters, { concurrency: 1 }))
    assert.deepStrictEqual([...errorOf(exit).remaining(parameters)], [[2], [3], [4]])
  }).pipe(Effect.provide(sessionOf({ failing: [2] }))))

it.effect("of a source of any kind the rest is of that kind, and opens as often as it is asked for", () =>
  Effect.gen(function*() {
    const parameters = Array.from({ length: 5 }, (_, index) => [index])
    const { exit } = yield* timed(executeConcurrentWithArgs(insert, parameters, { concurrency: 1 }))
    const error = errorOf(exit)
    const rest = [[2], [3], [4]]
    const iterable = error.remaining(new Set(parameters))
    assert.deepStrictEqual([[...iterable], [...iterable]], [rest, rest])
    const later = error.remaining({
      async *[Symbol.asyncIterator]() {
        yield* parameters
      }
    })
    for (let times = 0; times < 2; times++) {
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.fromAsyncIterable(later, String)), rest)
    }
    const stream = error.remaining(Stream.fromIterable(parameters))
    assert.deepStrictEqual(yield* Stream.runCollect(stream), rest)
    assert.deepStrictEqual([-1, 0, 0.5, 1, 2, 3].map((index) => error.hasSucceeded(index)), [
      false,
      true,
      false,
      true,
      false,
      false
    ])
  }).pipe(Effect.provide(sessionOf({ failing: [2] }))))

it.effect("of an iterator that a run has read nothing remains, which is reported", () =>
  Effect.gen(function*() {
    function* parameters() {
      for (let index = 0; index < 5; index++) yield [index]
    }
    async function* later() {
      yield* parameters()
    }
    for (const iterator of [parameters(), later()]) {
      const { exit } = yield* timed(executeConcurrentWithArgs(insert, iterator, { concurrency: 1 }))
      const error = errorOf(exit)
      if (error._tag !== "StatementFailed") assert.fail(String(error))
      const rest = error.remaining(iterator as Iterable<Array<number>>)
      const run = yield* Effect.exit(runConcurrentWithArgs(insert, rest))
      assert.match(String(run), /InvalidOptions: source: expected an array, .*, got an iterator that a run has read/)
      const again = yield* Effect.flip(runConcurrentWithArgs(insert, iterator))
      assert.instanceOf(again, SourceError)
      assert.match(again.message, /at item 0: another run has exhausted this iterator/)
    }
    const whole = parameters()
    assert.strictEqual((yield* runConcurrentWithArgs(insert, whole, { raiseOnFirstError: false })).started, 5)
    assert.instanceOf(yield* Effect.flip(runConcurrentWithArgs(insert, whole)), SourceError)
  }).pipe(Effect.provide(sessionOf({ failing: [2] }))))

it.effect("an iterator that begins anew, or has further items, is not exhausted", () =>
  Effect.gen(function*() {
    class Restarting {
      #at = 0
      next() {
        return this.#at < 4 ? { done: false as const, value: [this.#at++] } : { done: true as const, value: undefined }
      }
      [Symbol.iterator]() {
        this.#at = 0
        return this
      }
    }
    const restarting = new Restarting()
    for (let times = 0; times < 2; times++) {
      assert.strictEqual((yield* runConcurrentWithArgs(insert, restarting)).succeeded, 4)
    }
    const values = [[0], [1], [2], [3]].values()
    const first = yield* Stream.runCollect(
      Stream.take(streamConcurrentWithArgs(insert, values, { concurrency: 1, bufferSize: 0 }), 1)
    )
    assert.lengthOf(first, 1)
    assert.isAtLeast((yield* runConcurrentWithArgs(insert, values)).succeeded, 1)
  }).pipe(Effect.provide(sessionOf({}))))

it.effect("becomes the error of its statement, and another error stays as it is", () =>
  Effect.gen(function*() {
    const failed = yield* Effect.flip(executeConcurrent([Statement.make("SELECT name FROM app.users")]))
    assert.strictEqual(StatementFailed.toCqlError(failed), failed.failure.error)
    assert.isTrue(StatementFailed.toCqlError(failed) instanceof CqlError)
    assert.isTrue(isStatementFailed(failed))
    const own = [undefined, null, "row 3", { error: null }, { error: new Error("busy") }].map((failure) => ({
      _tag: "StatementFailed",
      failure
    }))
    for (const other of [failed.failure.error, new Error("another"), { _tag: "StatementFailed" }, ...own, undefined]) {
      assert.isFalse(isStatementFailed(other))
      assert.strictEqual(StatementFailed.toCqlError(other), other)
    }
  }).pipe(
    Effect.provide(MockSession.layer({ otherwise: MockSession.fail(new Reason.Overloaded({ message: "busy" })) }))
  ))
