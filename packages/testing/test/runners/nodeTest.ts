/** A suite of `node:test`, run by node.test.ts. */
import { MockSession } from "@effect-cql/testing"
import { Effect, ManagedRuntime } from "effect"
import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { claim, tables } from "./service.ts"

void describe("node:test", () => {
  const runtime = ManagedRuntime.make(MockSession.memory(tables))
  after(() => runtime.dispose())

  void it("shares a session among the tests of a suite", async () => {
    assert.equal(await runtime.runPromise(claim("ada", 1)), true)
    assert.equal(await runtime.runPromise(claim("ada", 2)), false)
  })

  void it("fails with the defect of a strict session", async () => {
    const session = MockSession.layer({ answers: [MockSession.when("SELECT 1", MockSession.rows([]))] })
    await assert.rejects(Effect.runPromise(claim("ada", 1).pipe(Effect.provide(session))), /no answer for/)
  })
})
