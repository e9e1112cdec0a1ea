/** The error of a run that a statement stopped. */
import { CqlError, executeConcurrent, Reason, Statement, StatementFailed } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

it.effect("becomes the error of its statement, and another error stays as it is", () =>
  Effect.gen(function*() {
    const failed = yield* Effect.flip(executeConcurrent([Statement.make("SELECT name FROM app.users")]))
    assert.strictEqual(StatementFailed.toCqlError(failed), failed.failure.error)
    assert.isTrue(StatementFailed.toCqlError(failed) instanceof CqlError)
    for (const other of [failed.failure.error, new Error("another"), { _tag: "StatementFailed" }, undefined]) {
      assert.strictEqual(StatementFailed.toCqlError(other), other)
    }
  }).pipe(
    Effect.provide(MockSession.layer({ otherwise: MockSession.fail(new Reason.Overloaded({ message: "busy" })) }))
  ))
