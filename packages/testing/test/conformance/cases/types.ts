import * as BigDecimal from "effect/BigDecimal"
import { scenario } from "../scenario.ts"

const decimals = (...texts: ReadonlyArray<string>) => new Set(texts.map(BigDecimal.fromStringUnsafe))
const pairs = (...texts: ReadonlyArray<string>) => new Set(texts.map((text) => [BigDecimal.fromStringUnsafe(text), 1]))

export const types = [
  scenario("Fields of types that are renamed", [
    "CREATE TYPE f1 (a int, b text)",
    "CREATE TYPE f2 (inner frozen<f1>, c int)",
    `CREATE TABLE f3 (k frozen<f1>, c frozen<f2>, s frozen<f1> static, u f1, v frozen<f2>, l list<frozen<f1>>,
      t set<frozen<f2>>, m map<frozen<f1>, frozen<f1>>, w tuple<int, f1>, PRIMARY KEY (k, c))`
  ], [
    "INSERT INTO f3 (k, c, s) VALUES ({a: 1, b: 'x'}, {inner: {a: 2}, c: 3}, {b: 's'})",
    "UPDATE f3 SET u = {a: 4, b: 'u'}, v = {inner: {a: 5, b: 'v'}} WHERE k = {a: 1, b: 'x'} AND c = {inner: {a: 2}, c: 3}",
    "UPDATE f3 SET l = [{a: 6}, {b: 'l'}], t = {{inner: {a: 7}}} WHERE k = {a: 1, b: 'x'} AND c = {inner: {a: 2}, c: 3}",
    "UPDATE f3 SET m = {{a: 8}: {a: 9}}, w = (1, {b: 'w'}) WHERE k = {a: 1, b: 'x'} AND c = {inner: {a: 2}, c: 3}",
    "ALTER TYPE f1 RENAME a TO a2",
    "SELECT * FROM f3",
    "SELECT u.a2, u.b FROM f3",
    "SELECT u.a FROM f3",
    "SELECT s FROM f3 WHERE k = {a2: 1, b: 'x'} AND c = {inner: {a2: 2}, c: 3}",
    "SELECT s FROM f3 WHERE k = {a: 1, b: 'x'}",
    "UPDATE f3 SET u.a2 = 40 WHERE k = {a2: 1, b: 'x'} AND c = {inner: {a2: 2}, c: 3}",
    "UPDATE f3 SET m[{a2: 8}] = {b: 'm'} WHERE k = {a2: 1, b: 'x'} AND c = {inner: {a2: 2}, c: 3}",
    "DELETE u.b FROM f3 WHERE k = {a2: 1, b: 'x'} AND c = {inner: {a2: 2}, c: 3}",
    "SELECT u, m FROM f3",
    "ALTER TYPE f1 RENAME a2 TO b",
    "ALTER TYPE f1 RENAME nope TO x",
    "ALTER TYPE f1 RENAME IF EXISTS nope TO x",
    "ALTER TYPE f1 RENAME IF EXISTS nope TO x AND a2 TO a3",
    "ALTER TYPE f1 RENAME a3 TO b AND b TO a3",
    "SELECT k, u, l, t FROM f3",
    "ALTER TYPE f2 RENAME inner TO outer",
    "ALTER TYPE nowhere RENAME a TO b",
    "ALTER TYPE IF EXISTS nowhere RENAME a TO b",
    "SELECT c, v, t FROM f3",
    "SELECT field_names, field_types FROM system_schema.types WHERE keyspace_name = '{keyspace}' AND type_name = 'f1'"
  ]),
  scenario("Conditions on durations", [
    "CREATE TYPE y1 (d duration, i int)",
    `CREATE TABLE y2 (k int PRIMARY KEY, d duration, l list<duration>, f frozen<list<duration>>, m map<int, duration>, t tuple<int, duration>,
      u y1, v frozen<y1>, e vector<duration, 1>)`
  ], [
    `INSERT INTO y2 (k, d, l, f, m, t, u, v) VALUES (1, 1mo, [2d], [3h], {1: 4m}, (5, 6s), {d: 7ms, i: 8}, {d: 9us})`,
    "UPDATE y2 SET d = 2mo WHERE k = 1 IF d = 1mo",
    "UPDATE y2 SET d = 3mo WHERE k = 1 IF d IN (1mo, 2mo)",
    "UPDATE y2 SET d = 4mo WHERE k = 1 IF d != 3mo",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF d < 5mo",
    ["UPDATE y2 SET d = 5mo WHERE k = 1 IF d >= ?", { months: 1, days: 0, nanoseconds: 0n }],
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF d > null",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF l < [1d]",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF l[0] < 1d",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF l[0] = 2d",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF f <= [1d]",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF m > {1: 1d}",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF m[1] > 1d",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF t < (1, 1d)",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF t = (5, 6s)",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF u < {d: 1d}",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF u.d < 1d",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF u.i < 10",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF v >= {d: 1d}",
    "UPDATE y2 SET d = 5mo WHERE k = 1 IF e >= [1d]",
    "SELECT d FROM y2"
  ]),
  scenario("Parts of a key beside an index", [
    "CREATE TABLE v1 (a int, b int, c int, d int, v int, w int, s int static, PRIMARY KEY ((a, b), c, d))",
    "CREATE TABLE v2 (a int, b int, c int, v int, w int, PRIMARY KEY ((a, b), c))",
    "CREATE INDEX ON v1 (v)",
    "CREATE CUSTOM INDEX ON v2 (v) USING 'StorageAttachedIndex'",
    "CREATE CUSTOM INDEX ON v2 (w) USING 'StorageAttachedIndex'"
  ], [
    "INSERT INTO v1 (a, b, c, d, v, w) VALUES (1, 1, 1, 1, 1, 1)",
    "INSERT INTO v1 (a, b, c, d, v, w) VALUES (2, 1, 2, 2, 1, 1)",
    "INSERT INTO v2 (a, b, c, v, w) VALUES (1, 1, 1, 1, 1)",
    "INSERT INTO v2 (a, b, c, v, w) VALUES (2, 1, 2, 1, 1)",
    ...["v1", "v2"].flatMap((table) =>
      [
        "a = 1 AND v = 1",
        "b = 1 AND v = 1",
        "a IN (1, 2) AND v = 1",
        "a > 0 AND v = 1",
        "a = 1 AND b IN (1, 2) AND v = 1",
        "a = 1 AND b = 1 AND v = 1",
        "a = 1 AND c = 1 AND v = 1",
        "c = 1 AND v = 1",
        "a = 1 AND v = 1 AND w = 1"
      ].flatMap((
        where
      ) => [`SELECT a FROM ${table} WHERE ${where}`, `SELECT a FROM ${table} WHERE ${where} ALLOW FILTERING`])
    ),
    "CREATE INDEX ON v1 (a)",
    "CREATE CUSTOM INDEX ON v2 (b) USING 'StorageAttachedIndex'",
    "CREATE CUSTOM INDEX ON v2 (c) USING 'StorageAttachedIndex'",
    ...["v1", "v2"].flatMap((table) =>
      [
        "a = 1",
        "b = 1",
        "c = 1",
        "b > 0",
        "c > 0",
        "a = 1 AND v = 1",
        "b = 1 AND v = 1",
        "c > 0 AND v = 1",
        "b = 1 AND c > 0",
        "a = 1 AND b = 1 AND c = 1",
        "a = 1 AND b > 0"
      ].map((where) => `SELECT a FROM ${table} WHERE ${where}`)
    )
  ]),
  scenario("Elements that are equal", [
    "CREATE TABLE h1 (k int PRIMARY KEY, s set<decimal>, f frozen<set<decimal>>, t set<frozen<tuple<decimal, int>>>, u frozen<set<frozen<tuple<decimal, int>>>>, l list<frozen<set<decimal>>>)"
  ], [
    // Of equal elements in a text, the server keeps now the one, now the other.
    ["INSERT INTO h1 (k, s, f, l) VALUES (1, ?, ?, ?)", decimals("1.0", "1", "1.00"), decimals("2.0", "2"), [
      decimals("3.00", "3", "4")
    ]],
    ["INSERT INTO h1 (k, s, f, l) VALUES (2, ?, ?, ?)", decimals("1", "1.0"), decimals("2", "2.0"), [
      decimals("4", "3", "3.00")
    ]],
    ["INSERT INTO h1 (k, t, u) VALUES (3, ?, ?)", pairs("1.0", "1", "3"), pairs("2", "2.0")],
    "SELECT * FROM h1",
    "UPDATE h1 SET s = s + {1.000} WHERE k = 1",
    "SELECT s, t FROM h1",
    "SELECT k FROM h1 WHERE f = {2.00} ALLOW FILTERING"
  ]),
  scenario(
    "Indexes of columns of the key",
    [
      ...["i1", "i2", "i3", "i4"].map((table) =>
        `CREATE TABLE ${table} (a int, b int, c int, d int, v int, s int static, PRIMARY KEY ((a, b), c, d))`
      ),
      ...["a", "c", "d", "v", "s"].map((column) => `CREATE INDEX ON i1 (${column})`),
      ...["a", "c", "d", "v", "s"].map((column) =>
        `CREATE CUSTOM INDEX ON i2 (${column}) USING 'StorageAttachedIndex'`
      ),
      "CREATE INDEX ON i3 (v)",
      "CREATE CUSTOM INDEX ON i4 (v) USING 'StorageAttachedIndex'"
    ],
    ["i1", "i2", "i3", "i4"].flatMap((table) => [
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
        `INSERT INTO ${table} (a, b, c, d, v, s) VALUES (${n % 2}, 1, ${n % 3}, ${n}, ${n % 4}, ${n})`
      ),
      ...[
        "a = 1 AND b = 1 AND d = 3",
        "a = 1 AND b = 1 AND d > 3",
        "a = 1 AND b = 1 AND d = 3 AND v = 3",
        "a = 1 AND b = 1 AND d > 3 AND v = 3",
        "a = 1 AND b = 1 AND d IN (3)",
        "a = 1 AND b = 1 AND d IN (3, 5)",
        "a = 1 AND b = 1 AND c = 1 AND v = 1",
        "a = 1 AND b = 1 AND c = 1 AND d > 0 AND v = 1",
        "a = 1 AND b = 1 AND c > 0 AND v = 1",
        "a = 1 AND b = 1 AND c IN (0, 1) AND v = 1",
        "a = 1 AND b = 1 AND c > 0 AND d = 3",
        "a = 1 AND b = 1 AND c > 0 AND d = 5 AND v = 1",
        "a = 1 AND b = 1 AND c IN (0, 1) AND d = 3",
        "a = 1 AND b = 1 AND s = 7",
        "a = 1 AND b = 1 AND d = 3 AND s = 7",
        "a = 1 AND b = 1 AND (c, d) > (0, 3) AND v = 3",
        "a = 1 AND b = 1 AND (c, d) = (0, 3) AND v = 3",
        "a = 1 AND b = 1 AND c = 1 ORDER BY c DESC",
        "a = 1 AND b = 1 AND d = 3 ORDER BY c DESC",
        "a = 1 AND b IN (1, 2) AND d = 3",
        "a = 1 AND d = 3",
        "a = 1 AND c = 1",
        "a = 1 AND v = 1",
        "a IN (1)",
        "a IN (1, 0)",
        "c = 1 AND d = 3",
        "c = 1 AND d > 2",
        "c > 1",
        "c IN (1)",
        "d = 3",
        "d = 3 AND v = 3",
        "d IN (3) AND v = 3",
        "s = 7"
      ].map((where) => `SELECT d FROM ${table} WHERE ${where}`)
    ])
  ),
  scenario("Types that have no storage-attached index", [
    "CREATE TYPE o9 (b blob)",
    `CREATE TABLE o10 (k blob, c blob, b blob, s set<blob>, l list<blob>, m map<blob, int>, n map<int, blob>, f frozen<set<blob>>, t tuple<blob, int>,
      u frozen<o9>, v vector<float, 2>, w vector<float, 1>, x vector<int, 2>, y vector<text, 2>, z vector<double, 2>, st blob static, PRIMARY KEY ((k, c), b))`
  ], [
    ...[
      "k",
      "c",
      "b",
      "s",
      "l",
      "m",
      "keys(m)",
      "entries(m)",
      "n",
      "keys(n)",
      "entries(n)",
      "full(f)",
      "t",
      "u",
      "v",
      "w",
      "x",
      "y",
      "z",
      "st"
    ].map((column) => `CREATE CUSTOM INDEX ON o10 (${column}) USING 'StorageAttachedIndex'`),
    "CREATE CUSTOM INDEX ON o10 (w) USING 'StorageAttachedIndex' WITH OPTIONS = {'similarity_function': 'euclidean'}",
    "CREATE CUSTOM INDEX ON o10 (w) USING 'StorageAttachedIndex' WITH OPTIONS = {'similarity_function': 'COSINE'}",
    "CREATE INDEX ON o10 (b)",
    "CREATE INDEX ON o10 (x)"
  ])
]
