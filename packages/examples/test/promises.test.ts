import { Reason } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { UserStore } from "../src/promises.ts"

describe("promises", () => {
  it("resolve with values, errors of reads among them", async () => {
    const users = new UserStore(MockSession.layer({
      lenient: true,
      answers: [
        MockSession.when(/SELECT/, MockSession.rows([{ name: "ada" }]), { params: [1] }),
        MockSession.when(/SELECT/, MockSession.fail(new Reason.Overloaded({ message: "busy" })), { params: [2] })
      ]
    }))
    const [ada, two, three] = await users.names([1, 2, 3])
    assert.deepStrictEqual(ada, { id: 1, name: "ada" })
    assert.isTrue(two !== undefined && "error" in two && two.error.reason._tag === "Overloaded")
    assert.deepStrictEqual(three, { id: 3, name: undefined })
    await users.close()
  })

  it("reject when the signal aborts, and what is in flight is stopped", async () => {
    const users = new UserStore(MockSession.layer({ latency: Duration.hours(1) }))
    const controller = new AbortController()
    const added = users.add(1, "ada", controller.signal).then(() => "added", () => "aborted")
    setTimeout(() => controller.abort(), 10)
    assert.strictEqual(await added, "aborted")
    await users.close()
  })

  it("reject with the very CqlError of a write", async () => {
    const users = new UserStore(MockSession.layer({
      otherwise: MockSession.fail(new Reason.InvalidQuery({ message: "no such table" }))
    }))
    const error: unknown = await users.add(1, "ada").catch((error: unknown) => error)
    assert.strictEqual((error as { readonly _tag?: string })._tag, "CqlError")
    await users.close()
  })
})
