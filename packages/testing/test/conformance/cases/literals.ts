import { Statement } from "@effect-cql/core"
import { scenario } from "../scenario.ts"

/** Writes each literal in a row of its own, and reads the row. */
const literals = (table: string, column: string, texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.flatMap((text, k) => [
    `INSERT INTO ${table} (k, ${column}) VALUES (${k}, ${text})`,
    `SELECT ${column} FROM ${table} WHERE k = ${k}`
  ])

const quoted = (...texts: ReadonlyArray<string>): ReadonlyArray<string> => texts.map((text) => `'${text}'`)

const numbers = ["tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "varint"] as const

const values: { readonly [Type in (typeof numbers)[number]]: ReadonlyArray<string> } = {
  tinyint: ["-128"],
  smallint: ["300"],
  int: ["-70000"],
  bigint: ["9223372036854775807", "-5000000000"],
  float: ["0.1", "-2.5", "1e20", "NaN", "Infinity", "3.4e38", "1e-10", "2147483648", "-0.0"],
  double: ["0.1", "-2.5", "1e20", "NaN", "-Infinity", "1e300", "123456789.123", "1e-10", "100", "72057594037927952"],
  decimal: ["0.10", "-2.5", "1E+3", "123456789012345678901234567890.5", "1e-10"],
  varint: ["123456789012345678901234567890", "-7"]
}

/** Values as they are written in a text, and the types that they become. */
export const literalCases = [
  scenario("Literals of dates, times, durations and addresses", [
    "CREATE TABLE l1 (k int PRIMARY KEY, da date, ts timestamp, ti time, du duration, ad inet, tn tinyint, f float)"
  ], [
    ...literals("l1", "da", [
      ...quoted("1", "-1", "4294967296", "20261128", "12345-01-01", "+12345-01-01", "-0005-01-01", "2026-1-01"),
      ...quoted("2026-02-29", "2026-01-01 "),
      "-1",
      "4294967296"
    ]),
    ...literals(
      "l1",
      "ts",
      quoted(
        "2026-02-30",
        "2026-04-31",
        "2026-02-32",
        "2026-1-1",
        "12345-01-01",
        "2026-11-28 1:02",
        "2026-11-28 01:2",
        "2026-11-28 24:00",
        "2026-11-28 25:00",
        "2026-11-28 23:60",
        "2026-11-28 23:59:60",
        "2026-11-28 01:02:03.",
        "2026-11-28 01:02:03.123456",
        "2026-11-28 01:02UTC",
        "2026-11-28 01:02 UTC",
        "2026-11-28 01:02+19:00",
        "2026-11-28 ",
        "2026-11-28+0100",
        "9223372036854775808"
      )
    ),
    ...literals("l1", "ti", ["-0", "-1", "86400000000000", ...quoted(" 01:02:03", "01:02:03 ", "24:00:00", "01:02")]),
    ...literals("l1", "du", [
      "1y1y",
      "1mo1y",
      "1d1mo",
      "1h1d",
      "1m1mo",
      "1ns1us",
      "1y1mo1w1d1h1m1s1ms1us1ns",
      "2147483648mo",
      "178956971y",
      "306783379w",
      "2562048h",
      "-1y2d",
      "0d",
      "P1Y2M3DT4H5M6S",
      "P1DT1H",
      "PT5M",
      "P1W",
      "-P1W",
      "P2W1D",
      "P1D1Y",
      "PT1S1M",
      "p1d",
      "P0001-02-03T04:05:06",
      "-P0001-13-03T04:05:06",
      "1Y",
      "1",
      "-1"
    ]),
    ...literals(
      "l1",
      "ad",
      quoted("1", "1.5", "1.2.3", "256", "1.65535", "1.16777216", "4294967296", "01.2.3.4", "localhost", "[::1]", "::1")
    ),
    ...literals("l1", "tn", ["0x05", "0xff", "0xABC", "128"]),
    ...literals("l1", "f", ["1e400", "-1e400", "-NaN", "- Infinity"])
  ]),
  scenario("CAST, and rounding", [
    `CREATE TABLE l2 (k int PRIMARY KEY, ${numbers.map((type) => `x_${type} ${type}`).join(", ")})`,
    "CREATE TABLE l2t (k int PRIMARY KEY, a ascii, x text, b blob, m map<text, int>)"
  ], [
    ...numbers.flatMap((type) =>
      values[type].flatMap((value) => [
        `INSERT INTO l2 (k, x_${type}) VALUES (1, ${value})`,
        ...[...numbers, "text", "ascii", "boolean"].map((to) => `SELECT CAST(x_${type} AS ${to}) FROM l2`),
        `SELECT round(x_${type}), toJson(x_${type}) FROM l2`
      ])
    ),
    "INSERT INTO l2t (k, a, x, b, m) VALUES (1, 'a', 'x', 0xff, {'a': 1})",
    ...["a AS text", "a AS ascii", "x AS ascii", "x AS varchar", "k AS varchar", "k AS varchar", "k AS nope"].map((
      text
    ) => `SELECT CAST(${text}) FROM l2t`),
    ...["k AS list<int>", "k AS counter", "k AS blob", "k AS int", "m AS text", "x AS int", "b AS text"].map((text) =>
      `SELECT CAST(${text}) FROM l2t`
    )
  ]),
  scenario("Bytes as values of a type", [
    "CREATE TABLE l3 (k int PRIMARY KEY, a text, b blob, v varint, bi bigint, ts timestamp, ti time, d date)"
  ], [
    "INSERT INTO l3 (k, b) VALUES (1, 0xff)",
    ...["blobAsText(b)", "blob_as_text(b)", "blobAsText(0xc328)", "blobAsText(0x61)", "blobAsAscii(b)"].map((text) =>
      `SELECT ${text} FROM l3`
    ),
    ...["blobAsVarchar(b)", "varcharAsBlob('a')", "blobAsDecimal(0x0000)", "blobAsBoolean(0x05)", "blobAsInt(b)"].map((
      text
    ) => `SELECT ${text} FROM l3`),
    "SELECT blobAsTimeuuid(0x00000000000040008000000000000000) FROM l3",
    "INSERT INTO l3 (k, a) VALUES (2, blobAsText(0xff))",
    "INSERT INTO l3 (k, b) VALUES (3, minTimeuuid('2026-11-28'))",
    "INSERT INTO l3 (k, b) VALUES (4, abs((int)-5))",
    "INSERT INTO l3 (k, ts) VALUES (5, toUnixTimestamp((timestamp)'2026-11-28'))",
    "INSERT INTO l3 (k, bi) VALUES (6, toTimestamp((date)'2026-11-28'))",
    "INSERT INTO l3 (k, v) VALUES (7, toTimestamp((date)'2026-11-28'))",
    "INSERT INTO l3 (k, ti) VALUES (8, toUnixTimestamp((date)'1970-01-02'))",
    "INSERT INTO l3 (k, d) VALUES (9, abs((int)-5))",
    "SELECT * FROM l3"
  ]),
  scenario("Terms in parentheses, and types in front of terms", [
    "CREATE TABLE l4 (k int, c int, v bigint, b blob, f float, db double, l list<int>, st int static, PRIMARY KEY (k, c))",
    "CREATE TABLE l4c (k int PRIMARY KEY, n counter)"
  ], [
    "INSERT INTO l4 (k, c, v, l) VALUES ((1), (1), (5), [(1), 2])",
    "SELECT * FROM l4 WHERE k = (1) AND c IN ((1), (2))",
    "SELECT k FROM l4 WHERE k = ((1))",
    "UPDATE l4 SET st = (5), l[(0)] = (9) WHERE k = 1 AND c = 1",
    "UPDATE l4 SET v = (6) WHERE k = 1 AND c = 1 IF v = (5)",
    "UPDATE l4c SET n = n + (1) WHERE k = 1",
    "SELECT k, c, v, l, st FROM l4",
    "INSERT INTO l4 (k, c, v) VALUES (2, 1, ('a'))",
    "INSERT INTO l4 (k, c, v) VALUES (2, 1, (int)1)",
    "INSERT INTO l4 (k, c, b) VALUES (2, 1, (int)1)",
    "INSERT INTO l4 (k, c, v) VALUES (2, 1, (bigint)'a')",
    "INSERT INTO l4 (k, c, v) VALUES (2, 1, (timestamp)'2026-11-28')",
    "INSERT INTO l4 (k, c, v) VALUES (2, 1, (timestamp)null)",
    "INSERT INTO l4 (k, c, v) VALUES (2, 2, abs(-5))",
    "INSERT INTO l4 (k, c, f) VALUES (2, 3, abs(-1.5))",
    "INSERT INTO l4 (k, c, db) VALUES (2, 4, abs(-1))",
    "SELECT k, c, v, f, db FROM l4 WHERE k = 2",
    ...["abs(-1)", "abs(1.5)", "abs(99999999999)", "abs('a')", "round(-2.5)", "toDate('2026-11-28')", "toJson(1)"].map((
      text
    ) => `SELECT ${text} FROM l4 WHERE k = 1`),
    ...["toTimestamp('2026-11-28')", "toUnixTimestamp('2026-11-28')", "toJson(k, c)", "(varchar)'a'", "(int)'a'"].map((
      text
    ) => `SELECT ${text} FROM l4 WHERE k = 1`),
    "SELECT (tuple<int, frozen<list<int>>>)(1, [2]) FROM l4 WHERE k = 1",
    "INSERT INTO l4 (k, c, v) VALUES (3, 1, toUnixTimestamp('2026-11-28'))",
    "INSERT INTO l4 (k, c) VALUES (3, --1)"
  ]),
  scenario("Integers of USING and LIMIT, and values that are null", [
    "CREATE TABLE l5 (k int, c int, d int, v int, m map<text, int>, s set<int>, PRIMARY KEY (k, c, d))",
    "CREATE TYPE l5a (x int)",
    "CREATE TYPE l5b (x frozen<l5a>)"
  ], [
    ...["TTL (5)", "TTL (int)5", "TTL null", "TTL 1.5", "TTL 'x'", "TTL 5", "TIMESTAMP toUnixTimestamp(now())"].map((
      text
    ) => `INSERT INTO l5 (k, c, d) VALUES (9, 1, 1) USING ${text}`),
    "DELETE FROM l5 USING TTL 5 WHERE k = 1",
    "DELETE FROM l5 USING TIMESTAMP 5 AND TTL 5 WHERE k = 1",
    "DELETE FROM l5 USING TIMESTAMP 5 WHERE k = 1",
    "SELECT * FROM l5 LIMIT (1)",
    "SELECT * FROM l5 LIMIT 'a'",
    "SELECT * FROM l5 LIMIT null",
    "SELECT * FROM l5 PER PARTITION LIMIT (int)1",
    "INSERT INTO l5 (k, c, d, v, m, s) VALUES (1, 1, 1, 1, {'a': 1}, {1})",
    ["SELECT m[?] FROM l5 WHERE k = 1", null],
    ["SELECT m[?] FROM l5 WHERE k = 1", Statement.unset],
    ["SELECT s[?] FROM l5 WHERE k = 1", null],
    ["SELECT s[?] FROM l5 WHERE k = 1", 1],
    "SELECT k FROM l5 WHERE v = null ALLOW FILTERING",
    "SELECT k FROM l5 WHERE v IN (null) ALLOW FILTERING",
    ["SELECT k FROM l5 WHERE v = ? ALLOW FILTERING", Statement.unset],
    "SELECT k FROM l5 WHERE k IN (1, 2) ORDER BY c LIMIT 3",
    { text: "SELECT k FROM l5 WHERE k IN (1, 2) ORDER BY c LIMIT 1", pageSize: 2 },
    "ALTER TABLE l5 ADD z int, y int",
    "ALTER TABLE l5 DROP v, m",
    "ALTER TABLE l5 ADD n counter",
    "CREATE TABLE l5c (k int PRIMARY KEY, v frozen<int>)",
    "CREATE TABLE l5c (k int PRIMARY KEY) WITH compaction = {'class': 'Nope'}",
    "CREATE TABLE l5c (k int PRIMARY KEY) WITH compaction = {'class': 'UnifiedCompactionStrategy'}",
    "ALTER TABLE l5 WITH gc_grace_seconds = 'x'",
    "DROP TYPE l5a"
  ])
]
