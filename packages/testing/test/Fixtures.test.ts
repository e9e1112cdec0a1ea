import { CqlSchema, Table } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Fixtures, MockSession } from "../src/index.ts"

class User extends Table.Class<User>("User")("app.users", {
  columns: {
    id: CqlSchema.Int,
    name: Schema.NonEmptyString,
    age: CqlSchema.SmallInt,
    tags: Schema.ReadonlySet(Schema.String)
  },
  partitionKey: "id"
}) {}

describe("fixtures", () => {
  it.effect("are rows of their table, the same for the same seed", () =>
    Effect.gen(function*() {
      const users = yield* Fixtures.rows(User, { count: 20, seed: 3 })
      assert.strictEqual(users.length, 20)
      assert.isTrue(users.every((user) => user instanceof User && user.name.length > 0))
      assert.deepStrictEqual(yield* Fixtures.rows(User, { count: 20, seed: 3 }), users)
      assert.notDeepEqual(yield* Fixtures.rows(User, { count: 20, seed: 4 }), users)
    }))

  it.effect("are written, with the fields that a test sets", () =>
    Effect.gen(function*() {
      const users = yield* Fixtures.insert(User, { count: 20, seed: 3, with: (id) => ({ id }) })
      assert.deepStrictEqual(users.map(({ id }) => id), Array.from({ length: 20 }, (_, id) => id))
      const { first } = yield* User.select({ id: 7 })
      assert.strictEqual(first?.name, users[7]?.name)
    }).pipe(Effect.provide(MockSession.memory(Table.ddl(User)))))
})
