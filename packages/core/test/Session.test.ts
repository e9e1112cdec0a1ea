import { Batch, type CqlError, PageState, Reason, Session, Statement } from "@effect-cql/core"
import type { Request } from "@effect-cql/core/Port"
import { insert, timed } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

const rows = Array.from({ length: 25 }, (_, id) => ({ id }))
const withNull = rows.map(({ id }) => ({ id: id === 13 ? null : id }))
const paged = MockSession.layer({ otherwise: MockSession.rows(rows), defaults: { pageSize: 10 } })
const select = Statement.make("SELECT id FROM t")

/** The requests that reach the port. */
const requests = Effect.gen(function*() {
  const mock = yield* MockSession.MockSession
  return (yield* mock.calls).map(({ request }): Request => request)
})

describe("pages", () => {
  it.effect("execute gives every page, never the first one only", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* select).rows, rows)
      assert.strictEqual((yield* requests).length, 3)
    }).pipe(Effect.provide(paged)))

  it.effect("a result of many pages holds the warnings of each", () =>
    Effect.gen(function*() {
      const pages = [["one", "two"], undefined, ["three"]]
      const warned = MockSession.layer({
        otherwise: (_, { pageState }) => {
          const at = Number(pageState ?? 0)
          const info = { coordinator: `node ${at}`, warnings: pages[at] }
          return Effect.succeed({ rows: [], info, pageState: at < 2 ? PageState(`${at + 1}`) : undefined })
        }
      })
      const { info } = yield* Effect.provide(select, warned)
      assert.deepStrictEqual(info, { coordinator: "node 2", warnings: ["one", "two", "three"] })
    }))

  it.effect("executePage gives one, and where the next begins", () =>
    Effect.gen(function*() {
      const session = yield* Session
      let from: PageState | undefined
      const sizes: Array<number> = []
      do {
        const page = yield* session.executePage(select, from)
        sizes.push(page.result.length)
        from = page.pageState
      } while (from !== undefined)
      assert.deepStrictEqual(sizes, [10, 10, 5])
    }).pipe(Effect.provide(paged)))

  it.effect("the error of a failed page includes its page state, so that it can be asked for again", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const error = yield* Effect.flip(session.execute(select))
      const page = yield* session.executePage(select, error.pageState)
      assert.deepStrictEqual(page.result.rows, rows.slice(10, 20))
    }).pipe(Effect.provide(MockSession.layer({
      defaults: { pageSize: 10 },
      otherwise: (request, context) =>
        context.attempt === 2
          ? MockSession.fail(
            new Reason.ReadTimeout({ message: "x", consistency: "ONE", received: 0, blockFor: 1, dataPresent: false })
          )(request, context)
          : MockSession.rows(rows)(request, context)
    }))))

  it.effect("so does the error of a page with a row that does not decode, also where it is one page of a result", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const strict = Statement.withRow(select, Schema.Struct({ id: Schema.Int }))
      const thrown = Statement.mapRows(select, ({ id }) => id === null ? assert.fail("no id") : id)
      for (const statement of [strict, thrown]) {
        const decoded = Effect.flip<unknown, CqlError, never>(session.execute(statement))
        for (
          const failing of [decoded, Effect.flip<unknown, CqlError, never>(Stream.runDrain(session.stream(statement)))]
        ) {
          const error = yield* failing
          assert.deepInclude(error.reason, { _tag: "RowDecoding", row: 13 })
          const page = yield* session.executePage(select, error.pageState)
          assert.deepStrictEqual(page.result.rows, withNull.slice(10, 20))
        }
        const { pageState } = yield* session.executePage(select)
        const error = yield* Effect.flip<unknown, CqlError, never>(session.executePage(statement, pageState))
        assert.strictEqual(error.pageState, pageState)
      }
      const first = yield* Effect.flip(session.execute(Statement.withRow(select, Schema.Struct({ id: Schema.String }))))
      assert.isUndefined(first.pageState)
    }).pipe(
      Effect.provide(MockSession.layer({ defaults: { pageSize: 10 }, otherwise: MockSession.rows(withNull) }))
    ))

  it.effect("stream asks for a page when the one before is exhausted", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const first = yield* Stream.runCollect(Stream.take(session.stream(select), 11))
      assert.strictEqual(first.length, 11)
      assert.strictEqual((yield* requests).length, 2)
      assert.deepStrictEqual(yield* Stream.runCollect(session.stream(select)), rows)
    }).pipe(Effect.provide(paged)))
})

describe("options", () => {
  it.effect("the nearest of session, run and statement wins", () =>
    Effect.gen(function*() {
      yield* Statement.make("SELECT a FROM t")
      yield* Statement.make("SELECT a FROM t", [], { consistency: "ALL", requestTimeout: "2 seconds" })
      const [plain, own] = yield* requests
      assert.deepStrictEqual([plain?.options.consistency, plain?.options.requestTimeout], ["ONE", 1_000])
      assert.deepStrictEqual([own?.options.consistency, own?.options.requestTimeout], ["ALL", 2_000])
    }).pipe(Effect.provide(MockSession.layer({ defaults: { consistency: "ONE", requestTimeout: "1 second" } }))))

  it.effect("writes get a timestamp, each a later one, but not conditions, what may be a counter, and reads", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(5_000)
      for (
        const text of [
          "INSERT INTO t (a) VALUES (1)",
          "DELETE FROM t WHERE a = 1",
          "INSERT INTO t (a) VALUES (1) IF NOT EXISTS",
          "UPDATE t SET c = c + 1 WHERE a = 1",
          "SELECT a FROM t"
        ]
      ) yield* Statement.make(text)
      yield* Batch.make([["INSERT INTO t (a) VALUES (1)"]])
      yield* Batch.make([["UPDATE t SET c = c + 1 WHERE a = 1"]], { type: "counter" })
      yield* Statement.make("INSERT INTO t (a) VALUES (1)", [], { timestamp: 7n })
      assert.deepStrictEqual((yield* requests).map(({ options }) => options.timestamp), [
        5_000_000n,
        5_000_001n,
        undefined,
        undefined,
        undefined,
        5_000_003n,
        undefined,
        7n
      ])
      // What may be a counter may be a list as well, and comes after what was written before.
      assert.deepStrictEqual((yield* requests).map(({ options }) => options.sentAt).slice(2, 5), [
        5_000_000n,
        5_000_002n,
        undefined
      ])
    }).pipe(Effect.provide(MockSession.layer())))
})

it.effect("the timeout of a schema agreement is a duration, or the call dies", () =>
  Effect.gen(function*() {
    const timeouts: Array<number> = []
    const session = yield* Session.make({
      execute: () => Effect.succeed({ rows: [] }),
      schemaAgreement: (timeout) => Effect.sync(() => timeouts.push(timeout) > 0)
    })
    const bare = yield* Session.make({ execute: () => Effect.succeed({ rows: [] }) })
    for (const timeout of ["bogus", -5, Number.NaN, null]) {
      for (const { schemaAgreement } of [session, bare]) {
        const agreement: Effect.Effect<unknown, unknown> = Reflect.apply(schemaAgreement, undefined, [timeout])
        assert.include(
          String(yield* Effect.exit(agreement)),
          "InvalidOptions: timeout: expected a duration of at least zero"
        )
      }
    }
    assert.isTrue(yield* session.schemaAgreement())
    assert.isTrue(yield* session.schemaAgreement(5))
    assert.isTrue(yield* session.schemaAgreement("Infinity"))
    assert.deepStrictEqual(timeouts, [10_000, 5, Number.POSITIVE_INFINITY])
  }))

describe("a batch", () => {
  it.effect("is idempotent when all of its statements are, by their text or by their mark", () =>
    Effect.gen(function*() {
      const plain = Statement.make("INSERT INTO t (a) VALUES (1)")
      yield* Batch.make([plain])
      yield* Batch.make([plain, Statement.withOptions(plain, { idempotent: false })])
      yield* Batch.make([plain, Statement.make("UPDATE t SET l = l + ? WHERE a = 1", [[1]])])
      yield* Batch.make([plain], { type: "counter" })
      assert.deepStrictEqual((yield* requests).map(({ options }) => options.idempotent), [true, false, false, false])
    }).pipe(Effect.provide(MockSession.layer())))
})

describe("timeouts", () => {
  it.effect("an attempt is given up at its request timeout, and a late answer is dropped", () =>
    Effect.gen(function*() {
      const write = Statement.make(insert, [1], { requestTimeout: "3 seconds" })
      const { exit, millis } = yield* timed(Effect.flip(write))
      assert.strictEqual(millis, 3_000)
      assert.isTrue(
        Exit.isSuccess(exit) && exit.value.reason._tag === "RequestTimeout" && exit.value.outcome === "Unknown"
      )
    }).pipe(Effect.provide(MockSession.layer({ latency: "1 minute" }))))

  it.effect("leaves no timer behind", () =>
    Effect.gen(function*() {
      const { millis } = yield* timed(Statement.make(insert, [1], { requestTimeout: "3 seconds" }))
      assert.strictEqual(millis, 10)
    }).pipe(Effect.provide(MockSession.layer({ latency: 10 }))))
})

describe("the end of a session", () => {
  const open = (latency: Duration.Input) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { mock, session } = yield* Scope.provide(MockSession.make({ latency }), scope)
      return { close: Scope.close(scope, Exit.void), mock, session }
    })

  it.effect("waits for what is in flight", () =>
    Effect.gen(function*() {
      const { close, session } = yield* open("2 seconds")
      const statement = yield* Effect.forkChild(session.execute(select))
      yield* TestClock.adjust("1 second")
      const { millis } = yield* timed(close)
      assert.strictEqual(millis, 1_000)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(statement)))
    }))

  it.effect("waits within bounds", () =>
    Effect.gen(function*() {
      const { close, session } = yield* open(Duration.days(1))
      const statement = yield* Effect.forkChild(session.execute(select))
      yield* TestClock.adjust("1 second")
      const { millis } = yield* timed(close)
      assert.strictEqual(millis, 10_000)
      yield* Fiber.interrupt(statement)
    }))

  it.effect("whatever is asked of it later fails with SessionClosed", () =>
    Effect.gen(function*() {
      const { close, session } = yield* open(0)
      yield* close
      const failures = [
        yield* Effect.flip(session.execute(select)),
        yield* Effect.flip(session.executePage(select)),
        yield* Effect.flip(Stream.runCollect(session.stream(select))),
        yield* Effect.flip(session.ring("k")),
        yield* Effect.flip(session.partition(select))
      ]
      assert.deepStrictEqual(failures.map(({ reason }) => reason._tag), Array(5).fill("SessionClosed"))
      assert.deepStrictEqual(failures.map(({ outcome }) => outcome), Array(5).fill("NotApplied"))
      // A query about the ring has no text.
      assert.deepStrictEqual(failures.map(({ query }) => query), [
        select.text,
        select.text,
        select.text,
        "",
        select.text
      ])
    }))
})
