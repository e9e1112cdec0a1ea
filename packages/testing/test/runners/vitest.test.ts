import { Effect, ManagedRuntime } from "effect"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { MockSession } from "../../src/index.ts"
import { claim, tables } from "./service.ts"

describe("plain vitest", () => {
  const runtime = ManagedRuntime.make(MockSession.memory(tables))
  afterAll(() => runtime.dispose())
  beforeEach(() => runtime.runPromise(MockSession.MockSession.use(({ reset }) => reset)))

  it("runs a program over a session of its own", async () => {
    const session = MockSession.layer({ answers: [MockSession.when(/^INSERT/, MockSession.applied)] })
    expect(await Effect.runPromise(claim("ada", 1).pipe(Effect.provide(session)))).toBe(true)
  })

  it("shares a session among the tests of a suite", async () => {
    expect(await runtime.runPromise(claim("ada", 1))).toBe(true)
    expect(await runtime.runPromise(claim("ada", 2))).toBe(false)
    await runtime.runPromise(MockSession.expectCalls(/^INSERT/, 2))
  })

  it("fails with the defect of a strict session", async () => {
    const session = MockSession.layer({ answers: [MockSession.when("SELECT 1", MockSession.rows([]))] })
    await expect(Effect.runPromise(claim("ada", 1).pipe(Effect.provide(session)))).rejects.toThrow(/no answer for/)
  })
})
