import { Statement } from "@effect-cql/core"
import { BigDecimal } from "effect"
import { scenario } from "../scenario.ts"

const decimal = (text: string) => BigDecimal.fromStringUnsafe(text)

export const writes = [
  scenario("INSERT, UPDATE and DELETE", [
    "CREATE TABLE w1 (k int, c int, v text, w int, PRIMARY KEY (k, c))"
  ], [
    "INSERT INTO w1 (k, c, v, w) VALUES (1, 1, 'a', 10)",
    ["INSERT INTO w1 (k, c, v, w) VALUES (?, ?, ?, ?)", 1, 2, "b", 20],
    ["INSERT INTO w1 (k, c) VALUES (:k, :c)", 1, 3],
    "SELECT * FROM w1",
    "UPDATE w1 SET v = 'z' WHERE k = 1 AND c = 1",
    ["UPDATE w1 SET v = ?, w = ? WHERE k = ? AND c IN (2, 3)", "y", 5, 1],
    "SELECT * FROM w1 WHERE k = 1",
    "UPDATE w1 SET w = 1 WHERE k = 7 AND c = 7",
    "SELECT * FROM w1 WHERE k = 7",
    "UPDATE w1 SET w = null WHERE k = 7 AND c = 7",
    "SELECT * FROM w1 WHERE k = 7",
    "DELETE v FROM w1 WHERE k = 1 AND c = 1",
    "DELETE FROM w1 WHERE k = 1 AND c = 2",
    "SELECT * FROM w1 WHERE k = 1",
    "DELETE FROM w1 WHERE k = 1 AND c > 2",
    "SELECT * FROM w1 WHERE k = 1",
    "DELETE FROM w1 WHERE k IN (1, 7)",
    "SELECT * FROM w1",
    "DELETE FROM w1 WHERE k = 99",
    ["INSERT INTO w1 (k, c, v) VALUES (?, ?, ?)", 2, 1, null],
    ["INSERT INTO w1 (k, c, v) VALUES (?, ?, ?)", 2, 2, Statement.unset],
    ["UPDATE w1 SET v = ?, w = 3 WHERE k = 2 AND c = 2", Statement.unset],
    "SELECT * FROM w1",
    "TRUNCATE w1",
    "SELECT * FROM w1"
  ]),
  scenario("Refused writes", [
    "CREATE TABLE w2 (a int, b int, c int, d int, v text, s set<int>, f frozen<list<int>>, st int static, PRIMARY KEY ((a, b), c, d))",
    "CREATE TABLE w2k (k text PRIMARY KEY, v int)"
  ], [
    "INSERT INTO w2 (a, c, d) VALUES (1, 1, 1)",
    "INSERT INTO w2 (a, b, c) VALUES (1, 1, 1)",
    "INSERT INTO w2 (a, b, c, d, e) VALUES (1, 1, 1, 1, 1)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, 1, 1)",
    "INSERT INTO w2 (a, b, c, d, d) VALUES (1, 1, 1, 1, 1)",
    "INSERT INTO w2 (a, b, c, d, v) VALUES (1, 1, 1, 1, 5)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, 'x', 1, 1)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, 99999999999, 1, 1)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, 1.5, 1, 1)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, null, 1, 1)",
    "INSERT INTO w2 (a, b, c, d) VALUES (1, 1, null, 1)",
    ["INSERT INTO w2 (a, b, c, d) VALUES (1, 1, ?, 1)", null],
    ["INSERT INTO w2 (a, b, c, d) VALUES (1, 1, ?, 1)", Statement.unset],
    ["INSERT INTO w2 (a, b, c, d) VALUES (1, ?, 1, 1)", "text"],
    ["INSERT INTO w2 (a, b, c, d) VALUES (1, ?, 1, 1)", 1.5],
    "INSERT INTO nowhere (a) VALUES (1)",
    "INSERT INTO no_keyspace.nowhere (a) VALUES (1)",
    "INSERT INTO w2k (k, v) VALUES ('', 1)",
    "UPDATE w2 SET v = 'x' WHERE a = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET v = 'x' WHERE a = 1 AND b = 1 AND c = 1",
    "UPDATE w2 SET v = 'x' WHERE a = 1 AND b = 1 AND c = 1 AND d > 1",
    "UPDATE w2 SET v = 'x' WHERE a = 1 AND b > 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET v = 'x' WHERE a = 1 AND b = 1 AND c = 1 AND d = 1 AND v = 'y'",
    "UPDATE w2 SET c = 1 WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET nope = 1 WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET v = 'x' WHERE nope = 1",
    "UPDATE w2 SET v = 'x', v = 'y' WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET v = v + 'x' WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET f = f + [1] WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET s[1] = 1 WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET s = [1] WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET s = {1, null} WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "UPDATE w2 SET v = w + [1] WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "DELETE a FROM w2 WHERE a = 1 AND b = 1 AND c = 1 AND d = 1",
    "DELETE v FROM w2 WHERE a = 1 AND b = 1 AND c = 1",
    "DELETE FROM w2 WHERE a = 1",
    "DELETE FROM w2 WHERE a = 1 AND b = 1 AND d = 1",
    "DELETE FROM w2 WHERE a = 1 AND b = 1 AND v = 'x'",
    "DELETE FROM w2 WHERE token(a, b) = 1",
    "INSERT INTO w2 a VALUES (1)",
    "UPDATE w2 SET v = 'x'",
    "DELETE w2",
    "",
    "SELECT 'unfinished FROM w2"
  ]),
  scenario("Last write wins", [
    "CREATE TABLE w3 (k int, c int, v text, w int, l list<int>, PRIMARY KEY (k, c))"
  ], [
    "INSERT INTO w3 (k, c, v) VALUES (1, 1, 'new') USING TIMESTAMP 200",
    "INSERT INTO w3 (k, c, v, w) VALUES (1, 1, 'old', 5) USING TIMESTAMP 100",
    "SELECT v, w, WRITETIME(v), WRITETIME(w) FROM w3 WHERE k = 1 AND c = 1",
    ["UPDATE w3 USING TIMESTAMP ? SET v = ? WHERE k = 1 AND c = 1", 150n, "between"],
    "SELECT v FROM w3 WHERE k = 1 AND c = 1",
    "UPDATE w3 USING TIMESTAMP 200 SET v = 'aaa' WHERE k = 1 AND c = 1",
    "SELECT v FROM w3 WHERE k = 1 AND c = 1",
    "UPDATE w3 USING TIMESTAMP 200 SET v = 'zzz' WHERE k = 1 AND c = 1",
    "SELECT v FROM w3 WHERE k = 1 AND c = 1",
    "DELETE v FROM w3 USING TIMESTAMP 200 WHERE k = 1 AND c = 1",
    "SELECT k, c, v, w FROM w3 WHERE k = 1 AND c = 1",
    "UPDATE w3 USING TIMESTAMP 200 SET v = 'late' WHERE k = 1 AND c = 1",
    "SELECT v FROM w3 WHERE k = 1 AND c = 1",
    "DELETE FROM w3 USING TIMESTAMP 300 WHERE k = 1 AND c = 1",
    "INSERT INTO w3 (k, c, v) VALUES (1, 1, 'dead') USING TIMESTAMP 250",
    "SELECT * FROM w3 WHERE k = 1",
    "INSERT INTO w3 (k, c, v) VALUES (1, 1, 'alive') USING TIMESTAMP 301",
    "SELECT k, c, v FROM w3 WHERE k = 1",
    "DELETE FROM w3 USING TIMESTAMP 400 WHERE k = 1 AND c >= 1 AND c < 5",
    "INSERT INTO w3 (k, c, v) VALUES (1, 4, 'within') USING TIMESTAMP 399",
    "INSERT INTO w3 (k, c, v) VALUES (1, 5, 'outside') USING TIMESTAMP 399",
    "SELECT c, v FROM w3 WHERE k = 1",
    "DELETE FROM w3 USING TIMESTAMP 500 WHERE k = 1",
    "INSERT INTO w3 (k, c, v) VALUES (1, 9, 'before') USING TIMESTAMP 500",
    "INSERT INTO w3 (k, c, v) VALUES (1, 8, 'after') USING TIMESTAMP 501",
    "SELECT c, v FROM w3 WHERE k = 1",
    "INSERT INTO w3 (k, c, l) VALUES (2, 1, [1, 2]) USING TIMESTAMP 10",
    "INSERT INTO w3 (k, c, l) VALUES (2, 1, [3]) USING TIMESTAMP 5",
    "SELECT l FROM w3 WHERE k = 2",
    "UPDATE w3 USING TIMESTAMP 10 SET l = [9] WHERE k = 2 AND c = 1",
    "SELECT l FROM w3 WHERE k = 2",
    "UPDATE w3 SET v = 'x' WHERE k = 3 AND c = 1",
    "DELETE v FROM w3 WHERE k = 3 AND c = 1",
    "SELECT * FROM w3 WHERE k = 3",
    "INSERT INTO w3 (k, c) VALUES (3, 2)",
    "DELETE v, w FROM w3 WHERE k = 3 AND c = 2",
    "SELECT k, c, v FROM w3 WHERE k = 3"
  ]),
  scenario("Values of every type", [
    `CREATE TABLE w4 (k int PRIMARY KEY, a ascii, bi bigint, bl blob, bo boolean, da date, de decimal, db double, du duration,
      fl float, ine inet, sm smallint, te text, ti time, ts timestamp, tu timeuuid, tn tinyint, uu uuid, va varint, vc varchar)`,
    "CREATE TABLE w4v (k int PRIMARY KEY, ve vector<float, 3>, vt vector<text, 2>)"
  ], [
    `INSERT INTO w4 (k, a, bi, bl, bo, da, de, db, du, fl, ine, sm, te, ti, ts, tu, tn, uu, va, vc) VALUES (1, 'abc', 9007199254740993,
      0xCAFE, true, '2026-11-28', 12.3400, 1.5e10, 1y2mo3d4h5m6s7ms, 0.1, '::1', -5, 'tëxt', '12:34:56.789', '2026-11-28T01:02:03.004Z',
      e2f8f1d0-7b2c-11ef-8a1b-0242ac120002, 7, E2F8F1D0-7B2C-41EF-8A1B-0242AC120002, 123456789012345678901234567890, 'vc')`,
    "SELECT * FROM w4 WHERE k = 1",
    [
      "INSERT INTO w4 (k, bi, bl, bo, da, de, db, du) VALUES (2, ?, ?, ?, ?, ?, ?, ?)",
      -1n,
      new Uint8Array([0, 255]),
      false,
      "1969-12-31",
      decimal("-0.001"),
      -0,
      { months: -1, days: -2, nanoseconds: -3n }
    ],
    [
      "UPDATE w4 SET fl = ?, ine = ?, sm = ?, te = ?, ti = ?, ts = ?, tu = ?, tn = ?, uu = ?, va = ? WHERE k = 2",
      1.25,
      "192.168.0.1",
      32767,
      "",
      86_399_999_999_999n,
      new Date(-1),
      "00000000-0000-1000-8080-808080808080",
      -128,
      "ffffffff-ffff-4fff-bfff-ffffffffffff",
      -128n
    ],
    "SELECT * FROM w4 WHERE k = 2",
    "SELECT toJson(a), toJson(bi), toJson(bl), toJson(bo), toJson(da), toJson(de), toJson(db), toJson(du), toJson(fl), toJson(ine) FROM w4 WHERE k = 1",
    "SELECT toJson(sm), toJson(te), toJson(ti), toJson(ts), toJson(tu), toJson(tn), toJson(uu), toJson(va) FROM w4 WHERE k = 1",
    "SELECT JSON k, te, de, fl, db FROM w4 WHERE k = 2",
    "INSERT INTO w4 (k, db, fl) VALUES (3, NaN, -Infinity)",
    "SELECT db, fl FROM w4 WHERE k = 3",
    "INSERT INTO w4 (k, ts) VALUES (4, 1000)",
    "INSERT INTO w4 (k, ts) VALUES (5, '2026-11-28 01:02:03+0130')",
    "INSERT INTO w4 (k, du) VALUES (6, P1Y2M3DT4H5M6S)",
    "INSERT INTO w4 (k, du) VALUES (7, -5d)",
    "INSERT INTO w4 (k, te) VALUES (8, 'it''s')",
    "INSERT INTO w4 (k, te) VALUES (9, $$it's$$)",
    "INSERT INTO w4 (k, da) VALUES (10, 2147483648)",
    "INSERT INTO w4 (k, de) VALUES (11, 1e3)",
    "SELECT k, ts, du, te, da, de FROM w4 WHERE k IN (4, 5, 6, 7, 8, 9, 10, 11)",
    "INSERT INTO w4 (k, ine) VALUES (1, 'nowhere')",
    "INSERT INTO w4 (k, da) VALUES (1, '2026-13-01')",
    "INSERT INTO w4 (k, ts) VALUES (1, 'yesterday')",
    "INSERT INTO w4 (k, ti) VALUES (1, '25:00:00')",
    "INSERT INTO w4 (k, tn) VALUES (1, 128)",
    "INSERT INTO w4 (k, bl) VALUES (1, 0xABC)",
    "INSERT INTO w4 (k, tu) VALUES (1, E2F8F1D0-7B2C-41EF-8A1B-0242AC120002)",
    "INSERT INTO w4 (k, uu) VALUES (1, 'e2f8f1d0-7b2c-11ef-8a1b-0242ac120002')",
    "INSERT INTO w4 (k, bo) VALUES (1, 1)",
    "INSERT INTO w4 (k, a) VALUES (1, 'ü')",
    "INSERT INTO w4v (k, ve, vt) VALUES (1, [1.5, 2, -3], ['a', 'b'])",
    ["INSERT INTO w4v (k, ve) VALUES (2, ?)", [1, 2, 3]],
    "SELECT * FROM w4v",
    "INSERT INTO w4v (k, ve) VALUES (3, [1, 2])",
    "INSERT INTO w4v (k, ve) VALUES (3, [1, 2, 'x'])"
  ]),
  scenario("Batches", [
    "CREATE TABLE w5 (k int, c int, v text, PRIMARY KEY (k, c))",
    "CREATE TABLE w5c (k int PRIMARY KEY, n counter)"
  ], [
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["INSERT INTO w5 (k, c, v) VALUES (1, 1, 'a')"], ["INSERT INTO w5 (k, c, v) VALUES (?, ?, ?)", [
          2,
          1,
          "b"
        ]]]
      }
    },
    "SELECT * FROM w5",
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO w5 (k, c, v) VALUES (1, 1, 'x')"], ["DELETE FROM w5 WHERE k = 1 AND c = 1"]]
      }
    },
    "SELECT * FROM w5 WHERE k = 1",
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO w5 (k, c, v) VALUES (3, 1, 'aaa')"], [
          "INSERT INTO w5 (k, c, v) VALUES (3, 1, 'bbb')"
        ], ["UPDATE w5 SET v = 'abc' WHERE k = 3 AND c = 1"]]
      }
    },
    "SELECT * FROM w5 WHERE k = 3",
    {
      text: "",
      batch: {
        type: "counter",
        statements: [["UPDATE w5c SET n = n + 1 WHERE k = 1"], ["UPDATE w5c SET n = n + 5 WHERE k = 1"]]
      }
    },
    "SELECT * FROM w5c",
    { text: "", batch: { type: "logged", statements: [["UPDATE w5c SET n = n + 1 WHERE k = 1"]] } },
    { text: "", batch: { type: "counter", statements: [["INSERT INTO w5 (k, c) VALUES (1, 1)"]] } },
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO w5 (k, c) VALUES (9, 9)"], ["INSERT INTO w5 (k) VALUES (9)"]]
      }
    },
    "SELECT * FROM w5 WHERE k = 9",
    { text: "", batch: { type: "unlogged", statements: [["SELECT * FROM w5"]] } },
    "BEGIN BATCH INSERT INTO w5 (k, c, v) VALUES (5, 1, 'one'); INSERT INTO w5 (k, c, v) VALUES (5, 2, 'two'); APPLY BATCH",
    "BEGIN UNLOGGED BATCH UPDATE w5 SET v = 'three' WHERE k = 5 AND c = 1; DELETE FROM w5 WHERE k = 5 AND c = 2; APPLY BATCH;",
    "SELECT * FROM w5 WHERE k = 5",
    "BEGIN BATCH UPDATE w5c SET n = n + 1 WHERE k = 1; APPLY BATCH",
    "BEGIN COUNTER BATCH UPDATE w5c SET n = n - 2 WHERE k = 1; APPLY BATCH",
    "SELECT n FROM w5c WHERE k = 1"
  ]),
  scenario("Counters", ["CREATE TABLE w6 (k int, c int, n counter, m counter, s counter static, PRIMARY KEY (k, c))"], [
    "UPDATE w6 SET n = n + 1 WHERE k = 1 AND c = 1",
    ["UPDATE w6 SET n = n + ?, m = m - ? WHERE k = 1 AND c = 1", 10n, 3n],
    "UPDATE w6 SET n += 5, m -= 1 WHERE k = 1 AND c = 1",
    "UPDATE w6 SET s = s + 2 WHERE k = 1",
    "UPDATE w6 SET m = m + 1 WHERE k = 1 AND c IN (1, 2)",
    "SELECT * FROM w6",
    "SELECT sum(n), max(m), count(*) FROM w6",
    "UPDATE w6 SET n = 5 WHERE k = 1 AND c = 1",
    "INSERT INTO w6 (k, c, n) VALUES (1, 1, 1)",
    "UPDATE w6 USING TTL 5 SET n = n + 1 WHERE k = 1 AND c = 1",
    "UPDATE w6 USING TIMESTAMP 5 SET n = n + 1 WHERE k = 1 AND c = 1",
    ["UPDATE w6 SET n = n + ? WHERE k = 1 AND c = 1", null],
    "UPDATE w6 SET n = n + 1 WHERE k = 1 AND c = 1 IF n = 3",
    "DELETE n FROM w6 WHERE k = 1 AND c = 1",
    "SELECT * FROM w6",
    "DELETE FROM w6 WHERE k = 1",
    "SELECT * FROM w6"
  ]),
  scenario("Null and unset", [
    "CREATE TABLE w7 (k int, c int, v int, w text, l list<int>, m map<text, int>, st int static, PRIMARY KEY (k, c))"
  ], [
    "INSERT INTO w7 (k, c, v, w, l, m, st) VALUES (1, 1, 1, 'one', [1, 2], {'a': 1}, 7)",
    ["INSERT INTO w7 (k, c, v, w) VALUES (1, 1, ?, ?)", Statement.unset, "two"],
    "SELECT * FROM w7",
    ["UPDATE w7 SET v = ?, w = ? WHERE k = 1 AND c = 1", 2, Statement.unset],
    "SELECT * FROM w7",
    ["UPDATE w7 SET l = ?, m = ?, st = ? WHERE k = 1 AND c = 1", Statement.unset, Statement.unset, Statement.unset],
    "SELECT * FROM w7",
    ["UPDATE w7 SET v = ?, l = ? WHERE k = 1 AND c = 1", null, Statement.unset],
    "SELECT * FROM w7",
    ["UPDATE w7 SET l = ?, m = ? WHERE k = 1 AND c = 1", null, Statement.unset],
    "SELECT * FROM w7",
    ["INSERT INTO w7 (k, c, v, m, st) VALUES (1, 1, ?, ?, ?)", Statement.unset, null, null],
    "SELECT * FROM w7"
  ])
]
