import { Reason } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { UserConflict, Users } from "../src/service.ts"

const select = "SELECT name FROM examples.users WHERE id = ?"

const session = MockSession.layer({
  answers: [
    MockSession.when(select, MockSession.rows([{ name: "ada" }]), { params: [1] }),
    MockSession.when(select, MockSession.fail(new Reason.Overloaded({ message: "busy" })), { params: [2] }),
    MockSession.when(select, MockSession.rows([{ name: "grace" }]), { params: [3] }),
    MockSession.when(/^INSERT INTO examples\.users/, MockSession.notApplied({ id: 1, name: "ada" }))
  ],
  otherwise: MockSession.strict
})

const layer = Users.layer.pipe(Layer.provideMerge(session))

it.effect("names come in the order of their ids, and what cannot be read is reported", () =>
  Effect.gen(function*() {
    const users = yield* Users
    assert.deepStrictEqual(yield* users.names([3, 2, 1]), { names: ["grace", "ada"], unreadable: [2] })
    const mock = yield* MockSession.MockSession
    assert.strictEqual((yield* mock.calls).length, 3)
  }).pipe(Effect.provide(layer)))

it.effect("an id that is taken is a conflict", () =>
  Effect.gen(function*() {
    const users = yield* Users
    assert.instanceOf(yield* Effect.flip(users.register(1, "grace")), UserConflict)
  }).pipe(Effect.provide(layer)))
