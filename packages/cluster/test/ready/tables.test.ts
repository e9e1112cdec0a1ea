/** Jobs that count, change, delete and compare rows, over tables in memory. */
import { Job } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { Context, Data, Effect, Exit, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { memory, options, passed, ran, started } from "../support/ready.ts"

class User extends Table.Class<User>("User")("app.users", {
  columns: {
    id: CqlSchema.Int,
    part: CqlSchema.Int,
    name: Schema.String,
    note: Schema.optionalKey(Schema.String),
    tags: Schema.ReadonlySet(Schema.String),
    realm: Schema.optionalKey(Schema.String)
  },
  partitionKey: "id",
  clusteringKey: ["part"],
  static: ["realm"]
}) {}
const Copy = Table.make("app.copies", User, {
  columns: ["id", "part", "name", "note"],
  partitionKey: "id",
  clusteringKey: ["part"]
})
const tables = memory([...Table.ddl(User), ...Table.ddl(Copy)])

const users = Array.from({ length: 60 }, (_, at) => ({
  id: Math.trunc(at / 3),
  part: at % 3,
  name: `user ${at}`,
  tags: new Set(["a"])
}))
const filled = executeConcurrentWithArgs(User.insert, users, { statement: { timestamp: 5n } })
const run = (text: string, params: ReadonlyArray<unknown> = [], timestamp?: bigint) =>
  Statement.make(text, params, { timestamp })
const found = (text: string) => Effect.map(run(text), ({ rows }) => rows)
const small = { version: "1", statement: { pageSize: 7 } } as const

class Refused extends Data.TaggedError("Refused")<{ readonly id: number }> {}
class Suffix extends Context.Service<Suffix, string>()("test/Suffix") {}

describe("a count", () => {
  it.effect("counts all rows, or those of a predicate; a row that does not fit is rejected", () =>
    Effect.gen(function*() {
      yield* filled
      yield* run("UPDATE app.users SET realm = 'alone' WHERE id = 100")
      const all = yield* ran(Job.count("All", { ...small, table: User }), "all")
      assert.isTrue(Exit.isSuccess(all.end) && all.end.value.rows === 60)
      yield* run("INSERT INTO app.users (id, part) VALUES (7, 77)")
      const some = yield* ran(Job.count("Some", { ...small, table: User, where: ({ part }) => part === 1 }), "some")
      assert.isTrue(Exit.isSuccess(some.end) && some.end.value.rows === 20)
      const rejects = yield* Stream.runCollect(some.handle.rejects)
      assert.deepStrictEqual(rejects.map(({ position, reason }) => [position, reason]), [[
        "id = 7 AND part = 77",
        "RowDecoding"
      ]])
    }).pipe(Effect.provide(tables)))
})

describe("a transformation", () => {
  const seen: Array<string> = []
  const Rename = Job.transform("Rename", {
    ...small,
    table: User,
    change: ({ id, name, part }) =>
      Effect.gen(function*() {
        seen.push(`${id} ${part}`)
        if (id === 3) return yield* new Refused({ id })
        if (id === 4) return undefined
        yield* Effect.sleep("100 millis")
        return { name: `${name}${yield* Suffix}` }
      })
  })
  const runner = { ...Rename, layer: Rename.layer.pipe(Layer.provide(Layer.succeed(Suffix, "!"))) }

  it.effect("changes each row once, also when its process dies, and a later write of the application wins", () =>
    Effect.gen(function*() {
      yield* filled
      const first = yield* started(runner, options)
      const handle = yield* Rename.start({ id: "rename" })
      yield* TestClock.adjust("2300 millis")
      yield* run("UPDATE app.users SET name = 'newer' WHERE id = 5 AND part = 1")
      yield* first.kill
      const { rows } = yield* handle.progress
      assert.isBelow(rows, 60)
      yield* started(runner, options)
      const end = yield* passed(handle.await)
      assert.deepInclude(end, { rejected: 3 })
      const rejects = yield* Stream.runCollect(handle.rejects)
      assert.deepStrictEqual(
        rejects.map(({ position, reason }) => [position, reason]).sort(),
        [0, 1, 2].map((part) => [`id = 3 AND part = ${part}`, "Refused"])
      )
      for (const { id, name, part } of yield* found("SELECT id, part, name FROM app.users")) {
        const before = `user ${Number(id) * 3 + Number(part)}`
        if (id === 5 && part === 1) assert.include(["newer", "newer!"], name)
        else assert.strictEqual(name, id === 3 || id === 4 ? before : `${before}!`)
      }
    }).pipe(Effect.provide(tables)))

  it.effect("writes behind a row that is newer than the job, and keeps what is left of a time to live", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      yield* run("INSERT INTO app.users (id, part, name) VALUES (1, 1, 'ahead')", [], 9_000_000_000n)
      yield* run("INSERT INTO app.users (id, part, name) VALUES (1, 2, 'expires') USING TTL 1000", [], 7n)
      yield* run("UPDATE app.users USING TTL 500 SET tags = tags + {'x'} WHERE id = 1 AND part = 2", [], 8n)
      const Note = Job.transform("Note", {
        ...small,
        table: User,
        change: ({ name }) => Effect.succeed({ name: name.toUpperCase(), note: "seen" })
      })
      const { end } = yield* ran(Note)
      assert.isTrue(Exit.isSuccess(end))
      const [one, two] = yield* found(
        "SELECT name, note, writetime(name) AS at, ttl(name) AS ttl, ttl(note) AS left FROM app.users"
      )
      assert.deepInclude(one, { name: "AHEAD", at: 9_000_000_001n, ttl: null, left: null })
      assert.deepInclude(two, { name: "EXPIRES", at: 3_600_000_000n, ttl: 880, left: 880 })
    }).pipe(Effect.provide(tables)))

  it.effect("counts what is left of a time to live when a row is sent, however low the rate", () =>
    Effect.gen(function*() {
      const parts = Array.from({ length: 30 }, (_, part) => part)
      yield* Effect.forEach(
        parts,
        (part) => run("INSERT INTO app.users (id, part, name) VALUES (1, ?, 'name') USING TTL 600", [part], 7n)
      )
      const Slow = Job.transform("Slow", {
        ...small,
        rate: 1,
        statement: { pageSize: 100 },
        table: User,
        change: () => Effect.succeed({ note: "seen" })
      })
      const { end } = yield* ran(Slow)
      assert.isTrue(Exit.isSuccess(end))
      const rows = yield* found("SELECT ttl(name) AS ttl, ttl(note) AS left FROM app.users")
      assert.strictEqual(rows.length, parts.length)
      for (const { left, ttl } of rows) assert.isAtMost(Math.abs(Number(ttl) - Number(left)), 2)
    }).pipe(Effect.provide(tables)))

  it.effect("writes into other tables, at the time of the job", () =>
    Effect.gen(function*() {
      yield* filled
      const Project = Job.transform("Project", {
        ...small,
        table: User,
        write: ({ id, name, part }) =>
          Effect.succeed(part === 0 ? [] : [Copy.insert({ id, part, name: name.toUpperCase() })])
      })
      const { end } = yield* ran(Project)
      assert.isTrue(Exit.isSuccess(end) && end.value.rows === 60)
      const rows = yield* found("SELECT name, writetime(name) AS at FROM app.copies")
      assert.strictEqual(rows.length, 40)
      assert.isTrue(rows.every(({ at, name }) => at === 0n && String(name).startsWith("USER")))
    }).pipe(Effect.provide(tables)))
})

describe("a change of a column that cannot be changed", () => {
  it.effect("writes nothing: a list that is not frozen, or a static column", () =>
    Effect.gen(function*() {
      yield* run("INSERT INTO app.lists (id, items, st, c) VALUES (1, [1], 1, 1)")
      for (const change of [{ items: [2] }, { st: 2 }]) {
        const name = Object.keys(change).join()
        const Change = Job.transform(name, {
          ...small,
          attempts: 1,
          table: Lists,
          change: () => Effect.succeed(change)
        })
        const handle = yield* Change.start({ id: name })
        const { kill } = yield* started(Change, options)
        yield* TestClock.adjust("5 seconds")
        yield* handle.cancel
        yield* kill
        assert.deepStrictEqual(yield* found("SELECT items, st FROM app.lists"), [{ items: [1], st: 1 }])
        assert.strictEqual((yield* handle.progress).rows, 0)
      }
    }).pipe(Effect.provide(memory(Table.ddl(Lists)))))
})

class Lists extends Table.Class<Lists>("Lists")("app.lists", {
  columns: {
    id: CqlSchema.Int,
    c: CqlSchema.Int,
    items: Schema.Array(CqlSchema.Int),
    st: Schema.optionalKey(CqlSchema.Int)
  },
  partitionKey: "id",
  clusteringKey: ["c"],
  static: ["st"]
}) {}

describe("an expiry", () => {
  it.effect("deletes rows as they were read: a column that is written meanwhile survives", () =>
    Effect.gen(function*() {
      yield* filled
      yield* run("UPDATE app.users SET tags = tags + {'b'} WHERE id = 2 AND part = 0", [], 50n)
      const Old = Job.expire("Old", { ...small, table: User, where: ({ id }) => id < 5 })
      const handle = yield* Old.start({ id: "old" })
      const { kill } = yield* started(Old, options)
      yield* TestClock.adjust("2050 millis")
      // It has been read, and is written before it is deleted.
      yield* run("UPDATE app.users SET note = 'kept' WHERE id = 1 AND part = 1", [], 6n)
      const end = yield* passed(handle.await)
      yield* kill
      assert.strictEqual(end.rows, 15)
      const rows = yield* found("SELECT id, part, note, name FROM app.users")
      const left = rows.filter(({ id }) => Number(id) < 5)
      assert.deepStrictEqual(left.map(({ name, note }) => [name, note]), [[null, "kept"]])
      assert.strictEqual(rows.length, 46)
    }).pipe(Effect.provide(memory([...Table.ddl(User), ...Table.ddl(Copy)], {
      latency: (request) => request._tag === "Statement" && request.text.startsWith("DELETE") ? "2 seconds" : "0 millis"
    }))))
})

describe("a comparison", () => {
  const Compare = Job.verify("Compare", { ...small, from: User, to: Copy })
  const copied = Effect.flatMap(
    filled,
    () =>
      executeConcurrentWithArgs(Copy.insert, users.map(({ id, name, part }) => ({ id, part, name })), {
        statement: { timestamp: 5n }
      })
  )
  const differences = (id: string) =>
    Effect.gen(function*() {
      const { end, handle } = yield* ran(Compare, id)
      const rejects = yield* Stream.runCollect(handle.rejects)
      return {
        rows: Exit.isSuccess(end) ? end.value.rows : undefined,
        found: rejects.map(({ error, position }) => `${position}: ${error}`).sort()
      }
    })

  it.effect("finds rows that are missing, extra or different, and no values", () =>
    Effect.gen(function*() {
      yield* copied
      assert.deepStrictEqual(yield* differences("equal"), { rows: 60, found: [] })
      yield* run("DELETE FROM app.copies WHERE id = 1")
      yield* run("DELETE FROM app.copies WHERE id = 2 AND part = 1")
      yield* run("INSERT INTO app.copies (id, part, name) VALUES (2, 9, 'secret')")
      yield* run("INSERT INTO app.copies (id, part, name) VALUES (99, 9, 'secret')")
      yield* run("UPDATE app.copies SET name = 'secret', note = 'secret' WHERE id = 3 AND part = 2")
      const { found: all, rows } = yield* differences("different")
      assert.strictEqual(rows, 62)
      const missing = "a row differs: expected it in both tables, got it in the first one only"
      const extra = "a row differs: expected it in both tables, got it in the second one only"
      assert.deepStrictEqual(
        all.map((line) => line.replace(/: .*?(?=a row)/s, ": ")),
        [
          ...[0, 1, 2].map((part) => `id = 1 AND part = ${part}: ${missing}`),
          `id = 2 AND part = 1: ${missing}`,
          `id = 2 AND part = 9: ${extra}`,
          "id = 3 AND part = 2: a row differs: expected the same name, note in both tables, got others",
          `id = 99 AND part = 9: ${extra}`
        ].sort()
      )
      assert.isFalse(all.join().includes("secret"))
    }).pipe(Effect.provide(tables)))
})
