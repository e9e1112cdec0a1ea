/** Checks of queries, tables and migrations over tables in memory. */
import { cql, Query } from "@effect-cql/core"
import { Check, CqlSchema, Migrations, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

class Post extends Table.Class<Post>("Post")("app.posts", {
  columns: {
    author: CqlSchema.Text,
    at: CqlSchema.Timestamp,
    title: Schema.String,
    tags: Schema.ReadonlySet(Schema.String)
  },
  partitionKey: "author",
  clusteringKey: ["at desc"]
}) {}

const memory = MockSession.memory(Table.ddl(Post))

const titles = Query.make("SELECT title, at FROM app.posts WHERE author = ? AND at > ? LIMIT ?", {
  params: Schema.Tuple([Schema.String, CqlSchema.Timestamp, CqlSchema.Int]),
  row: Schema.Struct({ title: Schema.String, at: CqlSchema.Timestamp })
})

it.effect("queries that fit the tables have no mismatch, and nothing is executed", () =>
  Effect.gen(function*() {
    const insert = cql`INSERT INTO app.posts (author, at) VALUES (${"ada"}, ${new Date(0)})`
    assert.deepStrictEqual(yield* Check.exports({ Post, titles, insert }), [])
    assert.lengthOf(yield* MockSession.MockSession.use(({ callsOf }) => callsOf(/app\.posts/)), 0)
  }).pipe(Effect.provide(memory)))

it.effect("markers, columns and texts that do not fit are named", () =>
  Effect.gen(function*() {
    const wrong = Query.make("SELECT title FROM app.posts WHERE author = :who", {
      params: Schema.Struct({ who: CqlSchema.Int, more: Schema.String }),
      row: Schema.Struct({ title: CqlSchema.Int, tags: Schema.ReadonlySet(Schema.String) })
    })
    const found = yield* Check.queries(wrong, Query.make("SELECT nothing FROM app.posts"))
    assert.deepStrictEqual(found.map(({ name }) => name), ["who", "more", "title", "tags", undefined])
    assert.include(found.at(-1)?.message, "the server refuses it")
  }).pipe(Effect.provide(memory)))

it.effect("tables are read back as a file, and differ by their migrations", () =>
  Effect.gen(function*() {
    const text = yield* Table.fromServer("app")
    assert.include(text, "app.posts")
    assert.deepStrictEqual((yield* Migrations.diff(Post)).statements, [])
    const older = MockSession.memory(["CREATE TABLE app.posts (author text, at timestamp, PRIMARY KEY (author, at))"])
    const mismatches = yield* Effect.provide(Table.check(Post), older)
    assert.deepStrictEqual(mismatches.map(({ column }) => column), ["at", "title", "tags"])
  }).pipe(Effect.provide(memory)))
