/** How many rows a statement gives, asked of it in words. */
import { CqlError, Query, Reason, type Session, Statement } from "@effect-cql/core"
import { PageState } from "@effect-cql/core/Port"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema, SchemaGetter, Stream } from "effect"

const select = Query.make("SELECT a FROM t WHERE b = ?", {
  params: Schema.Tuple([Schema.String]),
  row: Schema.Struct({ a: Schema.Int })
})
const statement = select("s3cret")

/** Answers with these pages, one after the other. */
const pages = (...pages: ReadonlyArray<ReadonlyArray<number>>) =>
  MockSession.layer({
    otherwise: (_, { pageState }) => {
      const at = Number(pageState ?? 0)
      return Effect.succeed({
        rows: pages[at]!.map((a) => ({ a })),
        pageState: at + 1 < pages.length ? PageState(String(at + 1)) : undefined
      })
    }
  })

const requests = MockSession.MockSession.use((mock) => Effect.map(mock.calls, (calls) => calls.length))

describe("the rows of a statement", () => {
  it.effect("are all of every page", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Statement.rows(statement), [{ a: 1 }, { a: 2 }, { a: 3 }])
      assert.deepStrictEqual(yield* Stream.runCollect(Statement.stream(statement)), [{ a: 1 }, { a: 2 }, { a: 3 }])
      assert.strictEqual(yield* Statement.void(statement), undefined)
    }).pipe(Effect.provide(pages([1], [], [2, 3]))))

  it.effect("the first may stand behind empty pages, and nothing behind it is read", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Statement.first(statement), Option.some({ a: 1 }))
      assert.strictEqual(yield* requests, 3)
    }).pipe(Effect.provide(pages([], [], [1, 2], [3]))))

  it.effect("the first may not exist", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Statement.first(statement), Option.none())
      const error = yield* Effect.flip(Statement.one(statement))
      assert.strictEqual(error._tag, "NoRow")
      assert.strictEqual(error.message, `a statement failed: expected one row, got none [${statement.text}]`)
    }).pipe(Effect.provide(pages([], []))))

  it.effect("one is the only one", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Statement.one(statement), { a: 1 })
      assert.strictEqual(yield* requests, 3)
    }).pipe(Effect.provide(pages([], [1], []))))

  it.effect("more than one are seen on two pages as well, and no third is read", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Statement.one(statement))
      assert.strictEqual(error._tag, "ManyRows")
      assert.strictEqual(yield* requests, 2)
    }).pipe(Effect.provide(pages([1], [2], [3]))))

  it.effect("a row that is undefined to its schema is a row", () =>
    Effect.gen(function*() {
      const odd = Statement.withRow(
        statement,
        Schema.Struct({ a: Schema.Int }).pipe(Schema.decodeTo(Schema.Undefined, {
          decode: SchemaGetter.transform(() => undefined),
          encode: SchemaGetter.transform(() => ({ a: 1 }))
        }))
      )
      assert.deepStrictEqual(yield* Statement.first(odd), Option.some(undefined))
      assert.strictEqual(yield* Statement.one(odd), undefined)
    }).pipe(Effect.provide(pages([1]))))

  it.effect("fail as the statement does", () =>
    Effect.gen(function*() {
      const effects: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }, Session>> = [
        Statement.rows(statement),
        Statement.first(statement),
        Statement.one(statement),
        Statement.page(statement),
        Statement.void(statement),
        Statement.applied(statement),
        Statement.mustHold(statement),
        Stream.runDrain(Statement.stream(statement))
      ]
      for (const effect of effects) {
        const error = yield* Effect.flip(effect)
        assert.isTrue(error instanceof CqlError && error.reason._tag === "Overloaded")
      }
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: MockSession.fail(new Reason.Overloaded({ message: "busy" }))
    }))))

  it.effect("come page by page, and each page says where the next begins", () =>
    Effect.gen(function*() {
      const first = yield* Statement.page(statement)
      const second = yield* Statement.page(statement, first.pageState)
      assert.deepStrictEqual(yield* statement.pipe(Statement.page), first)
      assert.deepStrictEqual([...first.result, ...second.result], [{ a: 1 }, { a: 2 }])
      assert.strictEqual(second.pageState, undefined)
      assert.strictEqual(second.outcome, "Applied")
    }).pipe(Effect.provide(pages([1], [2]))))
})
