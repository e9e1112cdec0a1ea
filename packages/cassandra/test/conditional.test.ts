import { RetryPolicy, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"
import { failure, fakeClient, result } from "./support/fakeClient.ts"
import { type Column, rowsBody, scalar } from "./support/resultFrames.ts"

const update = "UPDATE app.t SET v = 1 WHERE id = 1 IF w = 2"
const applied: Column = { name: "[applied]", type: scalar("boolean") }
const w: Column = { name: "w", type: scalar("int") }

const yes = Buffer.of(1)
const no = Buffer.of(0)
// No bytes are no int.
const empty = Buffer.alloc(0)

/** The outcome that a conditional write leaves whose answer cannot be read. */
const outcomeOf = (columns: ReadonlyArray<Column>, rows: Parameters<typeof rowsBody>[1], failures = 0) => {
  let left = failures
  const { client } = fakeClient({ answer: () => left-- > 0 ? failure(0x1001) : result(rowsBody(columns, rows)) })
  return Effect.gen(function*() {
    const session = yield* CassandraSession.fromClient(client)
    const statement = Statement.make(update, [], { idempotent: true, retry: RetryPolicy.standard })
    const error = yield* Effect.flip(Effect.provideService(statement, Session, session))
    assert.strictEqual(error.reason._tag, "RowDecoding")
    return error.outcome
  }).pipe(Effect.scoped)
}

describe("a conditional write whose answer cannot be read", () => {
  it.effect("has the outcome of its first cell", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomeOf([applied, w], [[no, empty]]), "NotApplied")
      assert.strictEqual(yield* outcomeOf([applied, w], [[yes, empty]]), "Applied")
      assert.strictEqual(yield* outcomeOf([applied, w], [[no, null], [no, empty]]), "NotApplied")
    }))

  it.effect("has it also if no record can have the columns of the answer", () =>
    Effect.gen(function*() {
      const proto: Column = { ...w, name: "__proto__" }
      for (const columns of [[applied, proto], [applied, w, w], [applied, { ...w, name: "[applied]" }]]) {
        const cells = columns.slice(1).map(() => Buffer.alloc(4))
        assert.strictEqual(yield* outcomeOf(columns, [[no, ...cells]]), "NotApplied")
        assert.strictEqual(yield* outcomeOf(columns, [[yes, ...cells]]), "Applied")
        assert.strictEqual(yield* outcomeOf(columns, [[empty, ...cells]]), "Unknown")
        assert.strictEqual(yield* outcomeOf(columns, []), "Unknown")
      }
    }))

  it.effect("has an unknown outcome if that cell is none, or cannot be read itself", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomeOf([w, applied], [[empty, no]]), "Unknown")
      assert.strictEqual(yield* outcomeOf([applied, w], [[empty, null]]), "Unknown")
      assert.strictEqual(yield* outcomeOf([applied, w], [[null, empty]]), "Unknown")
      assert.strictEqual(yield* outcomeOf([{ ...applied, type: scalar("int") }, w], [[no, empty]]), "Unknown")
    }))

  it.live("has an unknown outcome if an attempt before has left it open", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomeOf([applied, w], [[no, empty]], 1), "Unknown")
    }))
})
