import {
  DeadlineExceeded,
  ErrorBudgetExhausted,
  executeConcurrent,
  executeConcurrentBy,
  executeConcurrentWithArgs,
  ExecutionResult,
  InvalidOptions,
  Limiter,
  runConcurrent,
  runConcurrentBy,
  runConcurrentWithArgs,
  type Session,
  StatementFailed,
  streamConcurrent,
  streamConcurrentBy,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import { Random } from "@effect-cql/test-support/random"
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
import { Effect, Stream } from "effect"
import { inspect } from "node:util"

type Result = ExecutionResult.ExecutionResult<unknown>

const collect = { raiseOnFirstError: false } as const

const exceeded = (error: unknown): DeadlineExceeded => {
  assert.instanceOf(error, DeadlineExceeded)
  return error
}

/** Emits results into an array. */
const into = <E>(given: Array<Result>, stream: Stream.Stream<Result, E, Session>) =>
  Stream.runForEach(stream, (result) => Effect.sync(() => given.push(result)))

const indexes = (all: Iterable<{ readonly index: number }>) => Array.from(all, ({ index }) => index)

describe("rule 8: a deadline", () => {
  it.effect("interrupts what is in flight, starts nothing more, and gives the exact account", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const all = statements(20)
      const sources = [all, { [Symbol.iterator]: () => all[Symbol.iterator]() }, Stream.fromIterable(all)]
      for (const source of sources) {
        for (const isArray of [true, false]) {
          const before = (yield* mock.calls).length
          const options = { concurrency: 3, deadline: "25 millis", raiseOnFirstError: false } as const
          const run: Effect.Effect<unknown, unknown, Session> = isArray
            ? executeConcurrent(source, options)
            : runConcurrent(source, options)
          const { exit, millis } = yield* timed(run)
          const error = exceeded(errorOf(exit))
          assert.strictEqual(millis, 25)
          assert.strictEqual(error.startedCount, 9)
          assert.strictEqual((yield* mock.calls).length - before, 9)
          assert.deepStrictEqual(indexes(error.failures), isArray ? [4] : [])
          assert.deepStrictEqual(indexes(error.interrupted), [6, 7, 8])
          assert.deepStrictEqual(error.interrupted.map(({ outcome }) => outcome), ["Unknown", "Unknown", "Unknown"])
          assert.deepStrictEqual(error.summary, { started: 9, succeeded: 5, failed: 1, interrupted: 3 })
          assert.deepStrictEqual([...error.notStarted(all)], all.slice(9))
          const failed = isArray ? [all[4]] : []
          assert.deepStrictEqual([...error.remaining(all)], [...failed, ...all.slice(6)])
          assert.include(
            error.message,
            "the run exceeded its deadline of 25ms; of 9 statements started 5 succeeded"
          )
          assert.deepStrictEqual(indexes(error.results), isArray ? [0, 1, 2, 3, 4, 5] : [])
          assert.deepStrictEqual(indexes(error.unsettled).slice(-3), [6, 7, 8])
        }
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [4] }))))

  it.effect("leaves a run alone that ends before it, and no timer behind", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(4), { concurrency: 2, deadline: "25 millis" })
      const { exit, millis } = yield* timed(run)
      assert.deepStrictEqual([valueOf(exit).length, millis], [4, 20])
      const given: Array<Result> = []
      const slowly = Stream.tap(streamConcurrent(statements(4), { deadline: "25 millis" }), () => Effect.sleep(50))
      assert.strictEqual((yield* timed(into(given, slowly))).exit._tag, "Success")
      assert.deepStrictEqual(indexes(given), [0, 1, 2, 3])
      // The last statement fills the buffer: the consumer is late before the run has looked for the end of its source.
      for (const ordered of [true, false]) {
        const full = { concurrency: 2, bufferSize: 2, deadline: "25 millis", ordered } as const
        const late = Stream.tap(streamConcurrent(statements(4), full), () => Effect.sleep(50))
        assert.strictEqual((yield* timed(into([], late))).exit._tag, "Success")
        const more = Stream.tap(streamConcurrent(statements(5), full), () => Effect.sleep(50))
        assert.strictEqual(exceeded(errorOf((yield* timed(into([], more))).exit)).startedCount, 4)
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("lets a stream emit every result that is there, and no other", () =>
    Effect.gen(function*() {
      const latency = sessionOf({ latency: (index) => index % 3 === 0 ? 100 : 10, failing: [1] })
      const options = { concurrency: 4, deadline: "25 millis", ...collect } as const
      for (const ordered of [true, false]) {
        const given: Array<Result> = []
        const { exit, millis } = yield* timed(into(given, streamConcurrent(statements(50), { ...options, ordered })))
          .pipe(
            Effect.provide(latency)
          )
        const error = exceeded(errorOf(exit))
        assert.strictEqual(millis, 25)
        assert.deepStrictEqual(indexes(error.interrupted), [0, 3, 6, 7])
        assert.deepStrictEqual(indexes(given), [1, 2, 4, 5])
        assert.deepStrictEqual(given.map(ExecutionResult.isFailure), [true, false, false, false])
        assert.deepStrictEqual(error.failures, [])
        assert.deepStrictEqual(error.summary, { started: 8, succeeded: 3, failed: 1, interrupted: 4 })
      }
    }))

  it.effect("counts from the first pull, and holds while the consumer is busy", () =>
    Effect.gen(function*() {
      const given: Array<Result> = []
      const stream = streamConcurrent(statements(50), { concurrency: 2, bufferSize: 2, deadline: "25 millis" })
      yield* Effect.sleep("1 second").pipe((sleep) => timed(sleep))
      const { exit } = yield* timed(into(given, Stream.tap(stream, () => Effect.sleep("1 second"))))
      const error = exceeded(errorOf(exit))
      assert.strictEqual(error.startedCount, given.length + error.interrupted.length)
      assert.deepStrictEqual(indexes(given), indexes(given).toSorted((a, b) => a - b))
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("holds where nothing is in flight: a source, or a limiter, that gives nothing", () =>
    Effect.gen(function*() {
      const silent = Stream.concat(Stream.fromIterable(statements(1)), Stream.never)
      const first = yield* timed(executeConcurrent(silent, { deadline: "25 millis" }))
      assert.deepStrictEqual(exceeded(errorOf(first.exit)).summary, {
        started: 1,
        succeeded: 1,
        failed: 0,
        interrupted: 0
      })
      const limiter = yield* Limiter.fixed(1)
      const options = { limiter, deadline: "25 millis" } as const
      const [, second] = yield* Effect.all([
        timed(executeConcurrent(statements(9), { limiter, concurrency: 9, statement: { requestTimeout: "1 minute" } })),
        timed(executeConcurrent(statements(9), options))
      ], { concurrency: 2 })
      assert.strictEqual(second.millis, 25)
      assert.isAtMost(exceeded(errorOf(second.exit)).startedCount, 3)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("stops what a failed run lets finish, and the failure stays its error", () =>
    Effect.gen(function*() {
      for (const ordered of [true, false]) {
        const options = {
          ordered,
          onFirstError: "settle",
          deadline: "25 millis",
          statement: { retry: "none" }
        } as const
        const { exit, millis } = yield* timed(Stream.runDrain(streamConcurrent(statements(3), options)))
        const error = errorOf(exit)
        assert.instanceOf(error, StatementFailed)
        assert.deepStrictEqual([error.failure.index, indexes(error.interrupted), millis], [1, [0, 2], 25])
      }
      const errorBudget = { failures: 1 }
      const run = executeConcurrent(statements(3), { ...collect, errorBudget, deadline: "25 millis" })
      const error = exceeded(errorOf((yield* timed(run)).exit))
      assert.deepStrictEqual([indexes(error.failures), indexes(error.interrupted)], [[1], [0, 2]])
      const soon = executeConcurrent(statements(3), { ...collect, errorBudget, deadline: "2 seconds" })
      assert.instanceOf(errorOf((yield* timed(soon)).exit), ErrorBudgetExhausted)
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 1 ? 10 : 1_000, failing: [1] }))))

  it.effect("is a positive duration, however long", () =>
    Effect.gen(function*() {
      for (const deadline of [0, -1, Number.NaN, "soon"]) {
        const defect = defectOf(yield* Effect.exit(runConcurrent(statements(1), { deadline: deadline as number })))
        assert.instanceOf(defect, InvalidOptions)
        assert.include(String(defect), "deadline")
      }
      for (const deadline of ["60 days", "Infinity"] as const) {
        const { exit } = yield* timed(runConcurrent(statements(3), { deadline }))
        assert.strictEqual(valueOf(exit).succeeded, 3)
      }
    }).pipe(Effect.provide(sessionOf({ latency: (request) => request }))))

  it.effect("closes the source, and ends a wait between attempts", () =>
    Effect.gen(function*() {
      let isClosed = false
      const source = Stream.fromIterable(statements(9)).pipe(Stream.ensuring(Effect.sync(() => {
        isClosed = true
      })))
      const retried = { statement: { requestTimeout: "1 hour" }, deadline: "25 millis", concurrency: 1 } as const
      const { exit, millis } = yield* timed(runConcurrent(source, retried))
      const error = exceeded(errorOf(exit))
      assert.deepStrictEqual([isClosed, millis, error.summary.interrupted], [true, 25, 1])
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      latency: (request) => indexOf(request as never) > 0 ? "1 minute" : 1
    }))))

  it.effect("is an option of every verb, data-last as well", () =>
    Effect.gen(function*() {
      const options = { concurrency: 3, deadline: "25 millis" } as const
      const ids = Array.from({ length: 20 }, (_, id) => id)
      const parameters = ids.map((id) => [id] as const)
      const by = (id: number) => [insert, [id]] as const
      const runs: ReadonlyArray<Effect.Effect<unknown, unknown, Session>> = [
        executeConcurrent(options)(statements(20)),
        executeConcurrentWithArgs(insert, parameters, options),
        executeConcurrentBy(ids, by, options),
        runConcurrent(options)(statements(20)),
        runConcurrentWithArgs(insert, parameters, options),
        runConcurrentBy(ids, by, options),
        Stream.runDrain(streamConcurrent(options)(statements(20))),
        Stream.runDrain(streamConcurrentWithArgs(insert, parameters, options)),
        Stream.runDrain(streamConcurrentBy(ids, by, options))
      ]
      for (const run of runs) {
        const { exit, millis } = yield* timed(run)
        const { startedCount, summary } = exceeded(errorOf(exit))
        assert.deepStrictEqual([millis, startedCount, summary.succeeded, summary.interrupted], [25, 9, 6, 3])
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("shows no rows and no values in its error", () =>
    Effect.gen(function*() {
      const options = { concurrency: 1, deadline: "25 millis" } as const
      const query = "SELECT secret FROM t WHERE a = ?"
      const { exit } = yield* timed(
        executeConcurrentWithArgs(query, [["classified"], ["classified"], ["classified"]], options)
      )
      const error = exceeded(errorOf(exit))
      assert.deepStrictEqual(error.results.map(({ value }) => value?.rows)[0], [{ secret: "classified" }])
      for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error), String(error)]) {
        assert.notInclude(shown, "classified")
      }
    }).pipe(Effect.provide(MockSession.layer({
      latency: "10 millis",
      otherwise: MockSession.rows([{ secret: "classified" }])
    }))))

  it.effect("has one account for every index, whatever the latencies, the failures and the form", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 150; seed++) {
        const random = new Random(seed)
        const count = random.between(1, 39)
        const latencies = Array.from({ length: count }, () => random.between(0, 39))
        const failing = latencies.flatMap((_, index) => random.between(0, 3) === 0 ? [index] : [])
        const session = sessionOf({ latency: (index) => latencies[index]!, failing })
        const form = random.between(0, 2)
        const options = {
          concurrency: random.between(1, 7),
          deadline: random.between(1, 59),
          raiseOnFirstError: false,
          statement: { retry: "none" }
        } as const
        const all = statements(count)
        const given: Array<Result> = []
        const run: Effect.Effect<unknown, unknown, Session> = form === 0
          ? executeConcurrent(all, options)
          : form === 1
          ? executeConcurrent(Stream.fromIterable(all), options)
          : into(given, streamConcurrent(all, { ...options, ordered: form === 2 }))
        const { exit } = yield* timed(run).pipe(Effect.provide(session))
        if (exit._tag === "Success") continue
        const error = exceeded(errorOf(exit))
        const results = form < 2 ? error.results : given
        const accounted = [...indexes(results), ...indexes(error.interrupted)].toSorted((a, b) => a - b)
        assert.deepStrictEqual(accounted, all.slice(0, error.startedCount).map((_, index) => index), `seed ${seed}`)
        assert.deepStrictEqual(
          [error.summary.succeeded, error.summary.failed, error.summary.interrupted],
          [
            results.filter(({ success }) => success).length,
            results.filter(({ success }) => !success).length,
            error.interrupted.length
          ],
          `seed ${seed}`
        )
        if (form !== 3) assert.deepStrictEqual(indexes(results), indexes(results).toSorted((a, b) => a - b))
      }
    }))
})
