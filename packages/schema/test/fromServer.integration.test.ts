/** The tables of a real server as a file: it type-checks, and its tables are those of the server. */
import { Check, Table } from "@effect-cql/schema"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { frozen, typeOf } from "../src/internal/cqlType.ts"
import { compile, directory } from "./support/compile.ts"
import { samples } from "./support/samples.ts"

const keyspace = ownName("from_server")

const columns = Object.entries(samples).map(([name, schema]) =>
  `"${name}" ${frozen(typeOf(schema.ast)!).replaceAll("<point>", "<@.point>")}`
)

const KeyspaceLive = withKeyspace(
  keyspace,
  ...[
    "CREATE TYPE @.outer_type (inner_part frozen<tuple<int, text>>, zip_code text)",
    "CREATE TYPE @.a_type (one frozen<@.outer_type>, many frozen<list<frozen<@.outer_type>>>)",
    "CREATE TYPE @.\"Odd Type\" (\"Field\" int)",
    "CREATE TYPE @.point (x int, label text)",
    `CREATE TABLE @.samples (id int PRIMARY KEY, ${columns.join(", ")})`,
    "CREATE TABLE @.posts (tenant text, author text, at timestamp, id timeuuid, bio text static, tags set<text>, " +
    "\"Title\" text, b_1 int, \"two words\" int, \"twoWords\" int, \"1st\" int, place @.a_type, odd frozen<@.\"Odd Type\">, " +
    "custom 'org.apache.cassandra.db.marshal.LexicalUUIDType', " +
    "PRIMARY KEY ((tenant, author), at, id)) WITH CLUSTERING ORDER BY (at DESC, id ASC) AND comment = 'it''s a \"test\"' " +
    "AND default_time_to_live = 86400",
    "CREATE TABLE @.likes (post timeuuid, likes counter, dislikes counter, PRIMARY KEY (post))",
    "CREATE TABLE @.\"Table\" (id frozen<set<int>>, k frozen<tuple<int, text>>, PRIMARY KEY (id, k))",
    "CREATE TABLE @.\"schema\" (id frozen<@.\"Odd Type\"> PRIMARY KEY)",
    "CREATE TABLE @.cql_schema (id uuid PRIMARY KEY, constructor int, class int)",
    "CREATE TABLE @.zobjects (\"constructor\" int PRIMARY KEY, \"toString\" int, \"a\"\"b\" int)",
    "CREATE TYPE @.\"a.b\" (a int)",
    "CREATE MATERIALIZED VIEW @.by_class AS SELECT * FROM @.cql_schema WHERE id IS NOT NULL AND class IS NOT NULL " +
    "PRIMARY KEY (class, id)",
    "CREATE TABLE @.same_camel (foo_bar int, \"fooBar\" int, \"FooBar\" int, \"foo_Bar\" int, foo_bar_ int, \"ünï\" int, " +
    "\"漢字\" int, \"*/\" int, \"`${x}\" int, PRIMARY KEY (foo_bar, \"fooBar\")) WITH CLUSTERING ORDER BY (\"fooBar\" DESC)",
    "CREATE INDEX ON @.zobjects (\"a\"\"b\")",
    "CREATE INDEX ON @.posts (tags)",
    "CREATE INDEX ON @.posts (b_1) USING 'sai'",
    "CREATE CUSTOM INDEX ON @.posts (\"Title\") USING 'StorageAttachedIndex'",
    "CREATE INDEX ON @.samples (full(map_))"
  ].map((text) => text.replaceAll("@", keyspace))
)

const run = (file: string, args: ReadonlyArray<string>, env: Record<string, string>) =>
  new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    execFile(process.execPath, [file, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, output: stdout + stderr })
    })
  })

integration("the tables of a server", () => {
  layer(KeyspaceLive, { excludeTestServices: true })((it) => {
    it.effect("are a file that type-checks, whose tables are those of the server", () =>
      Effect.gen(function*() {
        const text = yield* Table.fromServer(keyspace)
        assert.strictEqual(yield* Effect.promise(() => compile("fromServer", { "tables.ts": text })), "", text)
        for (
          const part of [
            "clusteringKey: [\"at desc\", \"id\"]",
            "partitionKey: [\"tenant\", \"author\"]",
            "static: [\"bio\"]",
            "names: { _1st: \"1st\", Title: \"Title\", two_words: \"two words\", twoWords: \"twoWords\" }",
            "options: { comment: \"it's a \\\"test\\\"\", defaultTimeToLive: 86400 }",
            "place: Schema.optionalKey(AType)",
            "// custom: the type 'org.apache.cassandra.db.marshal.LexicalUUIDType' has no schema",
            "class OuterType extends CqlSchema.Udt<OuterType>",
            "likes: CqlSchema.Counter",
            "// The type a.b cannot be declared: its name has a dot.",
            "// The materialized view by_class of cql_schema is left out",
            "clusteringKey: [\"fooBar_ desc\"]",
            "fooBar_: \"fooBar\"",
            "fooBar__: \"foo_bar_\"",
            "// The type Odd Type cannot be declared",
            "// The table schema cannot be declared: its key has the type frozen<\"Odd Type\">.",
            "class TableRow extends",
            "names: { _constructor: \"constructor\", a_b: \"a\\\"b\", _toString: \"toString\" }"
          ]
        ) assert.include(text, part)
        assert.deepStrictEqual(/indexes: \{ (.*) \}/.exec(text)?.[1]?.split(", ").sort(), [
          "Title: \"sai\"",
          "b_1: \"sai\"",
          "tags: \"secondary\""
        ])
        const own = join(directory, "generated")
        yield* Effect.acquireUseRelease(
          Effect.sync(() => {
            mkdirSync(own, { recursive: true })
            writeFileSync(join(own, "tables.ts"), text)
          }),
          () =>
            Effect.gen(function*() {
              const module: object = yield* Effect.promise(() => import(join(own, "tables.ts")))
              assert.isAtLeast(Object.keys(module).length, 8)
              assert.deepStrictEqual(yield* Check.exports(module), [])
            }),
          () => Effect.sync(() => rmSync(own, { recursive: true, force: true }))
        )
      }), 120_000)

    it.effect("are written by the command", () =>
      Effect.gen(function*() {
        const { contactPoints, credentials, localDataCenter } = yield* CassandraServer
        const { password = "" } = credentials ?? {}
        const env = {
          CASSANDRA_CONTACT_POINTS: contactPoints.join(","),
          CASSANDRA_LOCAL_DATACENTER: localDataCenter,
          CASSANDRA_USERNAME: credentials?.username ?? "",
          CASSANDRA_PASSWORD: Redacted.isRedacted(password) ? Redacted.value(password) : password
        }
        const main = fileURLToPath(new URL("../src/internal/generate/main.ts", import.meta.url))
        const file = join(directory, "command", "tables.ts")
        const command = (...args: ReadonlyArray<string>) => Effect.promise(() => run(main, args, env))
        const { code, output } = yield* command("--keyspace", keyspace, "--out", file)
        assert.deepStrictEqual([code, output], [0, `wrote ${file}\n`])
        const text = yield* Table.fromServer(keyspace)
        assert.strictEqual(readFileSync(file, "utf8"), text)
        rmSync(join(directory, "command"), { recursive: true, force: true })
        assert.strictEqual((yield* command("--keyspace", keyspace)).output, text)
        const nothing = yield* command("--keyspace", `${keyspace}_not`)
        assert.deepStrictEqual([nothing.code, nothing.output], [
          1,
          `reading tables failed: expected the keyspace ${keyspace}_not, got no keyspace of this name. ` +
          "Names are in small letters unless they were quoted.\n"
        ])
        assert.match((yield* command("--keyspace", "")).output, /^expected .*, got no keyspace/)
        assert.match((yield* command()).output, /^expected effect-cql-schema --keyspace <name>/)
        assert.match((yield* command("--keyspac", "a")).output, /^expected effect-cql-schema .*: Unknown option/)
      }), 120_000)
  })
})
