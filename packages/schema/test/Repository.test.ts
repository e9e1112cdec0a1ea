import { Reason, type Session } from "@effect-cql/core"
import { Change, CqlSchema, Table } from "@effect-cql/schema"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { inspect } from "node:util"

class User extends Table.Class<User>("User")("app.users", {
  columns: {
    tenant: CqlSchema.Text,
    id: CqlSchema.Int,
    name: CqlSchema.Text,
    tags: Schema.ReadonlySet(Schema.String),
    note: Schema.optionalKey(CqlSchema.Text)
  },
  partitionKey: "tenant",
  clusteringKey: ["id"]
}) {}

const users = Table.repository(User)
const key = { tenant: "a", id: 1 }
const ada = { ...key, name: "Ada", tags: new Set(["x"]) }
const tables = [...Table.ddl(User)]
const world = MockSession.memory(tables)
const texts = MockSession.MockSession.use((mock) =>
  Effect.map(mock.calls, (calls) => calls.map(({ request }) => request._tag === "Statement" ? request.text : ""))
)

/** The tag of the error of an effect. */
const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E, Session>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("a repository", () => {
  it.effect("inserts, finds, updates and deletes by the key, and reads nothing back", () =>
    Effect.gen(function*() {
      yield* users.insert(ada, { ttl: "1 hour" })
      yield* users.update(key, { name: "Ada L.", tags: Change.add("y"), note: "first" })
      const found = yield* users.get(key)
      assert.isTrue(found instanceof User)
      assert.deepStrictEqual([found.name, [...found.tags], found.note], ["Ada L.", ["x", "y"], "first"])
      yield* users.update(key, { note: null })
      assert.isFalse("note" in (yield* users.get(key)))
      yield* users.delete(key)
      assert.deepStrictEqual(yield* users.find(key), Option.none())
      yield* users.delete(key)
      const kinds = (yield* texts).map((text) => text.split(" ")[0])
      assert.deepStrictEqual(kinds, ["INSERT", "UPDATE", "SELECT", "UPDATE", "SELECT", "DELETE", "SELECT", "DELETE"])
    }).pipe(Effect.provide(world)))

  it.effect("fails by its type where a row exists or does not", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tagOf(users.get(key)), "RowNotFound")
      assert.strictEqual(yield* tagOf(users.updateExisting(key, { name: "x" })), "RowNotFound")
      assert.strictEqual(yield* tagOf(users.deleteExisting(key)), "RowNotFound")
      yield* users.insertNew(ada)
      const error = yield* Effect.flip(users.insertNew({ ...ada, name: "Eve" }))
      assert.instanceOf(error, Table.RowExists)
      const current = Option.getOrThrow(error.current)
      assert.isTrue(current instanceof User && current.name === "Ada")
      assert.strictEqual(
        error.message,
        "inserting a row failed: expected a new key in app.users, got the key of a row that exists (NotApplied)"
      )
      assert.notInclude(`${inspect(error)} ${JSON.stringify(error)}`, "Ada")
      yield* users.updateExisting(key, { name: "Ada L." })
      assert.strictEqual((yield* users.get(key)).name, "Ada L.")
      yield* users.deleteExisting(key)
      const missing = yield* Effect.flip(users.get(key))
      assert.strictEqual(missing.message, "a row was not found: expected a row with this key in app.users, got none")
    }).pipe(Effect.provide(world)))

  it.effect("fails with the error of its statement, and with its outcome", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(users.insertNew(ada))
      assert.isTrue(error._tag === "CqlError" && error.outcome === "Unknown")
    }).pipe(Effect.provide(MockSession.memory(tables, { faults: FaultPlan.make([FaultPlan.at(0, "lost")]) }))))

  it.effect("looks up keys together, and each once", () =>
    Effect.gen(function*() {
      yield* users.insert(ada)
      const keys = [key, { ...key }, { tenant: "b", id: 1 }]
      const found = yield* Effect.forEach(keys, (key) => users.find(key), { concurrency: "unbounded" })
      assert.deepStrictEqual(found.map(Option.isSome), [true, true, false])
      assert.strictEqual((yield* texts).filter((text) => text.startsWith("SELECT")).length, 2)
    }).pipe(Effect.provide(world)))

  it.effect("does not take a condition that failed for a row", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(users.updateExisting(key, { name: "x" }))
      assert.isTrue(error._tag === "CqlError" && error.reason._tag === "Overloaded")
    }).pipe(
      Effect.provide(MockSession.layer({ otherwise: MockSession.fail(new Reason.Overloaded({ message: "busy" })) }))
    ))
})
