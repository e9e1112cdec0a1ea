import { executeConcurrent, ExecutionResult, Settlement, Statement } from "@effect-cql/core"
import { timed, valueOf } from "@effect-cql/test-support/runs"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const insert = (id: number) => Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [id, "ada"])
const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY, name text)"], {
  faults: FaultPlan.make([FaultPlan.at(0, "timeoutApplied"), FaultPlan.at(1, "timeout")]),
  defaults: { retry: "none" }
})

describe("a copy of a result", () => {
  it.effect("settles as the result itself does", () =>
    Effect.gen(function*() {
      const run = executeConcurrent([insert(1), insert(2)], { concurrency: 1, raiseOnFirstError: false })
      const results = valueOf((yield* timed(run)).exit)
      assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["Unknown", "Unknown"])
      const failures = results.filter(ExecutionResult.isFailure)
      const settled = yield* Settlement.settle(failures)
      assert.deepStrictEqual(settled.map(({ outcome }) => outcome), ["Applied", "Unknown"])
      const copies = yield* Settlement.settle(failures.map((failure) => ({ ...failure })))
      assert.deepStrictEqual(
        copies.map(({ again, index, outcome }) => [index, outcome, again?.text, again?.options.timestamp]),
        settled.map(({ again, index, outcome }) => [index, outcome, again?.text, again?.options.timestamp])
      )
    }).pipe(Effect.provide(session)))

  it.effect("is executed again with its first timestamp", () =>
    Effect.gen(function*() {
      const [result] = valueOf((yield* timed(executeConcurrent([insert(1)], { raiseOnFirstError: false }))).exit)
      assert.isTrue(result !== undefined && ExecutionResult.isFailure(result))
      const copy = { ...result } as ExecutionResult.Failure
      assert.isDefined(copy.error.timestamp)
      assert.strictEqual(ExecutionResult.again(copy)?.options.timestamp, copy.error.timestamp)
    }).pipe(Effect.provide(session)))
})
