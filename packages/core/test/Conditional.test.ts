/** Conditional writes, on a mock that answers as a server does. */
import { Batch, executeConcurrent, Query, Reason, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { inspect } from "node:util"

const claim = Query.make("INSERT INTO t (name, owner) VALUES (?, ?) IF NOT EXISTS", {
  params: Schema.Tuple([Schema.String, Schema.Int]),
  row: Schema.Struct({ owner: Schema.Int })
})
const write = claim("s3cret", 2)
const batch = Batch.make([write, claim("other", 3)])
const text = Statement.make("BEGIN BATCH INSERT INTO t (a) VALUES (1) IF NOT EXISTS; APPLY BATCH")

const layer = (otherwise: MockSession.Reply) => MockSession.layer({ otherwise })

const met = (...rows: ReadonlyArray<Record<string, unknown>>): MockSession.Reply => () =>
  Effect.succeed({
    rows: rows.map((row) => ({ "[applied]": false, ...row })),
    columns: ["[applied]", ...Object.keys(rows[0] ?? {})].map((name) => ({ name, type: "int" })),
    wasApplied: false
  })

describe("a condition that held", () => {
  for (const [name, input] of Object.entries({ "of a statement": write, "of a batch": batch, "of a text": text })) {
    it.effect(`${name} gives no row, whatever the row schema asks for`, () =>
      Effect.gen(function*() {
        const session = yield* Session
        const result = yield* session.execute(input)
        assert.deepStrictEqual([result.wasApplied, result.rows, result.first], [true, [], undefined])
        const [executed] = yield* executeConcurrent([input], { raiseOnFirstError: false })
        assert.deepStrictEqual([executed?._tag, executed?.outcome], ["Success", "Applied"])
        assert.deepStrictEqual(yield* Statement.applied(input), { _tag: "Held" })
        assert.strictEqual(yield* Statement.mustHold(input), undefined)
      }).pipe(Effect.provide(layer(MockSession.applied))))
  }
})

describe("a condition that did not hold", () => {
  it.effect("gives the row that it met, decoded and without [applied]", () =>
    Effect.gen(function*() {
      const result = yield* write
      assert.isFalse(result.wasApplied)
      assert.deepStrictEqual(result.rows, [{ owner: 1 }])
      assert.deepStrictEqual(result.columns?.map(({ name }) => name), ["name", "owner"])
      assert.deepStrictEqual(yield* Statement.applied(write), {
        _tag: "Lost",
        current: Option.some({ owner: 1 }),
        rows: [{ owner: 1 }],
        outcome: "NotApplied"
      })
    }).pipe(Effect.provide(layer(met({ name: "ada", owner: 1 })))))

  it.effect("gives none where no such row exists", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* write).rows, [])
      const lost = yield* Statement.applied(write)
      assert.isTrue(lost._tag === "Lost" && Option.isNone(lost.current))
      const error = yield* Effect.flip(Statement.mustHold(write))
      assert.match(error.message, /expected its condition to hold, got no row \[INSERT/)
    }).pipe(Effect.provide(layer(MockSession.notApplied()))))

  it.effect("of a batch gives the rows of each", () =>
    Effect.gen(function*() {
      const lost = yield* Statement.applied(batch)
      assert.deepStrictEqual(lost._tag === "Lost" && lost.rows, [{ a: 1 }, { a: 2 }])
    }).pipe(Effect.provide(layer(met({ a: 1 }, { a: 2 })))))

  it.effect("fails where it must hold, and no message shows a value", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Statement.mustHold(write))
      assert.isTrue(error._tag === "ConditionLost")
      if (error._tag !== "ConditionLost") return
      assert.deepStrictEqual(Option.map(error.current, ({ owner }) => owner), Option.some(7_654_321))
      assert.strictEqual(error.rows.length, 1)
      for (const shown of [error.message, String(error), JSON.stringify(error), inspect(error, { depth: 9 })]) {
        assert.notMatch(shown, /7654321|7_654_321|s3cret/)
      }
    }).pipe(Effect.provide(layer(met({ owner: 7_654_321 })))))

  it.live("after an attempt without an answer may have met its own values", () =>
    Effect.gen(function*() {
      const repeated = Statement.withOptions(write, { idempotent: true })
      const lost = yield* Statement.applied(repeated)
      assert.strictEqual(lost._tag === "Lost" && lost.outcome, "Unknown")
    }).pipe(Effect.provide(MockSession.layer({
      defaults: { retry: RetryPolicy.standard },
      otherwise: MockSession.inTurn(
        MockSession.fail(new Reason.Overloaded({ message: "busy" })),
        met({ owner: 2 })
      )
    }))))

  it.effect("whose row does not fit fails, and is not applied", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(write)
      assert.deepStrictEqual([error.reason._tag, error.outcome], ["RowDecoding", "NotApplied"])
    }).pipe(Effect.provide(layer(met({ owner: "me" })))))
})

it.effect("a read keeps a column of that name, and a write without a condition holds", () =>
  Effect.gen(function*() {
    const result = yield* Statement.make("SELECT a AS \"[applied]\" FROM t")
    assert.deepStrictEqual(result.rows, [{ "[applied]": true }])
    assert.deepStrictEqual(yield* Statement.applied(Statement.make("UPDATE t SET a = 1 WHERE b = 2")), { _tag: "Held" })
  }).pipe(Effect.provide(layer(MockSession.applied))))
