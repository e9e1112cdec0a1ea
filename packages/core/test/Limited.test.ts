import {
  executeConcurrent,
  Limiter,
  PageState,
  Reason,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { errorOf, insert, sessionOf, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"

const slow = sessionOf({ latency: () => 10 })

describe("a limiter", () => {
  it.effect("bounds one run below its concurrency, whatever the form", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(3)
      const mock = yield* MockSession.MockSession
      const options = { concurrency: 50, limiter }
      for (
        const run of [
          Effect.asVoid(executeConcurrent(statements(30), options)),
          Effect.asVoid(executeConcurrent(statements(30).values(), options)),
          Effect.asVoid(runConcurrent(statements(30), options)),
          Stream.runDrain(streamConcurrent(statements(30), options))
        ]
      ) {
        yield* mock.reset
        const { exit, millis } = yield* timed(run)
        valueOf(exit)
        assert.deepStrictEqual([yield* mock.peakInFlight, millis, (yield* mock.calls).length], [3, 100, 30])
      }
      assert.deepInclude(yield* limiter.state, { inFlight: 0, waiting: 0 })
    }).pipe(Effect.provide(slow)))

  it.effect("is shared between runs, first come, first served", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(4)
      const mock = yield* MockSession.MockSession
      const run = executeConcurrent(statements(20), { limiter })
      const { millis } = yield* timed(Effect.all([run, run, run], { concurrency: "unbounded" }))
      assert.deepStrictEqual([yield* mock.peakInFlight, millis], [4, 150])
    }).pipe(Effect.provide(slow)))

  it.effect("lets at most one statement of a run wait, so that an iterator is not read ahead", () =>
    Effect.gen(function*() {
      let pulled = 0
      function* source() {
        for (const statement of statements(30)) {
          pulled++
          yield statement
        }
      }
      const limiter = yield* Limiter.fixed(2)
      const fiber = yield* Effect.forkChild(runConcurrent(source(), { concurrency: 10, limiter }))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([pulled, (yield* limiter.state).waiting], [3, 1])
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(yield* limiter.state, { inFlight: 0, waiting: 0 })
    }).pipe(Effect.provide(slow)))

  it.effect("a statement that waits for its first permit has not been started", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2)
      const { exit } = yield* timed(executeConcurrent(statements(30), { limiter }))
      const { failure, interrupted, startedCount, summary } = errorOf(exit)
      assert.deepStrictEqual([failure.index, startedCount, interrupted.map(({ index }) => index)], [4, 6, [5]])
      assert.deepStrictEqual(summary, { started: 6, succeeded: 4, failed: 1, interrupted: 1 })
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 4 ? 5 : 10, failing: [4] }))))

  it.effect("gives its permit back before the wait for a retry", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(1)
      const retry = RetryPolicy.make({
        schedule: RetryPolicy.backoff({ times: 2, initial: "1 minute", max: "1 minute" })
      })
      const { exit, millis } = yield* timed(executeConcurrent(statements(10), { limiter, statement: { retry } }))
      assert.strictEqual(valueOf(exit).length, 10)
      assert.isAtMost(millis, 60_000 + 20)
    }).pipe(Effect.provide(MockSession.layer({
      latency: 10,
      lenient: true,
      answers: [
        MockSession.when(
          insert,
          MockSession.inTurn(MockSession.fail(new Reason.Overloaded({ message: "x" })), MockSession.rows([])),
          { params: [0] }
        )
      ]
    }))))

  it.effect("counts a request that timed out as load until the server has given it up", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(1, { abandonedFor: "5 seconds" })
      const { millis } = yield* timed(executeConcurrent(statements(2), {
        limiter,
        raiseOnFirstError: false,
        statement: { requestTimeout: "1 second" }
      }))
      assert.strictEqual(millis, 6_010)
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 0 ? "1 day" : 10 }))))

  it.effect("holds nothing while the caller of a single statement works", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(1)
      const inFlight: Array<number> = []
      const one = Statement.make(insert, [1])
      const worker = Effect.gen(function*() {
        for (let count = 0; count < 3; count++) {
          yield* one
          inFlight.push((yield* limiter.state).inFlight)
        }
      })
      valueOf((yield* timed(Session.limited(worker, limiter))).exit)
      assert.deepStrictEqual(inFlight, [0, 0, 0])
      // Each was the only one, so that none has waited.
      const waits = (yield* Metric.snapshot).filter(({ id }) => id === "cql.concurrent.queue.wait")
      assert.deepStrictEqual(waits, [])
    }).pipe(Effect.provide(slow), Effect.provideService(Metric.MetricRegistry, new Map())))

  it.live("bounds streams of pages that ask for the next page at once", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2)
      let inFlight = 0
      let peak = 0
      let uncounted = 0
      const session = yield* Session.make({
        send: (_, pageState, done) => {
          peak = Math.max(peak, ++inFlight)
          const n = Number(pageState ?? 0)
          setImmediate(() => {
            uncounted = Math.max(uncounted, inFlight - Effect.runSync(limiter.state).inFlight)
            inFlight--
            done(Exit.succeed({ rows: [{ n }], pageState: n < 20 ? PageState(String(n + 1)) : undefined }))
          })
          return () => {}
        }
      })
      const select = Statement.make("SELECT n FROM t")
      const one = Session.limited(Session.use(({ stream }) => Stream.runCount(stream(select))), limiter)
      // With permits to spare the next page has its own at once, and otherwise it stands in line.
      for (const streams of [1, 2, 5]) {
        const counts = yield* Effect.all(Array.from({ length: streams }, () => one), { concurrency: "unbounded" }).pipe(
          Effect.provideService(Session, session)
        )
        assert.deepStrictEqual(counts, Array.from({ length: streams }, () => 21))
        assert.deepStrictEqual([peak, uncounted], [Math.min(streams, 2), 0])
        assert.strictEqual((yield* limiter.state).inFlight, 0)
      }
    }))

  it.effect("bounds a rate on the Clock", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.rate({ statements: 100, per: "1 second", burst: 1 })
      const { millis } = yield* timed(executeConcurrent(statements(51), { limiter }))
      assert.isAtLeast(millis, 500)
      assert.isAtMost(millis, 520)
    }).pipe(Effect.provide(slow)))

  it.effect("does not slow down what answers at once, nor overflow the stack", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(5)
      const source = Array.from({ length: 100_000 }, () => Statement.make(insert, [1]))
      assert.strictEqual((yield* executeConcurrent(source, { limiter })).length, 100_000)
      assert.strictEqual((yield* runConcurrent(source, { limiter })).succeeded, 100_000)
    }).pipe(Effect.provide(MockSession.layer({ record: false }))))
})

describe("a limited session", () => {
  it.effect("bounds every request made in there: runs, streams, single statements", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2)
      const mock = yield* MockSession.MockSession
      const nested = Stream.fromIterable(statements(5)).pipe(
        Stream.mapEffect(() => executeConcurrent(statements(5)), { concurrency: 5 }),
        Stream.runDrain
      )
      const alone = Effect.forEach(statements(5), (statement) => statement, { concurrency: "unbounded" })
      yield* timed(Effect.all([nested, alone], { concurrency: 2 }).pipe(Session.limited(limiter)))
      assert.strictEqual(yield* mock.peakInFlight, 2)
    }).pipe(Effect.provide(slow)))

  it.effect("takes one permit where the run has the same limiter", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(1)
      const run = executeConcurrent(statements(3), { limiter }).pipe(Session.limited(limiter), Session.limited(limiter))
      const { exit, millis } = yield* timed(run)
      assert.strictEqual(valueOf(exit).length, 3)
      assert.strictEqual(millis, 30)
    }).pipe(Effect.provide(slow)))

  it.effect("comes as a layer, too", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2)
      const { millis } = yield* timed(
        Effect.provide(executeConcurrent(statements(10)), Layer.provide(Session.layerLimited(limiter), slow))
      )
      assert.strictEqual(millis, 50)
    }))
})
