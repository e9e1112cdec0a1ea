import { assert, describe, it } from "@effect/vitest"
import * as Text from "../src/internal/statement/cqlText.ts"

describe("the kind of a text", () => {
  const table: ReadonlyArray<[cql: string, expected: Partial<Text.Text>]> = [
    ["SELECT * FROM t", { kind: "read", conditional: false, takesTimestamp: false }],
    ["  -- a comment\n select json a from t where b = ?", { kind: "read", markers: 1 }],
    ["insert into t (a) values (?) -- a comment\rif not exists", {
      conditional: true,
      takesTimestamp: false,
      markers: 1
    }],
    ["/* INSERT */ SELECT a FROM t", { kind: "read" }],
    ["INSERT INTO t (a) VALUES (?)", { kind: "write", conditional: false, takesTimestamp: true, markers: 1 }],
    ["INSERT INTO t (a) VALUES (?) IF NOT EXISTS", { kind: "write", conditional: true, takesTimestamp: false }],
    ["INSERT INTO t (a) VALUES ('IF')", { conditional: false, takesTimestamp: true }],
    ["INSERT INTO \"IF\" (a) VALUES (?)", { conditional: false }],
    ["UPDATE t SET a = ? WHERE b = ? IF c = ?", { conditional: true, markers: 3 }],
    ["UPDATE t SET a = ? WHERE b = ?", { takesTimestamp: true, conditional: false }],
    ["UPDATE t SET c = c + 1 WHERE b = ?", { takesTimestamp: false, kind: "write" }],
    ["UPDATE t SET c = c+? WHERE b = ?", { takesTimestamp: false, markers: 2 }],
    ["UPDATE t SET c += ? WHERE b = ?", { takesTimestamp: false }],
    ["UPDATE t SET c -= 2 WHERE b = ?", { takesTimestamp: false }],
    ["UPDATE t SET a = -1 WHERE b = ?", { takesTimestamp: true }],
    ["INSERT INTO t (a) VALUES (123e4567-e89b-12d3-a456-426614174000)", { takesTimestamp: true }],
    ["INSERT INTO t (a) VALUES (-1.5e-3)", { takesTimestamp: true }],
    ["DELETE FROM t WHERE a = ? IF EXISTS", { conditional: true }],
    ["BEGIN BATCH INSERT INTO t (a) VALUES (?) APPLY BATCH", { kind: "write", takesTimestamp: true }],
    ["CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY)", { kind: "schema", conditional: false, takesTimestamp: false }],
    ["TRUNCATE t", { kind: "write", takesTimestamp: false, isUse: false }],
    ["alter table t add b int", { kind: "schema" }],
    ["DROP KEYSPACE k", { kind: "schema" }],
    ["CREATE ROLE r", { kind: "other" }],
    ["ALTER USER u WITH PASSWORD 'role'", { kind: "other" }],
    ["GRANT SELECT ON t TO r", { kind: "other" }],
    ["LIST ROLES", { kind: "read" }],
    ["DESCRIBE TABLES", { kind: "read" }],
    ["BEGIN COUNTER BATCH UPDATE t SET a = a + 1 WHERE k = 1; APPLY BATCH", { kind: "write" }],
    ["/* a */ -- b\n use ks", { kind: "other", isUse: true }],
    ["USER", { kind: "other", isUse: false }],
    ["/* USE ks", { kind: "other", isUse: false }],
    // A keyword may stand right behind a number.
    ["UPDATE t SET a = 2 WHERE k = 1IF a = 1", { conditional: true, takesTimestamp: false, idempotent: false }],
    ["UPDATE t SET a = 2 WHERE k = 0xffIF a = 1", { conditional: true }],
    ["INSERT INTO t (a) VALUES (1d12h)", { conditional: false, idempotent: true }],
    // The grammar takes the sign for a part of the number.
    ["UPDATE t SET c = c 1 WHERE k = 1", { takesTimestamp: false, idempotent: false }],
    ["UPDATE t SET c = \"c\" 15 WHERE k = 1", { takesTimestamp: false, idempotent: false }],
    ["BEGIN BATCH UPDATE t SET a = 1 WHERE k = 1; APPLY BATCH", { batch: "logged", idempotent: true }],
    ["begin unlogged batch UPDATE t SET a = 1 WHERE k = 1; APPLY BATCH", { batch: "unlogged", idempotent: true }],
    ["BEGIN COUNTER BATCH UPDATE t SET a = 1 WHERE k = 1; APPLY BATCH", { batch: "counter", idempotent: false }],
    ["UPDATE t SET a = 1 WHERE k = 1", { batch: undefined, hasTimestamp: false }],
    ["UPDATE t USING TIMESTAMP 7 SET a = 1 WHERE k = 1", { hasTimestamp: true }],
    ["INSERT INTO t (a) VALUES (1) USING TTL ? AND TIMESTAMP :at", { hasTimestamp: true }],
    ["UPDATE t SET a = 1 WHERE k = 1 AND timestamp = 5", { hasTimestamp: false }],
    ["UPDATE t SET a = 1 WHERE k IN (1, 2)", { manyPartitions: true }],
    ["DELETE FROM t WHERE k in ?", { manyPartitions: true }],
    ["UPDATE t SET a = 'IN' WHERE k = 1 AND \"IN\" = 2", { manyPartitions: false }],
    ["SELECT a FROM t WHERE k IN (1, 2)", { manyPartitions: false }],
    ["", { kind: "other", markers: 0 }]
  ]
  for (const [cql, expected] of table) {
    it(JSON.stringify(cql), () => {
      assert.deepInclude(Text.of(cql), expected)
    })
  }
})

describe("the markers of a text", () => {
  const table: ReadonlyArray<[cql: string, markers: number, names: ReadonlyArray<string> | undefined]> = [
    ["SELECT a FROM t WHERE b = '?' AND c = ?", 1, undefined],
    ["SELECT a FROM t WHERE b = 'it''s ?' AND c = $$?:x$$ AND d = ?", 1, undefined],
    ["SELECT \"a?\" FROM t -- ?\nWHERE b = ? // ?", 1, undefined],
    ["SELECT a FROM t WHERE b = :b AND c IN (:first, :second)", 3, ["b", "first", "second"]],
    ["SELECT a FROM t WHERE b = :userId", 1, ["userId"]],
    ["SELECT a FROM t WHERE b = :\"My \"\"Name\"\"\"", 1, ["My \"Name\""]],
    ["INSERT INTO t (a) VALUES ({'k': 1, 'l': ?})", 1, undefined],
    ["INSERT INTO t (a) VALUES ({street: :street, zip: 12})", 1, ["street"]],
    ["INSERT INTO t (a) VALUES ({1: now(), 2: :b})", 1, ["b"]],
    ["INSERT INTO t (a, b) VALUES (:a, :a)", 2, ["a", "a"]],
    ["SELECT a FROM t WHERE b = '2020-01-01T10:20:30'", 0, undefined],
    ["SELECT a FROM t", 0, undefined]
  ]
  for (const [cql, markers, names] of table) {
    it(JSON.stringify(cql), () => {
      assert.deepStrictEqual([Text.of(cql).markers, Text.of(cql).names], [markers, names])
    })
  }

  it("are found in linear time in a text of a megabyte", () => {
    const cql = `INSERT INTO t (a) VALUES ('${"x".repeat(1_000_000)}', ?)`
    assert.strictEqual(Text.of(cql).markers, 1)
  })
})

describe("idempotence", () => {
  const idempotent = [
    "SELECT now() FROM system.local",
    "INSERT INTO t (a, b) VALUES (?, ?)",
    "INSERT INTO ks.t (a, b) VALUES (1, 'now()') USING TTL 10",
    "INSERT INTO \"T\" (a) VALUES (?)",
    "INSERT INTO t JSON ?",
    "UPDATE t SET a = ?, b = 'x' WHERE c IN (?, ?)",
    "UPDATE t SET a = -1 WHERE c = ? AND (d, e) > (?, ?)",
    "UPDATE t SET a = {1, 2}, b = [] WHERE c = ?",
    "INSERT INTO t (a) VALUES (intAsBlob(3))",
    "UPDATE t SET a = toTimestamp(?) WHERE token(b) = 1",
    "DELETE FROM t WHERE a = ?",
    "DELETE a FROM t USING TIMESTAMP 5 WHERE b = ?",
    "BEGIN BATCH INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE a = 2 APPLY BATCH"
  ]
  const not = [
    "INSERT INTO t (a) VALUES (now())",
    "INSERT INTO t (a) VALUES (uuid())",
    "INSERT INTO t (a) VALUES (currentTimestamp())",
    "INSERT INTO t (a) VALUES (current_time_uuid())",
    "INSERT INTO t (a) VALUES (ks.mine(?))",
    "INSERT INTO t (a) VALUES (\"now\"())",
    "INSERT INTO t (a) VALUES (?) IF NOT EXISTS",
    "UPDATE t SET a = a + ? WHERE b = ?",
    "UPDATE t SET a = ? + a WHERE b = ?",
    "UPDATE t SET a += 1 WHERE b = ?",
    "UPDATE t SET a[?] = ? WHERE b = ?",
    "UPDATE t SET a = ? WHERE b = ? IF c = ?",
    "DELETE a[0] FROM t WHERE b = ?",
    "DELETE FROM t WHERE a = ? IF EXISTS",
    "BEGIN COUNTER BATCH UPDATE t SET c = c + 1 WHERE a = 1 APPLY BATCH",
    "BEGIN BATCH INSERT INTO t (a) VALUES (1) INSERT INTO t (a) VALUES (now()) APPLY BATCH",
    "TRUNCATE t",
    "CREATE TABLE t (a int PRIMARY KEY)",
    "DROP TABLE t",
    ""
  ]
  for (const cql of idempotent) it(`yes: ${cql}`, () => assert.isTrue(Text.of(cql).idempotent))
  for (const cql of not) it(`no: ${cql}`, () => assert.isFalse(Text.of(cql).idempotent))
})
