/** Bound values stay values and quoted names stay names, whatever characters they contain. */
import {
  Batch,
  cql,
  executeConcurrent,
  executeConcurrentWithArgs,
  InvalidOptions,
  Query,
  Session,
  Statement
} from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, reasonOf, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Schema } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("injection")
const data = `${keyspace}.data`
const canary = `${keyspace}.canary`

const KeyspaceLive = withKeyspace(
  keyspace,
  `CREATE TYPE ${keyspace}.odd ("toString" text, "a""b" text, plain text)`,
  `CREATE TYPE ${keyspace}.proto ("__proto__" text)`,
  `CREATE TABLE ${canary} (id int PRIMARY KEY)`,
  `CREATE TABLE ${data} (id int PRIMARY KEY, v text, m map<text, text>, l list<text>, o frozen<odd>, p frozen<proto>)`,
  `CREATE TABLE ${keyspace}.keyed (k text PRIMARY KEY, "__proto__" text, "constructor" text, "toString" text, "a""b" text)`
)

/** Texts that have broken out of strings elsewhere. */
const hostile: ReadonlyArray<string> = [
  `'; DROP TABLE ${canary}; --`,
  `x', 'y'); TRUNCATE ${canary}; --`,
  `"; DROP KEYSPACE ${keyspace}; //`,
  "it's",
  "it''s",
  "'",
  "''",
  "\"",
  "\"\"",
  "\\'",
  "\\",
  "--",
  "// no comment",
  "/* none either */",
  "/*",
  "*/",
  "$$",
  "$$; $$",
  "$1",
  "?",
  "??",
  ":name",
  ":\"name\"",
  "? AND v = ?",
  "{'a': 1}",
  "${v}",
  "%27",
  "&apos;",
  "\u2018\u2019\u201a\u201c\u201d\u02bc\uff07\uff02",
  "a\0b",
  "\0",
  "\r\n",
  "\u2028",
  "\u202e",
  "\ud835\udcb3",
  "",
  "__proto__",
  "constructor",
  "null",
  "0x27",
  "y'".repeat(50_000)
]

const insertText = `INSERT INTO ${data} (id, v) VALUES (?, ?)`
const insertNamed = `INSERT INTO ${data} (id, v) VALUES (:id, :"the value")`

/** Every way in which a program hands over a value. */
const doors: Readonly<Record<string, (id: number, v: string) => Statement.Input>> = {
  "a template": (id, v) => cql`INSERT INTO ${cql.identifier(keyspace)}.data (id, v) VALUES (${id}, ${v})`,
  "a tuple": (id, v) => [insertText, [id, v]],
  "named markers": (id, v) => [insertNamed, { id, "the value": v }],
  "a statement": (id, v) => Statement.make(insertText, [id, v]),
  "a query with a schema": (id, v) =>
    Query.make(insertText, { params: Schema.Tuple([Schema.Int, Schema.String]) })(id, v),
  "a query with a schema of names": (id, v) =>
    Query.make(insertNamed, { params: Schema.Struct({ id: Schema.Int, "the value": Schema.String }) })({
      id,
      "the value": v
    }),
  "the columns of a template": (id, v) => cql`INSERT INTO ${cql.raw(data)} ${cql.values({ id, v })}`,
  "the changes of a template": (id, v) =>
    cql`UPDATE ${cql.raw(data)} ${cql.using({ ttl: "1 day" })} SET ${cql.set({ v })} WHERE id ${cql.in([id])}`,
  "a fragment": (id, v) => cql`INSERT INTO ${cql.raw(data)} (id, v) ${cql.fragment`VALUES (${id}, ${v})`}`,
  "a logged batch": (id, v) => Batch.make([[insertText, [id, v]], [insertNamed, { id, "the value": v }]]),
  "an unlogged batch": (id, v) => Batch.make([Statement.make(insertText, [id, v])], { type: "unlogged" })
}

const read = Query.make(`SELECT v FROM ${data} WHERE id = ?`, {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ v: Schema.NullOr(Schema.String) })
})

const countOf = (table: string) => Effect.map(Statement.make(`SELECT id FROM ${table}`), ({ length }) => length)

/** Runs what is to do no harm, on an empty table, and looks at what must still be there. */
const unharmed = <A, E, R>(self: Effect.Effect<A, E, R>, rows: number) =>
  Effect.gen(function*() {
    yield* Statement.make(`TRUNCATE ${data}`)
    yield* Statement.make(`INSERT INTO ${canary} (id) VALUES (1)`)
    const before = Object.getOwnPropertyNames(Object.prototype)
    const value = yield* self
    assert.strictEqual(yield* countOf(canary), 1)
    assert.strictEqual(yield* countOf(data), rows)
    assert.deepStrictEqual(Object.getOwnPropertyNames(Object.prototype), before)
    return value
  })

const defectOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(self), (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined)

integration("hostile values", () => {
  layer(KeyspaceLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    for (const [door, statement] of Object.entries(doors)) {
      it.effect(`through ${door} come back as they went in`, () =>
        unharmed(
          Effect.gen(function*() {
            yield* executeConcurrent(hostile.map((v, id) => statement(id, v)))
            const rows = yield* executeConcurrentWithArgs(read, hostile.map((_, id) => [id] as const))
            assert.deepStrictEqual(rows.map(({ value }) => value.first?.v), [...hostile])
          }),
          hostile.length
        ))
    }

    it.effect("are found as keys, and come back from inside of collections and types", () =>
      unharmed(
        Effect.gen(function*() {
          const keys = hostile.filter((key) => key !== "" && key.length < 60_000)
          const keyed = `${keyspace}.keyed`
          yield* executeConcurrentWithArgs(`INSERT INTO ${keyed} (k) VALUES (?)`, keys.map((key) => [key]))
          const found = yield* executeConcurrentWithArgs(
            `SELECT k FROM ${keyed} WHERE k = ?`,
            keys.map((key) => [key])
          )
          assert.deepStrictEqual(found.map(({ value }) => value.rows.map((row) => row["k"])), keys.map((key) => [key]))
          const m = new Map(hostile.map((key, index) => [key, hostile.at(-index)!]))
          const o = { toString: hostile[0], "a\"b": hostile[1], plain: null }
          yield* cql`INSERT INTO ${cql.raw(data)} (id, m, l, o) VALUES (${1}, ${m}, ${hostile}, ${o})`
          const [row] = (yield* cql`SELECT m, l, o FROM ${cql.raw(data)} WHERE id = ${1}`).rows
          assert.deepStrictEqual(new Map([...row!["m"] as typeof m].toSorted()), new Map([...m].toSorted()))
          assert.deepStrictEqual(row!["l"], hostile)
          assert.deepStrictEqual(Object.entries(row!["o"] as object), Object.entries(o))
        }),
        1
      ))

    it.effect("that are no well-formed text are refused, and nothing is written", () =>
      unharmed(
        Effect.gen(function*() {
          for (const v of ["\ud800", `\udc00'; DROP TABLE ${canary}`, { text: "now()" }, { toString: () => "x" }]) {
            const reason = yield* reasonOf(Statement.make(insertText, [1, v]))
            assert.deepInclude(reason, { _tag: "ParametersRefused", column: "v" })
            assert.include(reason.message, "expected text, a well-formed string")
          }
        }),
        0
      ))

    it.effect("do not matter to a text whose markers they resemble", () =>
      unharmed(
        Effect.gen(function*() {
          const texts = [
            `INSERT INTO ${data} (id, v) VALUES (?, '? :id -- /* $$ ''?''') -- ? :x\n`,
            `INSERT INTO ${data} /* ? :a ' */ (id, v) VALUES (?, '? :id -- /* $$ ''?''') // ? '\n`,
            `INSERT INTO ${data} (id, v) VALUES (?, $$? :id -- /* $ ''?''$$)`,
            `INSERT INTO ${data} (id, v) VALUES (:id, '":id" ?') /* :x ? */`
          ]
          const expected = ["? :id -- /* $$ '?'", "? :id -- /* $$ '?'", "? :id -- /* $ ''?''", "\":id\" ?"]
          yield* executeConcurrent(texts.map((text, id) => [text, text.includes("(:id") ? { id } : [id]] as const))
          const rows = yield* executeConcurrentWithArgs(read, texts.map((_, id) => [id] as const))
          assert.deepStrictEqual(rows.map(({ value }) => value.first?.v), expected)
          // A comment ends with a carriage return as well: what follows it counts.
          const condition = `INSERT INTO ${data} (id, v) VALUES (?, 'x') -- once\rIF NOT EXISTS`
          const again = yield* executeConcurrent([[condition, [0]]])
          assert.strictEqual(again[0]!.outcome, "NotApplied")
          const reason = yield* reasonOf(Statement.make(texts[0]!, [1, "x"]))
          assert.match(reason.message, /1 marker, but 2 values were given/)
        }),
        4
      ))
  })
})

integration("hostile names", (server) => {
  layer(KeyspaceLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    it.effect("of columns are names, whatever they hold", () =>
      unharmed(
        Effect.gen(function*() {
          const names = [
            `x" text; DROP TABLE ${canary}; --`,
            "a.b",
            "SELECT",
            "Upper",
            "'",
            "?",
            ":n",
            "$$",
            "/*",
            "n\0l"
          ]
          for (const name of names) yield* cql`ALTER TABLE ${cql.raw(data)} ADD ${cql.identifier(name)} text`
          for (const [id, name] of names.entries()) {
            const column = cql.identifier(name)
            yield* cql`INSERT INTO ${cql.raw(data)} (id, ${column}) VALUES (${id}, ${"it's"})`
            const result = yield* cql`SELECT ${column} FROM ${cql.raw(data)} WHERE id = ${id}`
            assert.deepStrictEqual(result.rows, [{ [name]: "it's" }])
          }
        }),
        10
      ))

    it.effect("of tables are refused by the server, and do nothing else", () =>
      unharmed(
        Effect.gen(function*() {
          for (const name of [`t" (id int PRIMARY KEY); DROP TABLE ${canary}; --`, "a.b", "a b", "'", "t\0"]) {
            const reason = yield* reasonOf(
              cql`CREATE TABLE ${cql.identifier(keyspace)}.${cql.identifier(name)} (id int PRIMARY KEY)`
            )
            assert.strictEqual(reason._tag, "ConfigError", name)
            assert.include(reason.message, "non-alphanumeric-underscore")
          }
        }),
        0
      ))

    it.effect("that can be none, and templates that are none, are programming errors", () =>
      unharmed(
        Effect.sync(() => {
          const { identifier, raw } = cql
          for (const name of ["", "x".repeat(30_000), "\ud800", undefined, 5, null, ["x"]]) {
            assert.throws(() => identifier(name as string), InvalidOptions, /cql\.identifier: expected a name: /)
          }
          assert.throws(() => raw(undefined as never), InvalidOptions, /cql\.raw/)
          const evil = `DROP TABLE ${canary}`
          assert.throws(() => cql(evil as never), InvalidOptions, /Statement\.make/)
          assert.throws(() => cql([evil] as never), InvalidOptions, /Statement\.make/)
          assert.throws(() => cql(JSON.parse(JSON.stringify({ 0: evil, length: 1, raw: [evil] }))), InvalidOptions)
        }),
        0
      ))

    it.effect("of markers are looked up among what was given, and nowhere else", () =>
      unharmed(
        Effect.gen(function*() {
          const keyed = `${keyspace}.keyed`
          const text = `INSERT INTO ${keyed} (k, "constructor", "toString", "a""b") ` +
            "VALUES (:\"__proto__\", :constructor, :\"toString\", :\"a\"\"b\")"
          const given = JSON.parse(`{"__proto__": "k1", "constructor": "c", "toString": "s", "a\\"b": "q"}`)
          yield* Statement.make(text, given)
          const result = yield* cql`SELECT * FROM ${cql.raw(keyed)} WHERE k = ${"k1"}`.pipe(
            (statement) =>
              Statement.make(statement.text.replace("*", "k, \"constructor\", \"toString\", \"a\"\"b\""), ["k1"])
          )
          assert.deepStrictEqual(Object.values(result.first!), ["k1", "c", "s", "q"])
          for (const inherited of [Object.create(given), {}, { __proto__: "k2", constructor: "c" }]) {
            const reason = yield* reasonOf(Statement.make(text, inherited))
            assert.strictEqual(reason._tag, "ParametersRefused")
            assert.include(reason.message, "no value was given for the marker :__proto__")
          }
        }),
        0
      ))

    it.effect("of keyspaces are refused before anything is sent", () =>
      unharmed(
        Effect.gen(function*() {
          for (const name of [`system" --`, `a"; DROP KEYSPACE ${keyspace}; --`, "a b", "", "ks;", "\0"]) {
            const defect = yield* defectOf(
              Effect.scoped(CassandraSession.make({ ...optionsOf(server), keyspace: name }))
            )
            assert.instanceOf(defect, InvalidOptions, name)
            assert.match(String(defect), /keyspace: expected its name without quotes: /)
          }
          const session = yield* Session
          for (
            const name of [`x' OR keyspace_name = '${keyspace}`, "'; --", "__proto__", "constructor", "", "nowhere"]
          ) {
            assert.isUndefined(yield* session.ring(name), name)
          }
          assert.isDefined(yield* session.ring(keyspace))
        }),
        0
      ))
  })
})

integration("rows", () => {
  layer(KeyspaceLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    it.effect("reach no prototype, and what the driver would lose is refused", () =>
      unharmed(
        Effect.gen(function*() {
          yield* Statement.make(`INSERT INTO ${data} (id, v, m) VALUES (?, ?, ?)`, [
            1,
            "x",
            new Map([["polluted", "yes"]])
          ])
          for (const column of ["v", "m"]) {
            const defect = yield* defectOf(Statement.make(`SELECT ${column} AS "__proto__" FROM ${data}`))
            assert.match(String(defect), /__proto__\. Select the column under another name, with AS/)
          }
          const row = (yield* Statement.make(`SELECT v AS "constructor", m AS "toString" FROM ${data}`)).first!
          assert.deepStrictEqual(Object.entries(row), [["constructor", "x"], [
            "toString",
            new Map([["polluted", "yes"]])
          ]])
          assert.strictEqual(Object.getPrototypeOf(row), Object.prototype)
          assert.isUndefined(Reflect.get({}, "polluted"))
        }),
        1
      ))

    it.effect("of types whose fields have the names of methods have them as fields, and as null where they lack", () =>
      unharmed(
        Effect.gen(function*() {
          const insert = Query.make(`INSERT INTO ${data} (id, o) VALUES (?, ?)`)
          const { message } = yield* reasonOf(insert(1, { plain: "x", "a\"b": null }))
          assert.include(message, "column o.toString): expected text, or null for none")
          yield* insert(1, { plain: "x", "a\"b": null, toString: null })
          const { first } = yield* Statement.make(`SELECT o FROM ${data} WHERE id = ?`, [1])
          assert.deepStrictEqual(Object.entries(first!["o"] as object), [["toString", null], ["a\"b", null], [
            "plain",
            "x"
          ]])
          yield* Statement.make(`INSERT INTO ${data} (id, p) VALUES (?, ?)`, [2, JSON.parse(`{"__proto__": "x"}`)])
          yield* Statement.make(`INSERT INTO ${data} (id, p) VALUES (?, ?)`, [3, JSON.parse(`{"__proto__": null}`)])
          const defect = yield* defectOf(Statement.make(`SELECT p FROM ${data} WHERE id = ?`, [2]))
          assert.match(String(defect), /or rename the field/)
          const json = yield* Statement.make(`SELECT id, toJson(p) AS p FROM ${data} WHERE id IN (2, 3)`)
          assert.sameDeepMembers(json.rows.map(({ p }) => p), [`{"__proto__": "x"}`, `{"__proto__": null}`])
        }),
        3
      ))
  })
})
