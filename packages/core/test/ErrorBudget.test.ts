import {
  ErrorBudgetExhausted,
  executeConcurrent,
  type ExecutionResult,
  isErrorBudgetExhausted,
  Limiter,
  RetryPolicy,
  runConcurrent,
  SourceError,
  streamConcurrent
} from "@effect-cql/core"
import { Random } from "@effect-cql/test-support/random"
import {
  defectOf,
  errorOf,
  indexOf,
  overloaded,
  sessionOf,
  statements,
  timed,
  valueOf
} from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { inspect } from "node:util"

const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

const exhausted = <Row>(error: ErrorBudgetExhausted<Row> | unknown): ErrorBudgetExhausted => {
  assert.instanceOf(error, ErrorBudgetExhausted)
  return error
}

describe("a number of failures", () => {
  const collect = { raiseOnFirstError: false, concurrency: 4, errorBudget: { failures: 3 } } as const

  it.effect("nothing starts after the last of them, and what is in flight finishes", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const all = statements(100)
      const error = exhausted(errorOf((yield* timed(executeConcurrent(all, collect))).exit))
      assert.isTrue(isErrorBudgetExhausted(error))
      assert.isFalse(isErrorBudgetExhausted({ _tag: "ErrorBudgetExhausted", failure: null }))
      assert.isFalse(isErrorBudgetExhausted(error.failure.error))
      assert.strictEqual(error.failure.index, 12)
      assert.strictEqual(error.reason._tag, "Overloaded")
      assert.strictEqual(error.startedCount, (yield* mock.calls).length)
      assert.deepStrictEqual([...error.notStarted(all)], all.slice(error.startedCount))
      assert.deepStrictEqual(error.results.map(({ index }) => index), from(0, error.startedCount))
      assert.deepStrictEqual(error.results.flatMap((r) => r.success ? [] : [r.index]), [10, 11, 12])
      assert.deepStrictEqual(error.summary, { started: 16, succeeded: 13, failed: 3, interrupted: 0 })
      assert.include(error.message, "3 statements failed, the last of them statement 12")
    }).pipe(Effect.provide(sessionOf({ latency: (index) => 10 + index % 4, failing: from(10, 3) }))))

  it.effect("fewer failures than the budget are results like any", () =>
    Effect.gen(function*() {
      const results = valueOf((yield* timed(executeConcurrent(statements(100), collect))).exit)
      assert.lengthOf(results, 100)
      assert.strictEqual(results.filter(({ success }) => !success).length, 2)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [5, 90] }))))

  it.effect("what fails while the rest finishes is a result as well", () =>
    Effect.gen(function*() {
      const error = exhausted(errorOf((yield* timed(executeConcurrent(statements(100), collect))).exit))
      assert.strictEqual(error.summary.failed, 4)
      assert.strictEqual(error.results.filter(({ success }) => !success).length, 4)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(0, 4) }))))

  it.effect("a stream hands over every result before it fails", () =>
    Effect.gen(function*() {
      for (const ordered of [true, false]) {
        const given: Array<ExecutionResult.ExecutionResult<unknown>> = []
        const stream = streamConcurrent(statements(100), { ...collect, ordered })
        const { exit } = yield* timed(
          Stream.runForEach(stream, (result) => Effect.sync(() => given.push(result)))
        )
        const error = exhausted(errorOf(exit))
        assert.deepStrictEqual(given.map(({ index }) => index).toSorted((a, b) => a - b), from(0, error.startedCount))
        assert.deepStrictEqual(error.results, [])
      }
    }).pipe(Effect.provide(sessionOf({ latency: (index) => 10 + index % 7, failing: from(10, 3) }))))

  it.effect("the source is closed at once", () =>
    Effect.gen(function*() {
      let pulled = 0
      let closed = false
      function* source() {
        try {
          for (const statement of statements(100)) {
            pulled++
            yield statement
          }
        } finally {
          closed = true
        }
      }
      const error = exhausted(errorOf((yield* timed(runConcurrent(source(), collect))).exit))
      assert.strictEqual(pulled, error.startedCount)
      assert.isTrue(closed)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(10, 3) }))))

  it.effect("retries do not count, only the end of a statement does", () =>
    Effect.gen(function*() {
      const retry = RetryPolicy.make({
        schedule: RetryPolicy.backoff({ times: 2 }),
        budget: { minimum: 1_000, share: 1 }
      })
      const run = executeConcurrent(statements(2), {
        ...collect,
        statement: { retry, idempotent: true }
      })
      const results = valueOf((yield* timed(run)).exit)
      assert.deepStrictEqual(results.map((result) => result.success ? 0 : result.error.attempts), [3, 3])
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [0, 1] }))))

  it.effect("a statement that waits for a limiter is not started", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2)
      const run = executeConcurrent(statements(100), { ...collect, limiter })
      const error = exhausted(errorOf((yield* timed(run)).exit))
      assert.deepStrictEqual(error.summary, { started: 4, succeeded: 0, failed: 4, interrupted: 0 })
      assert.strictEqual(error.startedCount, 4)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(0, 100) }))))

  it.effect("a source that failed before ends the run with its own error", () =>
    Effect.gen(function*() {
      function* source() {
        yield* statements(4)
        throw new Error("no more")
      }
      const error = errorOf((yield* timed(executeConcurrent(source(), collect))).exit)
      assert.instanceOf(error, SourceError)
      assert.lengthOf(error.failures, 4)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(0, 4) }))))

  it.effect("includes what can be settled, and shows no rows", () =>
    Effect.gen(function*() {
      const error = exhausted(errorOf((yield* timed(executeConcurrent(statements(100), collect))).exit))
      assert.deepStrictEqual(error.unsettled.map(({ index }) => index), [10, 11, 12])
      for (const shown of [inspect(error, { depth: null }), JSON.stringify(error)]) {
        assert.include(shown, "startedCount")
        assert.notInclude(shown, "s3cret")
      }
    }).pipe(Effect.provide(MockSession.layer({
      answers: [MockSession.when((request) => indexOf(request as never) >= 10, MockSession.fail(overloaded))],
      otherwise: MockSession.rows([{ a: "s3cret" }])
    }))))
})

describe("a share of the last statements", () => {
  const collect = { raiseOnFirstError: false, concurrency: 1 } as const

  it.effect("it is exhausted when so many of the window have failed", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(100), { ...collect, errorBudget: { share: 0.5, window: 4 } })
      const error = exhausted(errorOf((yield* timed(run)).exit))
      // 0, 5, 10 and 15 are too far apart; 21 and 23 are two of four.
      assert.strictEqual(error.failure.index, 23)
      assert.include(error.message, "a share of 0.5 of the last 4 statements may fail")
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [0, 5, 10, 15, 21, 23, 24] }))))

  it.effect("the first failures count before the window is full", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(100), { ...collect, errorBudget: { share: 0.2, window: 20 } })
      assert.strictEqual(exhausted(errorOf((yield* timed(run)).exit)).startedCount, 4)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(0, 100) }))))

  it.effect("a share is of whole statements, whatever its fractions are", () =>
    Effect.gen(function*() {
      for (const [share, failures] of [[0.07, 7], [0.14, 14], [0.28, 28], [0.29, 29], [0.075, 8]] as const) {
        const run = executeConcurrent(statements(200), { ...collect, errorBudget: { share, window: 100 } })
        assert.strictEqual(exhausted(errorOf((yield* timed(run)).exit)).startedCount, failures)
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: from(0, 200) }))))

  it.effect("a share of less than one statement is one", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(100), { ...collect, errorBudget: { share: 0.01, window: 10 } })
      assert.strictEqual(exhausted(errorOf((yield* timed(run)).exit)).startedCount, 8)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [7] }))))
})

it.effect("stops at the very failure that a plain count of ends would stop at, whatever the latencies", () =>
  Effect.gen(function*() {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed)
      const count = random.between(1, 60)
      const latencies = Array.from({ length: count }, () => random.between(0, 30))
      const failing = new Set(from(0, count).filter(() => random.chance(0.25)))
      const window = random.between(1, 12)
      const share = random.between(1, 10) / 10
      const errorBudget = random.chance(0.5) ? { failures: random.between(1, 8) } : { share, window }
      const ended: Array<boolean> = []
      let failed = 0
      const isSpent = (): boolean => {
        const counted = "window" in errorBudget ? ended.slice(-window) : ended
        const most = "window" in errorBudget ? Math.max(1, Math.ceil(share * window - 1e-9)) : errorBudget.failures
        return ended.at(-1) === true && counted.filter(Boolean).length >= most
      }
      const session = sessionOf({ latency: (index) => latencies[index]!, failing: [...failing] })
      const unordered = streamConcurrent(statements(count), {
        concurrency: random.between(1, 8),
        raiseOnFirstError: false,
        ordered: false,
        errorBudget
      })
      let spentAt: number | undefined
      const run = Stream.runForEach(unordered, (result) =>
        Effect.sync(() => {
          ended.push(!result.success)
          if (spentAt === undefined && isSpent()) spentAt = result.index
          if (!result.success) failed++
        }))
      const { exit } = yield* timed(run).pipe(Effect.provide(session))
      const message = `seed ${seed}`
      if (spentAt === undefined) {
        valueOf(exit)
        assert.lengthOf(ended, count, message)
        continue
      }
      const error = exhausted(errorOf(exit))
      assert.strictEqual(error.failure.index, spentAt, message)
      assert.strictEqual(error.summary.failed, failed, message)
      assert.lengthOf(ended, error.startedCount, message)
      assert.isAtMost(error.startedCount, count, message)
    }
  }))

describe("bad budgets are refused before anything starts", () => {
  const cases: ReadonlyArray<readonly [budget: unknown, option: string]> = [
    [{ failures: 0 }, "errorBudget.failures"],
    [{ failures: 1.5 }, "errorBudget.failures"],
    [{ failures: 5, share: 0.5 }, "errorBudget.share"],
    [{ share: 0.5 }, "errorBudget.window"],
    [{ share: 0, window: 5 }, "errorBudget.share"],
    [{ share: 1.1, window: 5 }, "errorBudget.share"],
    [{ share: Number.NaN, window: 5 }, "errorBudget.share"],
    [{ share: 0.5, window: 1e12 }, "errorBudget.window"],
    [{ failure: 5 }, "errorBudget.failure"],
    [5, "errorBudget"],
    [null, "errorBudget"]
  ]
  for (const [budget, option] of cases) {
    it.effect(`${JSON.stringify(budget)}: ${option}`, () =>
      Effect.gen(function*() {
        const run = executeConcurrent(statements(2), { raiseOnFirstError: false, errorBudget: budget as never })
        assert.deepInclude(defectOf((yield* timed(run)).exit), { _tag: "InvalidOptions", option })
      }).pipe(Effect.provide(sessionOf({ reason: overloaded }))))
  }

  it.effect("a run that stops at its first failure has no use for one", () =>
    Effect.gen(function*() {
      const run = executeConcurrent(statements(2), { errorBudget: { failures: 5 } as never })
      assert.deepInclude(defectOf((yield* timed(run)).exit), { option: "raiseOnFirstError" })
    }).pipe(Effect.provide(sessionOf({}))))
})
