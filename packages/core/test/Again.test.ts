/** Once more, what failed; and parameters that are instances of classes. */
import {
  executeConcurrent,
  executeConcurrentWithArgs,
  ExecutionResult,
  Query,
  Reason,
  Statement
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Schema } from "effect"
import { internals } from "../src/internal/internals.ts"

const lost = new Reason.RequestTimeout({ message: "no answer", timeout: 5 })
const refusedWith = new Reason.Unavailable({ message: "few", consistency: "SERIAL", required: 2, alive: 1 })
const failing = (reason: Reason.Reason) => MockSession.layer({ otherwise: MockSession.fail(reason) })
const failureOf = (statement: Statement.Statement<unknown>) =>
  Effect.map(executeConcurrent([statement], { raiseOnFirstError: false }), ([result]) => {
    if (result === undefined || !ExecutionResult.isFailure(result)) return assert.fail("no failure")
    return result
  })

describe("ExecutionResult.again", () => {
  const insert = Statement.make("INSERT INTO t (a) VALUES (?)", [1], { consistency: "ALL" })
  const counter = Statement.make("UPDATE t SET c = c + 1 WHERE a = ?", [1])
  const conditional = Statement.make("INSERT INTO t (a) VALUES (?) IF NOT EXISTS", [1])

  it.effect("repeats an idempotent write with its first timestamp and options", () =>
    Effect.gen(function*() {
      const failure = yield* failureOf(insert)
      const again = ExecutionResult.again(failure)
      assert.strictEqual(again?.options.timestamp, failure.error.timestamp)
      assert.deepStrictEqual([again?.text, again?.options.consistency], [insert.text, "ALL"])
    }).pipe(Effect.provide(failing(lost))))

  it.effect("gives each repetition the time that a session gave to the first", () =>
    Effect.gen(function*() {
      const first = yield* failureOf(insert)
      let last: ExecutionResult.Failure = first
      for (let times = 0; times < 3; times++) {
        const [failed] = yield* executeConcurrent([ExecutionResult.again(last) ?? assert.fail("no repetition")], {
          raiseOnFirstError: false
        })
        last = failed !== undefined && ExecutionResult.isFailure(failed) ? failed : assert.fail("no failure")
        assert.strictEqual(last.error.timestamp, first.error.timestamp)
        const again = ExecutionResult.again(last)
        assert.isTrue(again?._tag === "Statement" && again[internals].isOwnTime)
      }
    }).pipe(Effect.provide(failing(lost))))

  it.effect("repeats neither counters nor conditions of unknown outcome", () =>
    Effect.gen(function*() {
      for (const statement of [counter, conditional]) {
        assert.isUndefined(ExecutionResult.again(yield* failureOf(statement)))
      }
    }).pipe(Effect.provide(failing(lost))))

  it.effect("repeats whatever was not applied, and every read", () =>
    Effect.gen(function*() {
      const select = Statement.make("SELECT a FROM t")
      for (const statement of [insert, counter, conditional, select]) {
        assert.strictEqual(ExecutionResult.again(yield* failureOf(statement))?.text, statement.text)
      }
    }).pipe(Effect.provide(failing(refusedWith))))

  it.effect("repeats no batch that will be applied", () =>
    Effect.gen(function*() {
      const writeTimeout = {
        message: "late",
        consistency: "ONE",
        received: 0,
        blockFor: 1,
        writeType: "BATCH"
      } as const
      const failure = yield* failureOf(insert).pipe(Effect.provide(failing(new Reason.WriteTimeout(writeTimeout))))
      assert.strictEqual(failure.outcome, "WillApply")
      assert.isUndefined(ExecutionResult.again(failure))
    }))
})

describe("named parameters that are an instance of a class", () => {
  class User extends Schema.Class<User>("User")({ id: Schema.Int, name: Schema.String }) {}
  class Renamed extends Schema.Class<Renamed>("Renamed")({ id: Schema.Int, createdAt: Schema.String }) {}
  class Plain extends Data.Class<{ readonly id: number; readonly name: string }> {}
  const text = "INSERT INTO app.users (id, name) VALUES (:id, :name)"
  const sent = Effect.flatMap(
    MockSession.MockSession,
    (mock) =>
      Effect.map(
        mock.calls,
        (calls) => calls.map(({ request }) => request._tag === "Statement" ? [...request.params] : [])
      )
  )

  it.effect("are taken by queries with a schema, without one, and by WithArgs", () =>
    Effect.gen(function*() {
      const user = new User({ id: 1, name: "ada" })
      const insert = Query.make(text, { params: User })
      yield* insert(user)
      yield* Query.make(text, { params: Schema.Struct(User.fields) })(user)
      yield* executeConcurrentWithArgs(insert, [user])
      yield* Query.make(text)(new Plain({ id: 1, name: "ada" }))
      assert.deepStrictEqual(yield* sent, [[1, "ada"], [1, "ada"], [1, "ada"], [1, "ada"]])
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("are encoded with the keys of their schema", () =>
    Effect.gen(function*() {
      const insert = Query.make("INSERT INTO app.users (id, created_at) VALUES (:id, :created_at)", {
        params: Renamed.pipe(Schema.encodeKeys({ createdAt: "created_at" }))
      })
      yield* insert(new Renamed({ id: 1, createdAt: "now" }))
      assert.deepStrictEqual(yield* sent, [[1, "now"]])
    }).pipe(Effect.provide(MockSession.layer())))
})
