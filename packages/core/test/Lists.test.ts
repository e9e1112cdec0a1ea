import { Batch, executeConcurrent, ExecutionResult, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const insert = "INSERT INTO app.users (id, tags) VALUES (?, ?)"
const isIdempotent = (text: string, ...params: ReadonlyArray<unknown>) =>
  Statement.isIdempotent(Statement.make(text, params))

describe("a list that is set as a whole", () => {
  it("may have its elements twice after a second time, and is not idempotent", () => {
    assert.isFalse(isIdempotent(insert, 1, ["a"]))
    assert.isFalse(isIdempotent("UPDATE app.users SET tags = ? WHERE id = ?", ["a"], 1))
    assert.isFalse(isIdempotent("UPDATE app.users SET tags = ['a', 'b'] WHERE id = 1"))
    assert.isFalse(isIdempotent("INSERT INTO app.users (id, tags) VALUES (1, [ 'a' ])"))
    assert.isFalse(isIdempotent("INSERT INTO app.users JSON ?", "{\"id\": 1, \"tags\": [\"a\"]}"))
    assert.isFalse(isIdempotent("INSERT INTO app.users JSON '{\"id\": 1, \"tags\": [\"a\"]}'"))
    assert.isFalse(isIdempotent("INSERT INTO app.users JSON $$ {\"id\": 1, \"tags\": [\"a\"]} $$"))
    assert.isFalse(isIdempotent("INSERT INTO app.users (id, tags) VALUES (1, from_json($$[1]$$))"))
    assert.isFalse(isIdempotent("INSERT INTO app.users JSON ?", "{\"id\": 1, \"tags\": \"\\u005b1]\"}"))
    assert.isFalse(isIdempotent("INSERT INTO app.users JSON ?", "{\"id\": 1, \"tags\": \"[1]\"}"))
    assert.isFalse(isIdempotent("INSERT INTO app.users (id, tags) VALUES (?, fromJson(?))", 1, "[\"a\"]"))
    assert.isFalse(isIdempotent("BEGIN BATCH INSERT INTO app.users (id, tags) VALUES (?, ?); APPLY BATCH", 1, ["a"]))
    assert.isFalse(Statement.isIdempotent(
      Statement.make("INSERT INTO app.users (id, tags) VALUES (:id, :tags)", { id: 1, tags: ["a"] })
    ))
  })

  it("is idempotent where it is empty, deleted, left alone, or no list", () => {
    assert.isTrue(isIdempotent(insert, 1, []))
    assert.isTrue(isIdempotent(insert, 1, null))
    assert.isTrue(isIdempotent(insert, 1, Statement.unset))
    assert.isTrue(isIdempotent(insert, 1, new Set(["a"])))
    assert.isTrue(isIdempotent(insert, 1, new Map([["a", ["b"]]])))
    assert.isTrue(isIdempotent(insert, 1, new Float32Array([1, 2])))
    assert.isTrue(isIdempotent("UPDATE app.users SET tags = [] WHERE id = 1"))
    assert.isTrue(isIdempotent("INSERT INTO app.users JSON ?", "{\"id\": 1, \"tags\": []}"))
    assert.isTrue(isIdempotent("INSERT INTO app.users JSON $${\"id\": 1, \"name\": \"it's\"}$$"))
    assert.isTrue(isIdempotent("SELECT tags FROM app.users WHERE id IN ?", [1, 2]))
    assert.isTrue(isIdempotent("DELETE FROM app.users WHERE id IN ?", [1, 2]))
    assert.isTrue(Statement.isIdempotent(Statement.make(insert, [1, ["a"]], { idempotent: true })))
  })

  const tables = ["CREATE TABLE app.users (id int PRIMARY KEY, tags list<text>)"]
  const lost = MockSession.memory(tables, {
    faults: FaultPlan.make([FaultPlan.at(0, "lost")])
  })
  const read = Session.use((session) => session.execute(["SELECT tags FROM app.users WHERE id = ?", [1]]))
  const statement = Statement.make(insert, [1, ["a", "b"]])

  for (const [what, write] of [["a statement", statement], ["a batch", Batch.make([statement])]] as const) {
    it.effect(`is not sent again after a lost answer, in ${what}`, () =>
      Effect.gen(function*() {
        const [result] = yield* executeConcurrent([write], {
          raiseOnFirstError: false,
          statement: { retry: RetryPolicy.standard }
        })
        assert.strictEqual(result?.outcome, "Unknown")
        assert.isTrue(ExecutionResult.isFailure(result!))
        assert.isUndefined(ExecutionResult.again(result as ExecutionResult.Failure))
        assert.deepStrictEqual((yield* read).rows, [{ tags: ["a", "b"] }])
      }).pipe(Effect.provide(lost)))
  }
})
