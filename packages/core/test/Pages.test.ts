import {
  type CqlError,
  executeConcurrent,
  PageState,
  Query,
  Reason,
  RetryPolicy,
  type Session,
  Statement,
  type StatementFailed
} from "@effect-cql/core"
import type { Page } from "@effect-cql/core/Port"
import { timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, SchemaGetter, Stream } from "effect"
import { TestClock } from "effect/testing"

/** A session that answers with these pages, and the pages that were asked for. */
const serving = Effect.fnUntraced(function*(
  pages: ReadonlyArray<Page>,
  failing: (asked: number) => Reason.Reason | undefined = () => undefined
) {
  const { mock, session } = yield* MockSession.make({
    defaults: { retry: RetryPolicy.standard },
    otherwise: (request, context) => {
      const at = Number(context.pageState ?? 0)
      const reason = failing(context.attempt)
      if (reason !== undefined) return MockSession.fail(reason)(request, context)
      const pageState = at + 1 < pages.length ? PageState(`${at + 1}`) : undefined
      return Effect.succeed({ ...pages[at]!, pageState })
    }
  })
  const asked = Effect.map(
    mock.callsOf(/./),
    (calls) => calls.map(({ pageState, params }) => ({ at: Number(pageState ?? 0), params }))
  )
  return { asked, session }
})

const pagesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ rows: [{ id: 2 * at }, { id: 2 * at + 1 }] }))

describe("the pages of one statement", () => {
  it.effect("come one by one, from any of them, with the state of the next", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* serving(pagesOf(4))
      const pages = yield* Stream.runCollect(session.streamPages(["SELECT id FROM t"], PageState("1")))
      assert.deepStrictEqual(pages.map(({ pageState }) => pageState), [PageState("2"), PageState("3"), undefined])
      assert.deepStrictEqual(pages.map(({ result }) => result.rows.length), [2, 2, 2])
      assert.deepStrictEqual((yield* asked).map(({ at }) => at), [1, 2, 3])
      const first = yield* Stream.runCollect(Stream.take(session.streamPages(["SELECT id FROM t"]), 1))
      assert.deepStrictEqual(first.map(({ result }) => result.rows), [[{ id: 0 }, { id: 1 }]])
      assert.strictEqual((yield* asked).length, 4)
    }).pipe(Effect.scoped))

  it.effect("are asked with the same parameters, encoded once", () =>
    Effect.gen(function*() {
      let encoded = 0
      const Changing = Schema.String.pipe(Schema.decodeTo(Schema.String, {
        decode: SchemaGetter.passthrough(),
        encode: SchemaGetter.transform((text) => `${text} ${++encoded}`)
      }))
      const query = Query.make("SELECT id FROM t WHERE k = ?", { params: Schema.Tuple([Changing]) })
      const { asked, session } = yield* serving(pagesOf(5))
      const statement = query("k")
      yield* session.execute(statement)
      yield* Stream.runDrain(session.stream(statement))
      yield* Stream.runDrain(session.streamPages(statement))
      assert.deepStrictEqual((yield* asked).map(({ params }) => params[0]), [
        ...Array.from({ length: 5 }, () => "k 1"),
        ...Array.from({ length: 5 }, () => "k 2"),
        ...Array.from({ length: 5 }, () => "k 3")
      ])
    }).pipe(Effect.scoped))

  it.effect("count the row that does not decode over all of them", () =>
    Effect.gen(function*() {
      const pages = [...pagesOf(2), { rows: [{ id: 4 }, { id: "five" }] }]
      const { session } = yield* serving(pages)
      const statement = Query.make("SELECT id FROM t", { row: Schema.Struct({ id: Schema.Int }) })()
      for (const effect of [session.execute(statement), Stream.runDrain(session.stream(statement))]) {
        const { reason } = yield* Effect.flip<unknown, CqlError, never>(effect)
        assert.deepInclude(reason, { _tag: "RowDecoding", row: 5 })
      }
    }).pipe(Effect.scoped))

  it.effect("count the row that a port cannot read over all of them", () =>
    Effect.gen(function*() {
      const unreadable = new Reason.RowDecoding({ message: "row 1, column at: no", row: 1, column: "at", issue: "no" })
      const serve = serving(pagesOf(3), (count) => count === 2 ? unreadable : undefined)
      for (const row of [Schema.Struct({ id: Schema.Int }), undefined]) {
        const statement = Query.make("SELECT id FROM t", { row })()
        const effects = [
          (session: Session["Service"]) => session.execute(statement),
          (session: Session["Service"]) => Stream.runDrain(session.stream(statement)),
          (session: Session["Service"]) => session.provide(executeConcurrent([statement]))
        ]
        for (const effect of effects) {
          const { session } = yield* serve
          const error = yield* Effect.flip<unknown, CqlError | StatementFailed, never>(effect(session))
          assert.deepInclude(error.reason, { _tag: "RowDecoding", row: 3, message: "row 3, column at: no" })
        }
      }
    }).pipe(Effect.scoped))

  it.effect("share one budget of retries", () =>
    Effect.gen(function*() {
      const overloaded = new Reason.Overloaded({ message: "busy" })
      // Each page fails once.
      const { asked, session } = yield* serving(pagesOf(40), (count) => count % 2 === 1 ? overloaded : undefined)
      const retry = RetryPolicy.make({ budget: { minimum: 5, share: 0 } })
      const statement = Statement.make("SELECT id FROM t", [], { retry })
      const { exit } = yield* timed(Effect.flip(Stream.runDrain(session.stream(statement))))
      assert.strictEqual(valueOf(exit).reason._tag, "Overloaded")
      assert.strictEqual((yield* asked).length, 11)
    }).pipe(Effect.scoped))

  it.effect("stop with the fiber that waits for one", () =>
    Effect.gen(function*() {
      const { mock, session } = yield* MockSession.make({ otherwise: MockSession.never })
      const fiber = yield* Effect.forkChild(Stream.runDrain(session.stream(["SELECT id FROM t"])))
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* mock.inFlight, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* mock.inFlight, 0)
    }).pipe(Effect.scoped))
})

describe("a table that is altered between two pages", () => {
  const column = (name: string) => ({ name, type: "int" })
  const columns = (...names: ReadonlyArray<string>) => names.map(column)

  it.effect("gives rows with the columns of all pages, null where a page had none", () =>
    Effect.gen(function*() {
      const { session } = yield* serving([
        { rows: [{ a: 1, b: 1 }], columns: columns("a", "b") },
        { rows: [{ a: 2, c: 2 }], columns: columns("a", "c") },
        { rows: [{ a: 3, c: 3 }], columns: columns("a", "c") }
      ])
      const result = yield* session.execute(["SELECT * FROM t"])
      assert.deepStrictEqual(result.columns?.map(({ name }) => name), ["b", "a", "c"])
      assert.deepStrictEqual(result.rows, [{ a: 1, b: 1, c: null }, { a: 2, b: null, c: 2 }, { a: 3, b: null, c: 3 }])
    }).pipe(Effect.scoped))

  it.effect("decodes where the schema has null for a column that is new, and says so where it does not", () =>
    Effect.gen(function*() {
      const { session } = yield* serving([
        { rows: [{ a: 1 }], columns: columns("a") },
        { rows: [{ a: 2, b: 2 }], columns: columns("a", "b") }
      ])
      const nullable = Schema.Struct({ a: Schema.Int, b: Schema.NullOr(Schema.Int) })
      const query = Query.make("SELECT * FROM t", { row: nullable })
      assert.deepStrictEqual((yield* session.execute(query())).rows, [{ a: 1, b: null }, { a: 2, b: 2 }])
      const strict = Query.make("SELECT * FROM t", { row: Schema.Struct({ a: Schema.Int, b: Schema.Int }) })
      const error = yield* Effect.flip(session.execute(strict()))
      assert.match(error.reason.message, /row 0, column b: .*the table was altered while its pages were read/)
    }).pipe(Effect.scoped))

  // A plan is made for so many rows.
  const many = Array.from({ length: 40 }, (_, a) => ({ a }))
  const numbers = Query.make("SELECT a FROM t", { row: Schema.Struct({ a: Schema.Int }) })

  it.effect("decodes no value as one of the type that its column had before", () =>
    Effect.gen(function*() {
      const { session } = yield* serving([
        { rows: many, columns: [{ name: "a", type: "int" }] },
        { rows: [{ a: "forty" }], columns: [{ name: "a", type: "text" }] }
      ])
      const error = yield* Effect.flip(session.execute(numbers()))
      assert.match(error.reason.message, /row 40, column a: .*the table was altered while its pages were read/)
    }).pipe(Effect.scoped))

  it.effect("gives no field that the schema has not, where a page comes without its columns", () =>
    Effect.gen(function*() {
      const pages = [{ rows: many, columns: columns("a") }, { rows: [{ a: 40, b: 2 }] }]
      for (const inOrder of [pages, pages.toReversed()]) {
        const { session } = yield* serving(inOrder)
        const { rows } = yield* session.execute(numbers())
        assert.deepStrictEqual(rows.find(({ a }) => a === 40), { a: 40 })
      }
    }).pipe(Effect.scoped))
})
