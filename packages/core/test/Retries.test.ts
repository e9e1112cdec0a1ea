import {
  Batch,
  executeConcurrent,
  InvalidOptions,
  type Progress,
  Query,
  Reason,
  RetryPolicy,
  Session,
  Statement
} from "@effect-cql/core"
import { insert, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"

const message = "x"
const unavailable = new Reason.Unavailable({ message, consistency: "ALL", required: 3, alive: 2 })
const overloaded = new Reason.Overloaded({ message })
const write = Statement.make(insert, [1])
const counter = Statement.make("UPDATE app.counters SET c = c + 1 WHERE a = 1")

/** A session that fails with these reasons, one an attempt, and then succeeds; retries are on. */
const failing = (...reasons: ReadonlyArray<Reason.Reason>) =>
  MockSession.layer({
    defaults: { retry: RetryPolicy.standard },
    otherwise: MockSession.rows([]),
    answers: reasons.length === 0
      ? []
      : [MockSession.when(() => true, MockSession.inTurn(...inTurn(reasons), MockSession.rows([])))]
  })

const times = <A>(count: number, value: A): Array<A> => Array.from({ length: count }, () => value)

const inTurn = (reasons: ReadonlyArray<Reason.Reason>) =>
  reasons.map(MockSession.fail) as [MockSession.Reply, ...Array<MockSession.Reply>]

/** How often a statement was sent, and how it ended. */
const run = (statement: Statement.Statement<unknown>, ...reasons: ReadonlyArray<Reason.Reason>) =>
  Effect.gen(function*() {
    const { exit } = yield* timed(Effect.result(statement))
    const mock = yield* MockSession.MockSession
    const result = valueOf(exit)
    return {
      sent: (yield* mock.calls).length,
      end: result._tag === "Success" ? "Success" : `${result.failure.reason._tag}, ${result.failure.outcome}`,
      attempts: result._tag === "Failure" ? result.failure.attempts : undefined
    }
  }).pipe(Effect.provide(failing(...reasons)))

describe("what is retried", () => {
  it.effect("a passing reason that left nothing behind, whatever the statement", () =>
    Effect.gen(function*() {
      for (const reason of [unavailable, new Reason.Busy({ message }), new Reason.IsBootstrapping({ message })]) {
        assert.deepStrictEqual(yield* run(counter, reason, reason), { sent: 3, end: "Success", attempts: undefined })
      }
    }))

  it.effect("not a counter of several partitions, if some were counted before a replica was missing", () =>
    Effect.gen(function*() {
      for (const where of ["a IN (1, 2)", "a IN ? AND b = 1"]) {
        const params = where.includes("?") ? [[1, 2]] : []
        const many = Statement.make(`UPDATE app.counters SET c = c + 1 WHERE ${where}`, params)
        const expected = { sent: 1, end: "Unavailable, Unknown", attempts: 1 }
        assert.deepStrictEqual(yield* run(many, unavailable), expected)
      }
      const again = yield* run(Statement.make("DELETE FROM app.users WHERE id IN (1, 2)"), unavailable)
      assert.deepStrictEqual(again, { sent: 2, end: "Success", attempts: undefined })
    }))

  it.effect("full connections are waited out, beyond the attempts of the policy and its budget", () =>
    Effect.gen(function*() {
      const busy = new Reason.Busy({ message })
      const full = new Reason.NoHostAvailable({ message, hosts: [{ host: "a", reason: busy }, { host: "b" }] })
      for (const reason of [busy, full]) {
        const waits = Array.from({ length: 12 }, () => reason)
        assert.deepStrictEqual(yield* run(counter, ...waits), { sent: 13, end: "Success", attempts: undefined })
        const end = `${reason._tag}, NotApplied`
        assert.deepStrictEqual(yield* run(counter, ...waits, reason), { sent: 13, end, attempts: 0 })
        assert.strictEqual((yield* run(Statement.withOptions(counter, { retry: "none" }), ...waits)).sent, 1)
        const hasty = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1, max: 0 }) })
        const { millis } = yield* timed(Effect.result(Statement.withOptions(counter, { retry: hasty }))).pipe(
          Effect.provide(failing(...waits, reason))
        )
        assert.isAtLeast(millis, 5_000)
      }
      const down = new Reason.NoHostAvailable({ message, hosts: [{ host: "a" }] })
      assert.strictEqual((yield* run(counter, down, down, down, down)).sent, 3)
    }))

  it.effect("a reason that may have left something behind, where twice is as once", () =>
    Effect.gen(function*() {
      const timeout = new Reason.WriteTimeout({
        message,
        consistency: "ONE",
        received: 0,
        blockFor: 1,
        writeType: "SIMPLE"
      })
      for (const reason of [overloaded, timeout, new Reason.ConnectionClosed({ message })]) {
        assert.strictEqual((yield* run(write, reason)).sent, 2)
        assert.strictEqual((yield* run(counter, reason)).sent, 1)
        assert.strictEqual((yield* run(Statement.withOptions(counter, { idempotent: true }), reason)).sent, 2)
        assert.strictEqual((yield* run(Statement.withOptions(write, { idempotent: false }), reason)).sent, 1)
      }
    }))

  it.effect("of a batch by its own mark, those of its statements, and that of the run, in this order", () =>
    Effect.gen(function*() {
      const not = Statement.withOptions(write, { idempotent: false })
      const marked = Statement.withOptions(counter, { idempotent: true })
      const table: ReadonlyArray<readonly [batch: Batch.Batch, behind: boolean | undefined, sent: number]> = [
        [Batch.make([write, write]), undefined, 2],
        [Batch.make([write, write]), false, 1],
        [Batch.make([write, not]), undefined, 1],
        [Batch.make([write, not]), true, 1],
        [Batch.make([write, not], { idempotent: true }), undefined, 2],
        [Batch.make([write, counter]), undefined, 1],
        [Batch.make([write, counter]), true, 2],
        [Batch.make([write, marked]), undefined, 2],
        [Batch.make([write, marked], { idempotent: false }), true, 1],
        [Batch.make([marked], { type: "counter" }), undefined, 1],
        [Batch.make([counter], { type: "counter" }), true, 2]
      ]
      for (const [index, [batch, idempotent, sent]] of table.entries()) {
        const calls = yield* timed(executeConcurrent([batch], { statement: { idempotent } })).pipe(
          Effect.andThen(Effect.flatMap(MockSession.MockSession, (mock) => mock.calls)),
          Effect.provide(failing(overloaded))
        )
        assert.lengthOf(calls, sent, `case ${index}`)
      }
    }))

  it.effect("a batch that is one text is as cautious as one of statements", () =>
    Effect.gen(function*() {
      for (const kind of ["COUNTER", "UNLOGGED"]) {
        const batch = Statement.make(`BEGIN ${kind} BATCH ${counter.text}; ${counter.text}; APPLY BATCH`)
        assert.deepStrictEqual(yield* run(batch, unavailable), { sent: 1, end: "Unavailable, Unknown", attempts: 1 })
      }
      const logged = Statement.make(`BEGIN BATCH ${counter.text}; APPLY BATCH`)
      assert.strictEqual((yield* run(logged, unavailable)).sent, 2)
    }))

  it.effect("never what is refused, failed on a replica, or will be applied anyway", () =>
    Effect.gen(function*() {
      const replicas = { message, consistency: "ONE", received: 0, blockFor: 1 } as const
      for (
        const reason of [
          new Reason.InvalidQuery({ message }),
          new Reason.WriteFailure({ ...replicas, failures: 1, writeType: "SIMPLE" }),
          new Reason.WriteTimeout({ ...replicas, writeType: "BATCH" }),
          new Reason.UnknownError({ message })
        ]
      ) assert.strictEqual((yield* run(write, reason)).sent, 1, reason._tag)
    }))

  it.effect("a predicate is asked only about errors that may be retried", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const retry = RetryPolicy.make({
        while: (error) => {
          asked.push(`${error.reason._tag}, ${error.outcome}`)
          return true
        }
      })
      const timeout = new Reason.RequestTimeout({ message, timeout: 1 })
      const unmarked = Statement.withOptions(counter, { retry })
      assert.deepInclude(yield* run(unmarked, timeout), { sent: 1, end: "RequestTimeout, Unknown" })
      assert.deepStrictEqual(asked, [])
      assert.deepInclude(yield* run(unmarked, unavailable, timeout), { sent: 2, end: "RequestTimeout, Unknown" })
      assert.deepStrictEqual(asked, ["Unavailable, NotApplied"])
    }))

  it.effect("up to three attempts; the error reports how many", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(write, ...times(9, overloaded)), {
        sent: 3,
        end: "Overloaded, Unknown",
        attempts: 3
      })
    }))

  it.effect("nothing with retry \"none\", and what a policy of one's own allows", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* run(Statement.withOptions(write, { retry: "none" }), overloaded)).sent, 1)
      const patient = RetryPolicy.make({
        schedule: RetryPolicy.backoff({ times: 4 }),
        while: ({ reason }) => reason._tag === "Overloaded"
      })
      const patiently = Statement.withOptions(write, { retry: patient })
      assert.strictEqual((yield* run(patiently, ...times(9, overloaded))).sent, 5)
      assert.strictEqual((yield* run(patiently, unavailable)).sent, 1)
    }))
})

describe("how it is retried", () => {
  it.effect("with the timestamp of the first attempt", () =>
    Effect.gen(function*() {
      yield* timed(write)
      yield* timed(Batch.make([write]))
      const mock = yield* MockSession.MockSession
      const timestamps = (yield* mock.calls).map(({ request }) => request.options.timestamp)
      assert.strictEqual(new Set(timestamps.slice(0, 3)).size, 1)
      assert.isAbove(Number(timestamps[3]! - timestamps[0]!), 0)
    }).pipe(Effect.provide(failing(overloaded, overloaded))))

  it.effect("after waits that grow, within their bounds", () =>
    Effect.gen(function*() {
      const policy = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 8, initial: 20, max: "1 second" }) })
      const { millis } = yield* timed(Effect.result(Statement.withOptions(write, { retry: policy })))
      const longest = 20 + 40 + 80 + 160 + 320 + 640 + 1_000 + 1_000
      assert.isAtMost(millis, longest)
      assert.isAtLeast(millis, longest / 2 - 8)
    }).pipe(Effect.provide(failing(...times(20, overloaded)))))

  it.effect("within a budget: a run that fails all over does not send everything three times", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(executeConcurrent(statements(1_000), { raiseOnFirstError: false }))
      assert.strictEqual(valueOf(exit).length, 1_000)
      const mock = yield* MockSession.MockSession
      const sent = (yield* mock.calls).length
      assert.isAtMost(sent, 1_000 + 1_000 * 0.1 / 0.9 + 1)
      assert.isAbove(sent, 1_050)
    }).pipe(Effect.provide(MockSession.layer({
      latency: 1,
      defaults: { retry: RetryPolicy.standard },
      otherwise: MockSession.fail(overloaded)
    }))))

  it.effect("a page is retried from where it begins, and every page has its own attempts", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 5 }, (_, id) => ({ id }))
      const page = MockSession.rows(rows)
      const every = MockSession.layer({
        defaults: { pageSize: 1, retry: RetryPolicy.standard },
        lenient: true,
        answers: [
          MockSession.when(
            () => true,
            (request, context) =>
              context.attempt % 3 === 0 ? page(request, context) : MockSession.fail(overloaded)(request, context)
          )
        ]
      })
      const select = Statement.make("SELECT id FROM t")
      const { exit } = yield* timed(Effect.provide(select, every))
      assert.deepStrictEqual(valueOf(exit).rows, rows)
      const { exit: streamed } = yield* timed(
        Effect.provide(Session.use((session) => Stream.runCollect(session.stream(select))), every)
      )
      assert.deepStrictEqual(valueOf(streamed), rows)
    }))

  it.effect("a statement that waits keeps its place, and stops with its run", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const seen: Array<Progress> = []
      const retry = RetryPolicy.make({
        schedule: RetryPolicy.backoff({ times: 2, initial: "1 minute", max: "1 minute" })
      })
      const fiber = yield* Effect.forkChild(executeConcurrent(statements(10), {
        concurrency: 2,
        statement: { retry },
        onProgress: (progress) => Effect.sync(() => seen.push(progress))
      }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* mock.calls).length, 2)
      yield* Fiber.interrupt(fiber)
      const { inFlight, retried, started, interrupted } = seen.at(-1)!
      assert.deepStrictEqual({ inFlight, retried, started, interrupted }, {
        inFlight: 0,
        retried: 2,
        started: 2,
        interrupted: 2
      })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* mock.calls).length, 2)
    }).pipe(Effect.provide(failing(...times(20, unavailable)))))
})

describe("what retries leave", () => {
  it.effect("Unknown is sticky", () =>
    Effect.gen(function*() {
      const { end } = yield* run(write, overloaded, unavailable, unavailable)
      assert.strictEqual(end, "Unavailable, Unknown")
      assert.strictEqual((yield* run(write, unavailable, unavailable, unavailable)).end, "Unavailable, NotApplied")
    }))

  it.effect("a condition that does not hold after an Unknown attempt may have met its own write", () =>
    Effect.gen(function*() {
      const conditional = Statement.make("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", [], { idempotent: true })
      const { exit } = yield* timed(executeConcurrent([conditional]))
      assert.deepStrictEqual(valueOf(exit).map(({ outcome, value }) => [outcome, value.wasApplied]), [[
        "Unknown",
        false
      ]])
    }).pipe(Effect.provide(MockSession.layer({
      defaults: { retry: RetryPolicy.standard },
      lenient: true,
      answers: [
        MockSession.when(() => true, MockSession.inTurn(MockSession.fail(overloaded), MockSession.notApplied()))
      ]
    }))))

  it.effect("a row that does not decode says no less of its write than one that does", () =>
    Effect.gen(function*() {
      const row = Schema.Struct({ a: Schema.Int })
      const options = { row, idempotent: true }
      const plain = Query.make("UPDATE t SET a = 1 WHERE k = 1", options)
      const conditional = Query.make("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", options)
      const odd = MockSession.rows([{ a: null }])
      const lost = MockSession.notApplied({ a: null })
      // Where a condition holds there is no row to decode.
      const outcomes = (...replies: ReadonlyArray<MockSession.Reply>) =>
        Effect.forEach(replies.at(-1) === odd ? [plain()] : [plain(), conditional()], (statement) =>
          timed(Effect.flip(statement)).pipe(
            Effect.map(({ exit }) =>
              valueOf(exit)
            ),
            Effect.map(({ outcome, reason }) => `${reason._tag}, ${outcome}`),
            Effect.provide(MockSession.layer({
              defaults: { retry: RetryPolicy.standard },
              otherwise: MockSession.inTurn(...replies as [MockSession.Reply])
            }))
          ))
      assert.deepStrictEqual(yield* outcomes(odd), ["RowDecoding, Applied"])
      assert.deepStrictEqual(yield* outcomes(lost), ["RowDecoding, NotApplied", "RowDecoding, NotApplied"])
      const slow = MockSession.fail(overloaded)
      assert.deepStrictEqual(yield* outcomes(slow, odd), ["RowDecoding, Applied"])
      assert.deepStrictEqual(yield* outcomes(slow, lost), ["RowDecoding, Unknown", "RowDecoding, Unknown"])
    }))

  it.effect("a result reports how many requests it took, pages and retries alike", () =>
    Effect.gen(function*() {
      const select = Statement.make("SELECT a FROM t", [], { pageSize: 2 })
      const { exit } = yield* timed(executeConcurrent([write, select, write]))
      assert.deepStrictEqual(valueOf(exit).map(({ attempts }) => attempts), [3, 2, 1])
    }).pipe(Effect.provide(MockSession.layer({
      defaults: { retry: RetryPolicy.standard },
      lenient: true,
      answers: [
        MockSession.when(
          write.text,
          MockSession.inTurn(
            MockSession.fail(overloaded),
            MockSession.rows([]),
            MockSession.fail(unavailable),
            MockSession.rows([])
          )
        ),
        MockSession.when(/^SELECT/, MockSession.rows([{ a: 1 }, { a: 2 }, { a: 3 }]))
      ]
    }))))

  it.effect("a hint at an unmarked idempotent statement is logged once a query", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      logged.push(message)
    })
    return Effect.gen(function*() {
      yield* timed(executeConcurrent([counter, counter, write], { raiseOnFirstError: false }))
      assert.strictEqual(logged.length, 1)
      assert.include(String(logged[0]), "UPDATE app.counters SET c = c + ? WHERE")
    }).pipe(
      Effect.provide([failing(overloaded, overloaded, overloaded), Logger.layer([logger])])
    )
  })

  it.effect("a policy that throws kills the run, on a timeout as well", () =>
    Effect.gen(function*() {
      const retry = RetryPolicy.make({
        while: () => {
          throw new Error("mine")
        }
      })
      const { exit } = yield* timed(Statement.make(insert, [1], { retry, requestTimeout: "1 second" }))
      assert.include(JSON.stringify(exit), "Die")
    }).pipe(Effect.provide(MockSession.layer({ latency: "1 hour" }))))

  it("a policy that cannot be is refused", () => {
    const table: ReadonlyArray<readonly [options: object, message: RegExp]> = [
      [{ schedule: 5 }, /^retry\.schedule: expected a Schedule, got 5$/],
      [{ while: true }, /^retry\.while: expected a function that returns a boolean, got true$/],
      [{ budget: { minimum: -1, share: 0 } }, /^retry\.budget\.minimum: expected a number of at least 0, got -1$/],
      [{ budget: { minimum: 1, shares: 0 } }, /^retry\.budget\.shares: .*nearest is share/],
      [{ attempts: 3 }, /^retry\.attempts: expected one of the options schedule, while, budget/]
    ]
    for (const [options, message] of table) assert.throws(() => RetryPolicy.make(options), InvalidOptions, message)
    assert.throws(
      () => RetryPolicy.backoff({ times: -1 }),
      InvalidOptions,
      /^times: expected an integer of at least 0, got -1$/
    )
    assert.throws(
      () => RetryPolicy.backoff({ initial: "x" as never }),
      InvalidOptions,
      /^initial: expected .* duration.*, got "x"$/
    )
    assert.throws(() => RetryPolicy.backoff({ max: -1 }), InvalidOptions, /^max: expected .* duration.*, got -1$/)
  })
})
