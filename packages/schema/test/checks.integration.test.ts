/** Queries and whole modules against the metadata of a real server. */
import { cql, Query, Session } from "@effect-cql/core"
import { Check, CqlSchema, Table } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { frozen, typeOf } from "../src/internal/cqlType.ts"
import { samples } from "./support/samples.ts"

const keyspace = ownName("checks")

class Post extends Table.Class<Post>("Post")(`${keyspace}.posts`, {
  columns: {
    author: CqlSchema.Text,
    at: CqlSchema.Timestamp,
    id: CqlSchema.TimeUuid,
    title: Schema.String,
    tags: Schema.ReadonlySet(Schema.String),
    links: Schema.ReadonlyMap(Schema.String, CqlSchema.Int),
    size: Schema.optionalKey(CqlSchema.SmallInt),
    bio: Schema.optionalKey(Schema.String)
  },
  partitionKey: "author",
  clusteringKey: ["at desc", "id"],
  static: ["bio"]
}) {}

class Likes extends Table.Class<Likes>("Likes")(`${keyspace}.likes`, {
  columns: { post: CqlSchema.TimeUuid, likes: CqlSchema.Counter },
  partitionKey: "post"
}) {}

const columns = Object.entries(samples).map(([name, schema]) =>
  `"${name}" ${frozen(typeOf(schema.ast)!).replaceAll("<point>", `<${keyspace}.point>`)}`
)

const KeyspaceLive = withKeyspace(
  keyspace,
  ...Table.ddl(Post),
  ...Table.ddl(Likes),
  `CREATE TYPE ${keyspace}.point (x int, label text)`,
  `CREATE TABLE ${keyspace}.samples (id int PRIMARY KEY, ${columns.join(", ")})`
)

const posts = `${keyspace}.posts`

integration("checks of queries", () => {
  layer(KeyspaceLive, { excludeTestServices: true })((it) => {
    it.effect("find nothing where all is right", () =>
      Effect.gen(function*() {
        const verbs = {
          get: Post.get,
          insert: Post.insert,
          ifNotExists: Post.insert.ifNotExists,
          upsert: Post.upsert,
          delete: Post.delete,
          statics: Post.statics,
          byAuthor: Post.select.query(["author", "at <"], { limit: 10 }),
          some: Post.select.query(["author"], { columns: ["id", "tags"] }),
          update: Post.update.query(["title", "tags"]),
          likes: Likes.get,
          // Plain schemas, and types that are narrower than those of the columns.
          plain: Query.make(`SELECT title, id, tags, size FROM ${posts} WHERE author = ? AND at > ?`, {
            params: Schema.Tuple([Schema.String, Schema.Date]),
            row: Schema.Struct({
              title: Schema.NullOr(Schema.String),
              id: CqlSchema.Uuid,
              size: Schema.NullOr(CqlSchema.Int),
              other: Schema.optionalKey(Schema.String)
            })
          }),
          untyped: Query.make(`SELECT * FROM ${posts}`),
          statement: cql`SELECT count(*) FROM ${cql.identifier(keyspace)}.posts`,
          count: Query.make(`SELECT count(*) AS n FROM ${posts}`, { row: Schema.Struct({ n: CqlSchema.Count }) }),
          nothing: "a text is none of it",
          nested: [Post, { Likes }]
        }
        assert.deepStrictEqual(yield* Check.exports(verbs), [])
      }))

    it.effect("know every type, in both directions", () =>
      Effect.gen(function*() {
        for (const [name, schema] of Object.entries(samples)) {
          const text = `INSERT INTO ${keyspace}.samples (id, "${name}") VALUES (?, ?)`
          const insert = Query.make(text, { params: Schema.Tuple([CqlSchema.Int, Schema.NullOr(schema)]) })
          const select = Query.make(`SELECT "${name}" FROM ${keyspace}.samples`, {
            row: Schema.Struct({ [name]: Schema.NullOr(schema) })
          })
          assert.deepStrictEqual(yield* Check.queries(insert, select), [], name)
          const wrong = name === "blob" ? CqlSchema.Int : CqlSchema.Blob
          const odd = Query.make(text, { params: Schema.Tuple([CqlSchema.Int, wrong]) })
          const [mismatch] = yield* Check.queries(odd)
          assert.match(mismatch?.message ?? "", /^expected (blob|int), got .*: change the schema, or the text$/, name)
        }
      }))

    it.effect("find wrong names and types", () =>
      Effect.gen(function*() {
        const messages = (query: Query.Query.Any) =>
          Effect.map(Check.queries(query), (found) => found.map(({ message, name }) => `${name}: ${message}`))
        const byAuthor = `SELECT title FROM ${posts} WHERE author = :author`
        assert.deepStrictEqual(
          yield* messages(Query.make(byAuthor, {
            params: Schema.Struct({ author: CqlSchema.Int, more: CqlSchema.Int }),
            row: Schema.Struct({ titel: Schema.String, title: Schema.Int })
          })),
          [
            "author: expected int, got text: change the schema, or the text",
            "more: the text has no such marker: leave it out of the params schema",
            "titel: the rows have no such column: select it, or leave it out of the row schema",
            "title: expected a number, got text: change the schema, or the text"
          ]
        )
        assert.deepStrictEqual(
          yield* messages(Query.make(`SELECT title FROM ${posts} WHERE author = ? AND at = ?`, {
            params: Schema.Tuple([Schema.String])
          })),
          ["at: the params schema lacks this marker of the text: add it with the type timestamp"]
        )
        for (const text of [`SELECT titel FROM ${posts}`, `SELECT * FROM ${keyspace}.post`, "SELEC 1"]) {
          const [found, ...others] = yield* messages(Query.make(text))
          assert.match(found ?? "", /^undefined: the server refuses it: /)
          assert.deepStrictEqual(others, [])
        }
        // A schema may not promise what the column does not hold.
        assert.deepStrictEqual(
          yield* messages(Query.make(`UPDATE ${posts} SET size = :size WHERE author = 'a' AND at = 0 AND id = now()`, {
            params: Schema.Struct({ size: CqlSchema.Int })
          })),
          ["size: expected int, got smallint: change the schema, or the text"]
        )
      }))

    it.effect("find a table that differs", () =>
      Effect.gen(function*() {
        class Other extends Table.Class<Other>("Other")(posts, {
          columns: { author: CqlSchema.Text, title: CqlSchema.Int },
          partitionKey: "author"
        }) {}
        const found = yield* Check.exports({ Other })
        assert.deepStrictEqual([...new Set(found.map(({ of }) => of))], [posts])
        assert.isAtLeast(found.length, 3)
      }))

    it.effect("describe a text as the server prepares it", () =>
      Effect.gen(function*() {
        const session = yield* Session
        assert.deepStrictEqual(yield* session.describe(`SELECT title, tags FROM ${posts} WHERE author = ?`), {
          params: [{ name: "author", type: "text" }],
          columns: [{ name: "title", type: "text" }, { name: "tags", type: "set<text>" }]
        })
        const error = yield* Effect.flip(session.describe("SELECT nothing"))
        assert.deepStrictEqual([error.reason._tag, error.outcome, error.attempts], ["SyntaxError", "NotApplied", 0])
      }))
  })
})
