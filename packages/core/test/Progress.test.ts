import {
  Batch,
  executeConcurrent,
  executeConcurrentWithArgs,
  InvalidOptions,
  Limiter,
  type Progress,
  Reason,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { defectOf, sessionOf, statements, timed } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Stream } from "effect"

/** The snapshots of runs that are handed this handler. */
const recorded = () => {
  const seen: Array<Progress> = []
  return { seen, onProgress: (progress: Progress) => Effect.sync(() => void seen.push(progress)) }
}

const millisOf = (duration: Duration.Duration) => Math.round(Duration.toMillis(duration))
const near = (actual: Duration.Duration, expected: number) =>
  assert.isTrue(
    Duration.toMillis(actual) >= expected * 0.999 && Duration.toMillis(actual) <= expected * 1.05,
    `${Duration.toMillis(actual)} ms is not within 5 % of ${expected} ms`
  )

describe("the slowest statements", () => {
  it.effect("have texts of a bounded length without literals, also those of batches, wherever they are cut", () =>
    Effect.gen(function*() {
      for (const literal of ["7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1", "'s3cret s3cret'", "4711471147114711"]) {
        for (let length = 9_930; length <= 9_985; length += 9) {
          const { onProgress, seen } = recorded()
          const text = `INSERT INTO t (a, b) VALUES ('${"x".repeat(length)}', ${literal})`
          const batch = Batch.make([Statement.make(text), Statement.make(text)])
          const run = executeConcurrent([Statement.make(text), batch], { onProgress, raiseOnFirstError: false })
          yield* timed(run, "1 second")
          const shown = seen.at(-1)!.slowest.map(({ text }) => text)
          assert.lengthOf(shown, 2)
          for (const each of shown) {
            assert.match(each, /^INSERT INTO t \(a, b\) VALUES \(\?/)
            assert.notMatch(each, /cc5a|ffa50|s3cret|47|xx|cc/)
            assert.isAtMost(each.length, 503)
          }
        }
      }
    }).pipe(Effect.provide(MockSession.layer({ latency: "1 millis" }))))
})

describe("the progress of a run", () => {
  it.effect("comes at an interval of one's own", () =>
    Effect.gen(function*() {
      for (const [progressInterval, expected] of [[undefined, 5], ["500 millis", 2], ["1 minute", 1]] as const) {
        const { onProgress, seen } = recorded()
        yield* timed(runConcurrent(statements(100), { concurrency: 1, onProgress, progressInterval }))
        assert.isAtLeast(seen.length, expected)
        assert.isAtMost(seen.length, expected + 1)
        const times = seen.map(({ elapsed }) => millisOf(elapsed))
        assert.strictEqual(times[0], seen.length === 1 ? 1_000 : progressInterval === undefined ? 200 : 500)
      }
      for (const progressInterval of [0, -1, "Infinity", "soon"]) {
        const exit = yield* Effect.exit(runConcurrent([], { progressInterval: progressInterval as number }))
        assert.instanceOf(defectOf(exit), InvalidOptions)
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("has percentiles of the times of statements, of the interval and of the whole run", () =>
    Effect.gen(function*() {
      const { onProgress, seen } = recorded()
      yield* timed(
        executeConcurrent(statements(200), { concurrency: 200, onProgress, progressInterval: "150500 micros" })
      )
      const first = seen[0]!
      assert.strictEqual(first.latency.count, 150)
      near(first.latency.percentile(0.5), 75)
      const last = seen.at(-1)!
      assert.strictEqual(last.latencyOverall.count, 200)
      near(last.latencyOverall.percentile(0.5), 100)
      near(last.latencyOverall.percentile(0.99), 198)
      near(last.latencyOverall.percentile(0.999), 200)
      assert.strictEqual(millisOf(last.latencyOverall.max), 200)
      assert.strictEqual(millisOf(last.latencyOverall.percentile(1)), 200)
      assert.strictEqual(last.latency.count, 50)
      near(last.latency.percentile(0.02), 151)
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index + 1 }))))

  it.effect("counts failures by their reason and their node, and retries", () =>
    Effect.gen(function*() {
      const { onProgress, seen } = recorded()
      const reason = new Reason.Unavailable({
        message: "few",
        consistency: "ONE",
        required: 1,
        alive: 0,
        coordinator: "10.0.0.1:9042"
      })
      yield* timed(
        executeConcurrent(statements(20), {
          onProgress,
          raiseOnFirstError: false,
          statement: { retry: RetryPolicy.standard }
        })
      ).pipe(
        Effect.provide(sessionOf({ latency: () => 10, failing: [3, 5], reason }))
      )
      const last = seen.at(-1)!
      assert.deepStrictEqual(last.failures, { Unavailable: 2 })
      assert.deepStrictEqual(last.failuresByNode, { "10.0.0.1:9042": 2 })
      assert.isAbove(last.retried, 0)
    }))

  it.effect("has the state of the tightest limiter, of the run or of the session", () =>
    Effect.gen(function*() {
      const { onProgress, seen } = recorded()
      const limiter = yield* Limiter.fixed(2)
      yield* timed(executeConcurrent(statements(50), { concurrency: 5, onProgress, limiter }))
      assert.deepInclude(seen[0]!.limiter, { limit: 2, inFlight: 2, abandoned: 0 })
      assert.strictEqual(seen[0]!.concurrency, 5)
      const ofSession = recorded()
      const run = executeConcurrent(statements(50), { concurrency: 5, onProgress: ofSession.onProgress })
      yield* timed(run.pipe(Session.limited(yield* Limiter.fixed(3))))
      assert.strictEqual(ofSession.seen[0]!.limiter?.limit, 3)
      const none = recorded()
      yield* timed(executeConcurrent(statements(1), { onProgress: none.onProgress }))
      assert.isUndefined(none.seen[0]!.limiter)
    }).pipe(Effect.provide(sessionOf({ latency: () => 20 }))))

  it.effect("has the reason of the limiter's last move", () =>
    Effect.gen(function*() {
      const { onProgress, seen } = recorded()
      const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 4 })
      yield* timed(runConcurrent(statements(5_000), { concurrency: 64, onProgress, limiter }))
      const moves = seen.flatMap(({ limiter }) => limiter?.lastMove ?? [])
      assert.isNotEmpty(moves)
      for (const { age, reason } of moves) {
        assert.isString(reason)
        assert.isAtLeast(Duration.toMillis(age), 0)
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 5 }))))

  it.effect("has the slowest statements, without their values and literals", () =>
    Effect.gen(function*() {
      const { onProgress, seen } = recorded()
      const text =
        "UPDATE t SET a = 'se''cret' , b=42 /* 'secret' */ WHERE c = ? AND d = ? AND \"E\" = $$secret$$ -- secret"
      const parameters = Array.from({ length: 30 }, (_, index) => [index, "classified"])
      yield* timed(Stream.runDrain(streamConcurrent(
        parameters.map((params) => [text, params] as const),
        { onProgress, raiseOnFirstError: false, concurrency: 30 }
      )))
      const { slowest } = seen.at(-1)!
      assert.deepStrictEqual(slowest.map(({ index }) => index), [29, 28, 27, 26, 25, 24, 23, 22, 21, 20])
      assert.deepStrictEqual(slowest.map(({ duration }) => millisOf(duration)).slice(0, 2), [300, 290])
      assert.deepStrictEqual(slowest[0], {
        index: 29,
        text: "UPDATE t SET a = ? , b=? WHERE c = ? AND d = ? AND \"E\" = ?",
        duration: slowest[0]!.duration,
        result: "Success"
      })
      assert.strictEqual(slowest[3]!.result, "SyntaxError")
      assert.notMatch(JSON.stringify(seen), /secret|classified/)
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      latency: (request) => (Number(request._tag === "Statement" && request.params[0]) + 1) * 10,
      answers: [MockSession.when(
        (request) => request._tag === "Statement" && request.params[0] === 26,
        MockSession.fail(new Reason.SyntaxError({ message: "no" }))
      )]
    }))))

  it.effect("measures nothing where it is not asked for", () =>
    Effect.gen(function*() {
      let reads = 0
      const clock = yield* Clock.Clock
      const counting = Object.create(clock, {
        monotonicTimeNanosUnsafe: {
          value: () => {
            reads++
            return clock.monotonicTimeNanosUnsafe()
          }
        }
      })
      const readsOf = (count: number, options: object) =>
        Effect.gen(function*() {
          reads = 0
          yield* executeConcurrentWithArgs("INSERT INTO t (a) VALUES (?)", parametersOf(count), options).pipe(
            Effect.provideService(Clock.Clock, counting)
          )
          return reads
        })
      assert.strictEqual(yield* readsOf(1_000, {}), yield* readsOf(10, {}))
      assert.isAbove(yield* readsOf(1_000, { onProgress: () => Effect.void }), 2_000)
    }).pipe(Effect.provide(MockSession.layer({ metrics: false, spans: false }))))
})

const parametersOf = (count: number) => Array.from({ length: count }, (_, id) => [id] as const)
