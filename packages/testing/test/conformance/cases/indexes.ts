import { scenario } from "../scenario.ts"

const targets = ["l", "s", "m", "u", "fu", "fl", "fm", "v", "tu", "d", "fd"].flatMap((
  column
) => [column, ...["keys", "values", "entries", "full"].map((target) => `${target}(${column})`)])

const options = [
  "'case_sensitive': 'true'",
  "'case_sensitive': 'maybe'",
  "'normalize': 'false'",
  "'none': 'x'",
  "'similarity_function': 'cosine'",
  "'class_name': 'x'",
  "'target': 'w'"
]

export const indexes = [
  scenario("Ranges, and several indexes", [
    "CREATE TABLE p1 (k int PRIMARY KEY, a int, b text, e ascii, i inet, u uuid, t timestamp, d decimal)",
    ...["a", "b", "e", "i", "u", "t", "d"].map((column) => `CREATE INDEX ON p1 (${column}) USING 'sai'`),
    "CREATE TABLE p2 (k int, c int, a int, b int, x int, s int static, PRIMARY KEY (k, c))",
    "CREATE INDEX ON p2 (c)",
    "CREATE INDEX ON p2 (a)",
    "CREATE INDEX ON p2 (b) USING 'legacy_local_table'",
    "CREATE INDEX ON p2 (x) USING 'sai'"
  ], [
    "INSERT INTO p1 (k, a, b) VALUES (1, 1, 'Ab')",
    ...[
      "b = 'Ab'",
      "b > 'A'",
      "b >= 'A' AND b < 'C'",
      "a > 0",
      "i > '1.1.1.1'",
      "e > 'a'",
      "u > 00000000-0000-0000-0000-000000000000",
      "t > 0",
      "d > 1",
      "a = 1 AND b = 'Ab'",
      "a > 0 AND b > 'A'",
      "k = 1 AND b > 'A'"
    ].map((where) => `SELECT k FROM p1 WHERE ${where}`),
    "SELECT k FROM p1 WHERE b > 'A' ALLOW FILTERING",
    "INSERT INTO p2 (k, c, a, b, x) VALUES (1, 2, 0, 0, 0)",
    ...[
      "k = 1 AND c = 2 AND a = 0",
      "k = 1 AND c = 2 AND a = 0 AND b = 0",
      "k = 1 AND a = 0 AND b = 0",
      "a = 0 AND x = 0",
      "a = 0 AND x > 0",
      "k = 1 AND a = 0 AND x = 0",
      "k = 1 AND c = 2 AND a = 0 AND x = 0",
      "k = 1 AND c = 2 AND x = 0",
      "k = 1 AND c > 1 AND a = 0",
      "c = 2 AND a = 0",
      "c = 2 AND x = 0",
      "c = 2",
      "x = 0",
      "a = 0 AND s = 1"
    ].flatMap((where) => [`SELECT k FROM p2 WHERE ${where}`, `SELECT k FROM p2 WHERE ${where} ALLOW FILTERING`])
  ]),
  scenario("Parts of columns that have no index", [
    "CREATE TYPE p3_type (x int)",
    "CREATE TABLE p3 (k int PRIMARY KEY, l list<int>, s set<int>, m map<int, int>, u p3_type, fu frozen<p3_type>, " +
    "fl frozen<list<int>>, fm frozen<map<int, int>>, v int, w text, tu tuple<int, int>, d duration, fd frozen<list<duration>>)"
  ], [
    ...targets.flatMap((target) => [`CREATE INDEX p3_index ON p3 (${target})`, "DROP INDEX IF EXISTS p3_index"]),
    ...["w", "v"].flatMap((column) =>
      options.flatMap((option) => [
        `CREATE INDEX p3_index ON p3 (${column}) USING 'sai' WITH OPTIONS = {${option}}`,
        "DROP INDEX IF EXISTS p3_index",
        `CREATE INDEX p3_index ON p3 (${column}) WITH OPTIONS = {${option}}`,
        "DROP INDEX IF EXISTS p3_index"
      ])
    ),
    "CREATE INDEX p3_index ON p3 (v) USING 'none'"
  ])
]
