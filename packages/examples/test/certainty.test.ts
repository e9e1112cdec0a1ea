import { Reason } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeAll } from "../src/certainty.ts"

const timeout = new Reason.RequestTimeout({ message: "no answer", timeout: 12_000 })
const refused = new Reason.InvalidQuery({ message: "table users does not exist" })
const columns = MockSession.rows([
  { column_name: "id", kind: "partition_key", type: "int" },
  { column_name: "name", kind: "regular", type: "text" }
])

const idOf = (request: { readonly _tag: string; readonly params?: ReadonlyArray<unknown> }) =>
  Number(request.params?.[0])

it.effect("what is read back is applied, and so is what is written again; the rest is named", () =>
  Effect.gen(function*() {
    const account = yield* writeAll([[0, "ada"], [1, "grace"], [2, "barbara"], [3, "frances"]])
    assert.deepStrictEqual(account, { applied: 3, notApplied: 0, unknown: [3] })
  }).pipe(Effect.provide(MockSession.layer({
    answers: [
      MockSession.when(/system_schema/, columns),
      MockSession.when(
        /^SELECT "name"/,
        (request) =>
          // Of the first only one has arrived, with the timestamp that the clock of a test gives it.
          Effect.succeed({ rows: idOf(request as never) === 1 ? [{ "value 0": "grace", "time 0": 2n }] : [] })
      ),
      MockSession.when((request) => idOf(request as never) === 0, MockSession.rows([])),
      MockSession.when(
        (request) => idOf(request as never) === 2,
        MockSession.inTurn(MockSession.fail(timeout), MockSession.rows([]))
      )
    ],
    otherwise: MockSession.fail(timeout)
  }))))

it.effect("a database that refuses everything is asked a hundred times at most", () =>
  Effect.gen(function*() {
    const users = Array.from({ length: 1_000 }, (_, id) => [id, `user ${id}`] as const)
    assert.deepStrictEqual(yield* writeAll(users), { applied: 0, notApplied: 1_000, unknown: [] })
    assert.isAtMost((yield* (yield* MockSession.MockSession).calls).length, 100)
  }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.fail(refused) }))))
