import { InvalidOptions, Statement } from "@effect-cql/core"
import { defectOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const textsOf = (script: string) =>
  Effect.map(Statement.script(script), (statements) => statements.map(({ text }) => text))

const errorOf = (script: string) => Effect.flip(Statement.script(script))

describe("a script", () => {
  it.effect("is split at the semicolons between its statements", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* textsOf("SELECT 1 ; SELECT 2;SELECT 3"), ["SELECT 1", "SELECT 2", "SELECT 3"])
      assert.deepStrictEqual(yield* textsOf(" ;; SELECT 1;\n;"), ["SELECT 1"])
      for (const empty of ["", ";", " \n", "-- nothing", "/* nothing */;", "\uFEFF"]) {
        assert.deepStrictEqual(yield* textsOf(empty), [])
      }
    }))

  it.effect("keeps a semicolon in a string, a quoted name, a comment and a $$ text", () =>
    Effect.gen(function*() {
      const inserts = [
        "INSERT INTO t (a) VALUES ('a;b''c;d')",
        "SELECT \"a;\"\"b;\" FROM t",
        "CREATE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS $$ return a; // it's 1 ' $$",
        "SELECT a -- first; second\nFROM t // third;\nWHERE /* b; -- */ a = 1",
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
      ]
      assert.deepStrictEqual(yield* textsOf(inserts.join(";\n")), inserts)
      assert.deepStrictEqual(
        yield* textsOf(inserts.map((text) => `-- it's;\n${text}; /* "don't; */`).join("\n")),
        inserts
      )
    }))

  it.effect("keeps a batch in one piece", () =>
    Effect.gen(function*() {
      const batch = "begin unlogged batch\n  INSERT INTO t (a) VALUES (1);\n  DELETE FROM t WHERE a = 2;\napply batch"
      assert.deepStrictEqual(yield* textsOf(`SELECT 1; ${batch}; SELECT 2;`), ["SELECT 1", batch, "SELECT 2"])
      assert.deepStrictEqual(yield* textsOf(batch), [batch])
    }))

  it.effect("gives statements that run", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const statements = yield* Statement.script("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t (a) VALUES (1);")
      for (const statement of statements) yield* statement
      assert.deepStrictEqual(
        (yield* mock.calls).map(({ request }) => request._tag === "Statement" ? request.text : ""),
        statements.map(({ text }) => text)
      )
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("fails with the place of what has no end", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, number, number, RegExp]> = [
        ["SELECT 1;\nSELECT 'abc;\n SELECT 2;", 2, 8, /end of the string/],
        ["SELECT 1;\r\n  SELECT 'it''s ''odd; SELECT 2", 2, 10, /end of the string/],
        ["SELECT \"abc; SELECT 2", 1, 8, /end of the quoted name/],
        ["SELECT 1; /* SELECT 2;", 1, 11, /end of the comment/],
        ["SELECT 1; /*/", 1, 11, /end of the comment/],
        ["SELECT 1;\r\r\n AS $$ return 1;", 3, 5, /Add \$\$/],
        ["AS $$$", 1, 4, /Add \$\$/],
        ["SELECT 1;\n\n  BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY", 3, 3, /APPLY BATCH/],
        ["SELECT '\u{1f600}', 'x", 1, 13, /end of the string/]
      ]
      for (const [script, line, column, issue] of cases) {
        const error = yield* errorOf(script)
        assert.deepStrictEqual([error._tag, error.line, error.column], ["ScriptError", line, column], script)
        assert.match(
          error.message,
          new RegExp(`^line ${line}, column ${column} of the script: expected .*, got .*\\.$`)
        )
        assert.match(error.issue, issue)
      }
    }))

  it.effect("fails with the place of a marker and of USE", () =>
    Effect.gen(function*() {
      const marker = yield* errorOf("SELECT 1;\nSELECT a FROM t WHERE a = ?")
      assert.deepStrictEqual([marker.line, marker.column], [2, 27])
      assert.deepStrictEqual((yield* errorOf("SELECT a FROM t WHERE a = :id")).column, 27)
      const use = yield* errorOf("SELECT 1; /* now */ use app; SELECT 2")
      assert.deepStrictEqual([use.line, use.column], [1, 21])
      assert.deepStrictEqual(yield* textsOf("SELECT use FROM t"), ["SELECT use FROM t"])
    }))

  it.effect("shows nothing of its text in its errors", () =>
    Effect.gen(function*() {
      for (const script of ["INSERT ('secret", "BEGIN BATCH INSERT ('secret')", "INSERT ('secret', ?)"]) {
        assert.notInclude(JSON.stringify(yield* errorOf(script)) + String(yield* errorOf(script)), "secret")
      }
    }))

  it.effect("dies of what is no text", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Statement.script(1 as never))
      assert.instanceOf(defectOf(exit), InvalidOptions)
    }))

  it.effect.prop("gives back the statements that it is joined of", [Schema.Array(Schema.Array(Schema.Literals([
    "'a;''b'",
    "\"c;\"",
    "$$ d; ' $$",
    "/* e; ' */",
    "-- f; \"\n",
    "word",
    "{'a': 1}",
    "2"
  ])))], ([parts]) =>
    Effect.gen(function*() {
      const statements = parts.map((words) => ["SELECT", ...words, "FROM t"].join(" "))
      assert.deepStrictEqual(yield* textsOf(statements.join(" ; ")), statements)
    }))
})
