/** Units that cannot be done: divided until what is left cannot be, on the virtual clock. */
import { TableJob } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table, TokenRange } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, process, runner } from "./support/jobs.ts"
import { handler, Numbers, Poison, poisoned, type Range } from "./support/numbers.ts"

describe("a unit that cannot be done", () => {
  it.effect("is divided until only what cannot be done has failed, and everything else is done once", () =>
    Effect.gen(function*() {
      const poison = new Set([3, 77, 78, 399])
      yield* process(Numbers.toLayer(handler((n) => poison.has(n))))
      const handle = yield* Numbers.start({ units: 4, size: 100 }, { id: "a" })
      const error = yield* after(3, Effect.flip(handle.await))
      assert.strictEqual(error._tag, "JobFailed")
      const { done, failed, rows, units } = yield* handle.progress
      assert.deepStrictEqual([rows, failed], [396, 4])
      assert.strictEqual(done + failed, units)
      assert.deepStrictEqual(
        // A unit that was done up to its cursor has failed behind it.
        (yield* handle.failures).map((
          { cursor, error, unit }
        ) => [cursor ?? (unit as Range).from, (unit as Range).to, error])
          .sort(([a], [b]) => Number(a) - Number(b)),
        [...poison].map((n) => [n, n + 1, "poison"])
      )
    }).pipe(Effect.provide(memory())))

  it.effect("is done by a retry when it can be done", () =>
    Effect.gen(function*() {
      let isBroken = true
      yield* process(Numbers.toLayer(handler((n) => isBroken && n === 50)))
      const handle = yield* Numbers.start({ units: 1, size: 100 }, { id: "a" })
      yield* after(2, Effect.flip(handle.await))
      isBroken = false
      yield* handle.retry()
      const { done, failed, rows, units } = yield* after(2, handle.await)
      assert.deepStrictEqual([rows, failed, done], [100, 0, units])
    }).pipe(Effect.provide(memory())))

  it.effect("is divided after attempts that have killed their processes", () =>
    Effect.gen(function*() {
      const freeze = (n: number) => n === 5
      const handle = yield* Numbers.start({ units: 1, size: 8 }, { id: "a" })
      // Each process is frozen for ever at the poison, and the next one takes its lane.
      for (let life = 0; life < 9; life++) {
        yield* process(Numbers.toLayer((range, context) =>
          range.from <= 5 && 5 < range.to && !(context.cursor !== undefined && Number(context.cursor) > 5)
            ? Effect.never
            : handler(freeze)(range, context)
        ))
        yield* TestClock.adjust("8 seconds")
      }
      const error = yield* after(1, Effect.flip(handle.await))
      assert.strictEqual(error._tag, "JobFailed")
      assert.deepStrictEqual(
        (yield* handle.failures).map(({ error, unit }) => [unit, error]),
        [[{ from: 5, to: 6 }, "its process died while it ran"]]
      )
      assert.strictEqual((yield* handle.progress).rows, 7)
    }).pipe(Effect.provide(memory())))

  it.effect("is not searched for ever where everything fails", () =>
    Effect.gen(function*() {
      yield* process(Numbers.toLayer(() => Effect.fail("a table is missing")))
      const handle = yield* Numbers.start({ units: 2, size: 2 ** 20 }, { id: "a" })
      const error = yield* after(15, Effect.flip(handle.await))
      assert.strictEqual(error._tag, "JobFailed")
      const { done, failed, rows, units } = yield* handle.progress
      assert.deepStrictEqual([rows, done, failed], [0, 0, units])
      assert.isBelow(units, 200)
    }).pipe(Effect.provide(memory())))

  it.effect.prop(
    "never loses or doubles a row or a reject, whatever is poison and whenever runners stop",
    [Poison],
    ([given]) => poisoned(given),
    { arbitrary: { runs: 5 } }
  )
})

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, name: Schema.String },
  partitionKey: "id"
}) {}

describe("a range of a table that cannot be done", () => {
  it.effect("is divided down to the token of one partition", () =>
    Effect.gen(function*() {
      yield* executeConcurrentWithArgs(
        User.insert,
        Array.from({ length: 200 }, (_, id) => ({ id, name: `user ${id}` }))
      )
      const Visit = TableJob.make("Visit", {
        version: "1",
        table: User,
        pageSize: 10,
        rows: (users) => users.some(({ id }) => id === 77) ? Effect.fail("poison") : Effect.void
      })
      for (let of = 0; of < 2; of++) yield* runner(Visit.layer, { lanes: 4, of, count: 2 })
      const handle = yield* Visit.start({ id: "a" })
      assert.strictEqual((yield* after(4, Effect.flip(handle.await)))._tag, "JobFailed")
      const { done, failed, rows, units } = yield* handle.progress
      assert.deepStrictEqual([rows, failed, done], [199, 1, units - 1])
      const [failure] = yield* handle.failures
      const [row] = yield* Statement.rows(Statement.make("SELECT token(id) AS t FROM app.users WHERE id = 77"))
      const range = yield* Schema.decodeUnknownEffect(TokenRange.schema)(failure?.unit)
      assert.deepStrictEqual([range.end, TokenRange.size(range)], [row?.["t"] as bigint, 1n])
    }).pipe(Effect.provide(memory([...Table.ddl(User)]))))
})
