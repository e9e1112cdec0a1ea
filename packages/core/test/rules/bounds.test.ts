import {
  Batch,
  CqlError,
  executeConcurrent,
  InvalidOptions,
  Limiter,
  PageState,
  type Progress,
  Query,
  Reason,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { defectOf, sessionOf, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

describe("rule 9: bad options", () => {
  for (const concurrency of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "100" as never]) {
    it.effect(`concurrency ${String(concurrency)} dies before the source is opened`, () =>
      Effect.gen(function*() {
        let opened = false
        const source = {
          *[Symbol.iterator]() {
            opened = true
            yield* statements(1)
          }
        }
        for (
          const exit of [
            yield* Effect.exit(Effect.asVoid(executeConcurrent(source, { concurrency }))),
            yield* Effect.exit(Effect.asVoid(runConcurrent(source, { concurrency }))),
            yield* Effect.exit(Stream.runDrain(streamConcurrent(source, { concurrency })))
          ]
        ) {
          const defect = defectOf(exit)
          assert.instanceOf(defect, InvalidOptions)
          assert.strictEqual(defect.option, "concurrency")
          assert.deepStrictEqual(defect.value, concurrency)
        }
        assert.isFalse(opened)
      }).pipe(Effect.provide(sessionOf({}))))
  }

  it.effect("so do a negative buffer and a negative timeout", () =>
    Effect.gen(function*() {
      const buffer = yield* Effect.exit(Stream.runDrain(streamConcurrent(statements(1), { bufferSize: -1 })))
      assert.include(String(defectOf(buffer)), "bufferSize: expected an integer of at least 0, got -1")
      const timeout = yield* Effect.exit(executeConcurrent(statements(1), { statement: { requestTimeout: -5 } }))
      assert.include(
        String(defectOf(timeout)),
        "statement.requestTimeout: expected a positive duration, such as \"5 seconds\", got -5"
      )
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("so do options of statements that no request can have", () =>
    Effect.gen(function*() {
      const table: ReadonlyArray<readonly [options: unknown, reported: RegExp]> = [
        [null, /statement: expected an object, got null/],
        ["fast", /statement: expected an object, got "fast"/],
        [{ timestamp: 2n ** 63n }, /statement\.timestamp: .* of 64 bits, got 9223372036854775808/],
        [{ timestamp: -(2n ** 63n) }, /statement\.timestamp/],
        [{ pageSize: 2 ** 31 }, /statement\.pageSize: expected an integer from 1 to 2147483647, got 2147483648/],
        [{ tracing: 1 }, /statement\.tracing: expected .*, got 1/],
        [{ executionProfile: "" }, /statement\.executionProfile: expected .*, got ""/],
        [{ routing: null }, /statement\.routing: expected .*, got null/],
        [{ routing: { key: "abc" } }, /statement\.routing: expected .* Uint8Array.*, got an object/],
        [{ routing: { key: [] } }, /statement\.routing/],
        [{ routing: { token: 7 } }, /statement\.routing: expected .* a bigint, got an object/],
        [{ routing: { token: 7n, key: new Uint8Array(1) } }, /statement\.routing/]
      ]
      for (const [statement, reported] of table) {
        assert.match(
          String(defectOf(yield* Effect.exit(executeConcurrent(statements(1), { statement } as never)))),
          reported
        )
      }
      assert.match(
        String(defectOf(yield* Effect.exit(executeConcurrent(statements(1), 5 as never)))),
        /options: expected an object, got 5/
      )
      const many = Array.from({ length: 65_536 }, () => statements(1)[0]!)
      assert.throws(() => Batch.make(many), InvalidOptions, /expected at most 65535 in a batch.*, got 65536 of them/)
      assert.throws(
        () => Query.make("SELECT a FROM t", { row: 5 as never }),
        InvalidOptions,
        /row: expected a Schema, got 5/
      )
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("a timeout of more than a timer can take is no timeout", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(executeConcurrent(statements(1), { statement: { requestTimeout: "30 days" } }))
      assert.lengthOf(valueOf(exit), 1)
      const mock = yield* MockSession.MockSession
      assert.isUndefined((yield* mock.calls)[0]?.request.options.requestTimeout)
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("a string, a lone statement and a promise are no source", () =>
    Effect.gen(function*() {
      for (const source of ["SELECT 1", statements(1)[0], Promise.resolve([]), undefined, 42]) {
        const exit = yield* Effect.exit(executeConcurrent(source as never, {}))
        assert.strictEqual((defectOf(exit) as InvalidOptions).option, "statements")
      }
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("a concurrency above the capacity is clamped to it", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      for (const concurrency of [50, "unbounded", undefined] as const) {
        yield* mock.reset
        yield* timed(executeConcurrent(statements(40), { concurrency }))
        assert.strictEqual(yield* mock.peakInFlight, 7)
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, capacity: 7 }))))

  it.effect("without a capacity \"unbounded\" has no bound", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      yield* timed(executeConcurrent(statements(2_000), { concurrency: "unbounded" }))
      assert.strictEqual(yield* mock.peakInFlight, 2_000)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("zero statements give an empty result", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* executeConcurrent([]), [])
      assert.deepStrictEqual(yield* Stream.runCollect(streamConcurrent([])), [])
      assert.deepStrictEqual(yield* runConcurrent(new Set<never>()), {
        started: 0,
        succeeded: 0,
        failed: 0,
        interrupted: 0
      })
    }).pipe(Effect.provide(sessionOf({}))))
})

describe("rule 10: stack, heap, fairness", () => {
  const instant = MockSession.layer({ record: false })
  const size = 200_000
  const statement = statements(1)[0]!
  function* many() {
    for (let index = 0; index < size; index++) yield statement
  }

  it.effect("200,000 statements that complete synchronously overflow nothing", () =>
    Effect.gen(function*() {
      const results = yield* executeConcurrent(Array.from({ length: 100_000 }, () => statement))
      assert.strictEqual(results.length, 100_000)
      for (const concurrency of [1, 4_096]) {
        assert.strictEqual((yield* runConcurrent(many(), { concurrency })).succeeded, size)
      }
      const streamed = yield* Stream.runFold(streamConcurrent(many()), () => 0, (count) => count + 1)
      assert.strictEqual(streamed, size)
    }).pipe(Effect.provide(instant)), 60_000)

  it.live("the event loop gets a turn, so that an endless synchronous run can be interrupted", () =>
    Effect.gen(function*() {
      let started = 0
      function* endless() {
        while (true) {
          started++
          yield statement
        }
      }
      const fiber = yield* Effect.forkChild(runConcurrent(endless()))
      yield* Effect.sleep(50)
      yield* Fiber.interrupt(fiber)
      assert.isAtLeast(started, 2_048)
    }).pipe(Effect.provide(instant)))

  it.live("so can an array of any length", () =>
    Effect.gen(function*() {
      let turns = 0
      const count = () => {
        turns++
        immediate = setImmediate(count)
      }
      let immediate = setImmediate(count)
      yield* executeConcurrent(Array.from({ length: 100_000 }, () => statement), { concurrency: 4_096 })
      clearImmediate(immediate)
      assert.isAtLeast(turns, Math.floor(100_000 / 2_048) - 1)
    }).pipe(Effect.provide(instant)))

  it.live("so can a result whose pages never end, executed alone and in a run", () =>
    Effect.gen(function*() {
      let pages = 0
      const endless = MockSession.layer({
        record: false,
        otherwise: () => Effect.sync(() => ({ rows: [], pageState: PageState(`${pages++}`) }))
      })
      for (const run of [Effect.asVoid(statement), Effect.asVoid(Effect.orDie(executeConcurrent([statement])))]) {
        const fiber = yield* Effect.forkChild(Effect.provide(run, endless))
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
        const before = pages
        yield* Effect.sleep(20)
        assert.strictEqual(pages, before)
        assert.isAtLeast(pages, 2_048)
      }
    }))

  it.live("pages that never end are fetched no more once another statement has failed", () => {
    let pages = 0
    const failing = Statement.make("SELECT v FROM failing")
    const layer = MockSession.layer({
      record: false,
      otherwise: (request) =>
        request._tag === "Statement" && request.text === failing.text
          ? Effect.fail(new CqlError({ reason: new Reason.Overloaded({ message: "too many" }), query: failing.text }))
          : Effect.sync(() => ({ rows: [], pageState: PageState(`${pages++}`) }))
    })
    return Effect.gen(function*() {
      const run = executeConcurrent([statement, failing], { statement: { retry: "none" } })
      const error = yield* Effect.flip(run)
      assert(error._tag === "StatementFailed")
      assert.deepStrictEqual([error.failure.index, error.interrupted.map(({ index }) => index)], [1, [0]])
      const before = pages
      yield* Effect.sleep(20)
      assert.strictEqual(pages, before)
    }).pipe(Effect.provide(layer))
  })

  it.live("so can statements and pages that take turns at the permit of a limiter", () =>
    Effect.gen(function*() {
      let sent = 0
      let turns = 0
      const session = yield* Session.make({
        send: (request, pageState, done) => {
          sent++
          const id = request._tag === "Statement" ? Number(request.params[0]) : Number.NaN
          const page = id < 2 && sent < 20_000 ? { rows: [], pageState: PageState("next") } : { rows: [] }
          if (id === 0 && pageState === undefined) setImmediate(() => done(Exit.succeed(page)))
          else done(Exit.succeed(page))
          return () => {}
        }
      })
      const count = () => {
        turns++
        immediate = setImmediate(count)
      }
      let immediate = setImmediate(count)
      const selects = Array.from({ length: 20_000 }, (_, id) => ["SELECT a FROM app.t WHERE id = ?", [id]] as const)
      const limiter = yield* Limiter.fixed(1)
      yield* Effect.provideService(runConcurrent(selects, { concurrency: 4, limiter }), Session, session)
      clearImmediate(immediate)
      assert.isAtLeast(turns, Math.floor(sent / 2_100))
    }))

  it.effect("a result of many pages that are there at once overflows nothing", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 20_000 }, (_, id) => ({ id }))
      const paged = MockSession.layer({ defaults: { pageSize: 1 }, otherwise: MockSession.rows(rows) })
      const result = yield* Effect.provide(statement, paged)
      assert.strictEqual(result.length, 20_000)
    }))
})

describe("rule 12: accounting", () => {
  it.effect("every snapshot of the progress adds up, and the last one is exact", () =>
    Effect.gen(function*() {
      const seen: Array<Progress> = []
      yield* timed(executeConcurrent(statements(1_000), {
        concurrency: 10,
        raiseOnFirstError: false,
        onProgress: (progress) => Effect.sync(() => seen.push(progress))
      }))
      assert.isAbove(seen.length, 3)
      for (const { failed, inFlight, interrupted, started, succeeded } of seen) {
        assert.strictEqual(started, succeeded + failed + inFlight + interrupted)
      }
      const { failed, inFlight, interrupted, retried, started, succeeded } = seen.at(-1)!
      assert.deepStrictEqual([started, succeeded, failed, interrupted, inFlight, retried], [1_000, 998, 2, 0, 0, 0])
    }).pipe(Effect.provide(sessionOf({ latency: () => 10, failing: [3, 500] }))))

  it.effect("also on interruption", () =>
    Effect.gen(function*() {
      const seen: Array<Progress> = []
      const run = runConcurrent(statements(1_000), {
        concurrency: 10,
        onProgress: (progress) => Effect.sync(() => seen.push(progress))
      })
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust(55)
      yield* Fiber.interrupt(fiber)
      const { failed, inFlight, interrupted, started, succeeded } = seen.at(-1)!
      assert.deepStrictEqual([started, succeeded, failed, inFlight, interrupted], [60, 50, 0, 0, 10])
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("a handler that fails, or never returns, harms nothing", () =>
    Effect.gen(function*() {
      const broken = yield* timed(
        executeConcurrent(statements(100), { concurrency: 1, onProgress: () => Effect.die("x") })
      )
      assert.strictEqual(valueOf(broken.exit).length, 100)
      const hanging = yield* timed(
        executeConcurrent(statements(100), { concurrency: 1, onProgress: () => Effect.never })
      )
      assert.strictEqual(valueOf(hanging.exit).length, 100)
      assert.strictEqual(hanging.millis - broken.millis, 1_000)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})
