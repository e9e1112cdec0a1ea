import {
  DeadlineExceeded,
  ErrorBudgetExhausted,
  executeConcurrent,
  executeConcurrentBy,
  executeConcurrentWithArgs,
  ExecutionResult,
  InvalidOptions,
  type Progress,
  Reason,
  RetryPolicy,
  runConcurrent,
  type Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import {
  defectOf,
  errorOf,
  indexOf,
  insert,
  overloaded,
  statements,
  timed,
  valueOf
} from "@effect-cql/test-support/runs"
import { keeping } from "@effect-cql/test-support/spans"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule, Stream, Tracer } from "effect"

const everySecond = Schedule.spaced("1 second")
const options = { raiseOnFirstError: false, statement: { retry: "none" }, rounds: everySecond } as const
const indexes = (all: Iterable<{ readonly index: number }>) => Array.from(all, ({ index }) => index)

/** A session in which the statement of an index fails so many times, and then succeeds; a request takes 10 ms. */
const failingTimes = (times: Readonly<Record<number, number>>, reason: Reason.Reason = overloaded) => {
  const seen = new Map<number, number>()
  return MockSession.layer({
    latency: "10 millis",
    lenient: true,
    answers: [MockSession.when((request) => {
      const index = indexOf(request as never)
      const count = (seen.get(index) ?? 0) + 1
      seen.set(index, count)
      return count <= (times[index] ?? 0)
    }, MockSession.fail(reason))]
  })
}

const callsOf = Effect.gen(function*() {
  const mock = yield* MockSession.MockSession
  return (yield* mock.calls).map(({ request }) => ({
    index: indexOf(request as never),
    timestamp: request.options.timestamp
  }))
})

describe("rounds", () => {
  it.effect("repeat what failed until all succeeded, each with its index, statement, item and first timestamp", () =>
    Effect.gen(function*() {
      const items = Array.from({ length: 6 }, (_, id) => id)
      const by = (id: number) => Statement.make(insert, [id])
      const { exit, millis } = yield* timed(executeConcurrentBy(items, by, options))
      const results = valueOf(exit)
      assert.strictEqual(millis, 10 + 1_010 + 1_010)
      assert.deepStrictEqual(indexes(results), items)
      assert.deepStrictEqual(results.map(({ item }) => item), items)
      assert.isTrue(results.every(ExecutionResult.isSuccess))
      assert.deepStrictEqual(results.map((result) => result.success ? result.attempts : 0), [1, 3, 1, 1, 2, 1])
      assert.deepStrictEqual(results.map(({ statement }) => statement._tag === "Statement" && statement.options), [
        {},
        {},
        {},
        {},
        {},
        {}
      ])
      const calls = yield* callsOf
      assert.deepStrictEqual(indexes(calls), [0, 1, 2, 3, 4, 5, 1, 4, 1])
      for (const call of calls) {
        assert.isDefined(call.timestamp)
        assert.strictEqual(call.timestamp, calls.find(({ index }) => index === call.index)?.timestamp)
      }
    }).pipe(Effect.provide(failingTimes({ 1: 2, 4: 1 }))))

  it.effect("keep the history of all attempts, and show statements by their index in the source", () =>
    Effect.gen(function*() {
      const { spans, tracer } = keeping()
      let last: Progress | undefined
      const retry = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1, initial: "1 millis" }) })
      const run = executeConcurrent(statements(6), {
        raiseOnFirstError: false,
        rounds: Schedule.upTo(everySecond, { times: 2 }),
        statement: { retry },
        spans: "failures",
        onProgress: (progress) => Effect.sync(() => void (last = progress))
      })
      const { exit } = yield* timed(Effect.provideService(run, Tracer.Tracer, tracer))
      const failed = valueOf(exit).flatMap((result) => result.success ? [] : [result])
      assert.deepStrictEqual(indexes(failed), [4])
      const { attempts, history } = failed[0]!.error
      assert.strictEqual(attempts, 6)
      assert.lengthOf(history, 6)
      assert.deepStrictEqual(history.map(({ delay }) => delay !== undefined), [true, false, true, false, true, false])
      for (const { latency } of history) assert.strictEqual(Duration.toMillis(latency!), 10)
      assert.deepStrictEqual(
        spans.flatMap(({ attributes }) => attributes.get("cql.concurrent.index") ?? []),
        [4, 4, 4]
      )
      assert.deepStrictEqual(last?.slowest.map(({ index, result }) => [index, result]), [[4, "Overloaded"]])
    }).pipe(Effect.provide(failingTimes({ 4: 99 }))))

  it.effect("work for every source of an array of results", () =>
    Effect.gen(function*() {
      const parameters = Array.from({ length: 6 }, (_, id) => [id] as const)
      const run = (source: Stream.Stream<readonly [number]> | Iterable<readonly [number]>) =>
        Effect.gen(function*() {
          const results = valueOf((yield* timed(executeConcurrentWithArgs(insert, source, options))).exit)
          assert.deepStrictEqual(indexes(results), [0, 1, 2, 3, 4, 5])
          assert.isTrue(results.every(ExecutionResult.isSuccess))
        })
      yield* run(parameters).pipe(Effect.provide(failingTimes({ 5: 1 })))
      yield* run(new Set(parameters)).pipe(Effect.provide(failingTimes({ 5: 1 })))
      yield* run(Stream.fromIterable(parameters)).pipe(Effect.provide(failingTimes({ 5: 1 })))
    }))

  it.effect("end with the schedule, and leave what still fails", () =>
    Effect.gen(function*() {
      const seen: Array<ReadonlyArray<number>> = []
      const rounds = everySecond.pipe(
        Schedule.upTo({ times: 2 }),
        Schedule.while(({ input }: { readonly input: ReadonlyArray<ExecutionResult.Failure> }) => {
          seen.push(indexes(input))
          return true
        })
      )
      const results = valueOf((yield* timed(executeConcurrent(statements(4), { ...options, rounds }))).exit)
      assert.deepStrictEqual(results.map(({ success }) => success), [true, false, true, true])
      const [, failed] = results
      assert.deepStrictEqual(failed?.success === false && [failed.index, failed.error.attempts], [1, 3])
      assert.deepStrictEqual(seen.slice(0, 2), [[1, 3], [1]])
    }).pipe(Effect.provide(failingTimes({ 1: 99, 3: 1 }))))

  it.effect("repeat nothing that may do harm, and nothing that fails for the program", () =>
    Effect.gen(function*() {
      const lost = new Reason.RequestTimeout({ message: "no answer", timeout: 5 })
      const counter = Statement.make("UPDATE t SET c = c + 1 WHERE a = ?", [0])
      const unbound = Statement.make("UPDATE t SET c = 1 WHERE a = ?", [])
      const { exit, millis } = yield* timed(executeConcurrent([counter, unbound], options)).pipe(
        Effect.provide(failingTimes({ 0: 1 }, lost))
      )
      assert.deepStrictEqual(valueOf(exit).map(({ outcome }) => outcome), ["Unknown", "NotApplied"])
      assert.strictEqual(millis, 10)
      const syntax = new Reason.SyntaxError({ message: "line 1" })
      const wrong = yield* timed(executeConcurrent(statements(1), options)).pipe(
        Effect.provide(failingTimes({ 0: 1 }, syntax))
      )
      assert.strictEqual(wrong.millis, 10)
    }))

  it.effect("keep an outcome that a later refusal does not make certain", () =>
    Effect.gen(function*() {
      const lost = MockSession.fail(new Reason.RequestTimeout({ message: "no answer", timeout: 5 }))
      const few = MockSession.fail(
        new Reason.Unavailable({ message: "few", consistency: "ONE", required: 1, alive: 0 })
      )
      const session = MockSession.layer({ otherwise: MockSession.inTurn(lost, few) })
      const rounds = everySecond.pipe(Schedule.upTo({ times: 1 }))
      const run = executeConcurrent(statements(1), { ...options, rounds })
      const [result] = valueOf((yield* timed(run).pipe(Effect.provide(session))).exit)
      assert.strictEqual(result?.success === false && result.error.reason._tag, "Unavailable")
      assert.deepStrictEqual([result?.outcome, result?.error?.outcome], ["Unknown", "Unknown"])
      const again = result?.success === false ? ExecutionResult.again(result) : undefined
      assert.strictEqual(again?.options.timestamp, result?.error?.timestamp)
    }))

  it.effect("count the last round in the summary, and how many there were", () =>
    Effect.gen(function*() {
      const seen: Array<Progress> = []
      const onProgress = (progress: Progress) => Effect.sync(() => void seen.push(progress))
      yield* timed(executeConcurrent(statements(6), { ...options, onProgress }))
      const last = (round: number) => {
        const { failed, rounds, started, succeeded } = seen.findLast(({ rounds }) => rounds === round)!
        return { failed, rounds, started, succeeded }
      }
      assert.deepStrictEqual(last(1), { rounds: 1, started: 6, succeeded: 4, failed: 2 })
      assert.deepStrictEqual(last(2), { rounds: 2, started: 2, succeeded: 1, failed: 1 })
      assert.deepStrictEqual(last(3), { rounds: 3, started: 1, succeeded: 1, failed: 0 })
      const elapsed = seen.map((progress) => progress.elapsed)
      assert.isTrue(elapsed.every((at, index) => index === 0 || at >= elapsed[index - 1]!))
      assert.isUndefined((yield* runConcurrent(statements(1)).pipe(timed)).exit.pipe(valueOf).rounds)
    }).pipe(Effect.provide(failingTimes({ 1: 2, 4: 1 }))))

  it.effect("are refused in a run without an array of results, which is named", () =>
    Effect.gen(function*() {
      const counts = defectOf(yield* Effect.exit(runConcurrent(statements(1), options)))
      assert.instanceOf(counts, InvalidOptions)
      assert.include(
        counts.message,
        "because only executeConcurrent repeats failed statements, got a Schedule for runConcurrent"
      )
      const stream = defectOf(yield* Effect.exit(Stream.runDrain(streamConcurrent(statements(1), options))))
      assert.instanceOf(stream, InvalidOptions)
      assert.include(stream.message, "got a Schedule for streamConcurrent")
    }).pipe(Effect.provide(failingTimes({}))))

  it.effect("stop with a complete account at the deadline and at the budget", () =>
    Effect.gen(function*() {
      const all = statements(6)
      const late = errorOf(
        (yield* timed(executeConcurrent(all, { ...options, deadline: 1_015 })).pipe(
          Effect.provide(failingTimes({ 1: 9, 4: 9 }))
        )).exit
      )
      assert.instanceOf(late, DeadlineExceeded)
      assert.deepStrictEqual([indexes(late.interrupted), late.failures, late.startedCount], [[1, 4], [], 6])
      assert.deepStrictEqual(late.interrupted.map(({ statement }) => statement), [all[1]!, all[4]!])
      assert.deepStrictEqual(indexes(late.results), [0, 2, 3, 5])
      assert.deepStrictEqual([...late.remaining(all)], [all[1], all[4]])
      assert.deepStrictEqual(late.summary, { started: 2, succeeded: 0, failed: 0, interrupted: 2, rounds: 2 })
      assert.include(late.message, "in round 2, of 2 statements started 0 succeeded, 0 failed, 2 were interrupted")

      const before = yield* timed(executeConcurrent(all, { ...options, deadline: 500 })).pipe(
        Effect.provide(failingTimes({ 1: 9 }))
      )
      assert.deepStrictEqual(valueOf(before.exit).map(({ success }) => success), [true, false, true, true, true, true])
      assert.strictEqual(before.millis, 10)

      const errorBudget = { failures: 3 }
      const poor = errorOf(
        (yield* timed(executeConcurrent(all, { ...options, errorBudget, concurrency: 1 })).pipe(
          Effect.provide(failingTimes({ 0: 9, 1: 9, 2: 2 }))
        )).exit
      )
      assert.instanceOf(poor, ErrorBudgetExhausted)
      assert.deepStrictEqual([poor.failure.index, poor.summary.rounds, poor.startedCount], [2, 1, 3])
    }))

  it.effect("are interrupted between two rounds as within one", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(2), options).pipe(Effect.timeoutOption("500 millis"))
      const { exit, millis } = yield* timed(run)
      assert.deepStrictEqual([valueOf(exit)._tag, millis], ["None", 500])
      assert.lengthOf(yield* callsOf, 2)
    }).pipe(Effect.provide(failingTimes({ 1: 9 }))))

  it.effect("are refused where there is nothing to put results into, and beside fail-fast", () =>
    Effect.gen(function*() {
      const any = { rounds: everySecond, raiseOnFirstError: false } as object
      const runs: ReadonlyArray<Effect.Effect<unknown, unknown, Session>> = [
        runConcurrent(statements(1), any),
        Stream.runDrain(streamConcurrent(statements(1), any)),
        executeConcurrent(statements(1), { rounds: everySecond } as object),
        executeConcurrent(statements(1), { rounds: 3, raiseOnFirstError: false } as object)
      ]
      for (const run of runs) assert.instanceOf(defectOf(yield* Effect.exit(run)), InvalidOptions)
    }).pipe(Effect.provide(MockSession.layer())))
})
