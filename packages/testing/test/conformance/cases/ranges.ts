import { described, scenario } from "../scenario.ts"

const rowsOf = (table: string, keys: ReadonlyArray<number>): ReadonlyArray<string> =>
  keys.flatMap((k) =>
    [1, 2].flatMap((c) =>
      [1, 2, 3].flatMap((d) => [1, 2].map((e) => `INSERT INTO ${table} (k, c, d, e) VALUES (${k}, ${c}, ${d}, ${e})`))
    )
  )

export const ranges = [
  scenario(
    "Ranges of several columns that are deleted",
    [
      "CREATE TABLE o1 (k int, c int, d int, e int, PRIMARY KEY (k, c, d, e)) WITH CLUSTERING ORDER BY (c ASC, d DESC, e ASC)",
      "CREATE TABLE o2 (k int, c int, d int, e int, PRIMARY KEY (k, c, d, e)) WITH CLUSTERING ORDER BY (c DESC, d ASC, e DESC)"
    ],
    ["o1", "o2"].flatMap((table) => [
      ...rowsOf(table, [1, 2, 3, 4, 5, 6, 7, 8]),
      `DELETE FROM ${table} WHERE k = 1 AND (c, d) > (1, 2)`,
      `DELETE FROM ${table} WHERE k = 2 AND (c, d) >= (1, 1) AND (c, d) < (1, 2)`,
      `DELETE FROM ${table} WHERE k = 3 AND (c, d, e) >= (1, 2, 2) AND (c, d) <= (2, 1)`,
      `DELETE FROM ${table} WHERE k = 4 AND c > 1 AND (c, d) < (2, 3)`,
      `DELETE FROM ${table} WHERE k = 5 AND c IN (1, 2) AND (d, e) > (2, 1)`,
      `DELETE FROM ${table} WHERE k = 6 AND c = 1 AND (d, e) <= (2, 1) AND d > 1`,
      `DELETE FROM ${table} WHERE k = 7 AND (c, d, e) > (2, 1, 1) AND (c, d, e) < (1, 3, 1)`,
      `DELETE FROM ${table} WHERE k = 8 AND c = 1 AND (d) > (2)`,
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((k) => `SELECT c, d, e FROM ${table} WHERE k = ${k}`),
      `INSERT INTO ${table} (k, c, d, e) VALUES (1, 2, 3, 1) USING TIMESTAMP 1`,
      `INSERT INTO ${table} (k, c, d, e) VALUES (1, 1, 0, 1) USING TIMESTAMP 1`,
      `SELECT c, d, e FROM ${table} WHERE k = 1`
    ])
  ),
  scenario("Groups by columns after those that are fixed", [
    "CREATE TABLE o3 (k int, c int, d int, e int, PRIMARY KEY (k, c, d, e))",
    "CREATE TABLE o4 (a int, b int, c int, PRIMARY KEY ((a, b), c))"
  ], [
    ...rowsOf("o3", [1, 2]),
    ...[
      "c = 1",
      "c IN (1)",
      "(c) = (1)",
      "(c) IN ((1))",
      "(c, d) = (1, 1)",
      "c IN (1, 2)",
      "(c, d) IN ((1, 1), (1, 2))"
    ]
      .flatMap((where) =>
        ["d", "k, d", "e", "c, e", "d, e", "c"].map((group) =>
          `SELECT k, c, d, e, count(*) FROM o3 WHERE k = 1 AND ${where} GROUP BY ${group}`
        )
      ),
    "SELECT k, c, d, count(*) FROM o3 WHERE k IN (1) GROUP BY c",
    ["SELECT k, c, d, count(*) FROM o3 WHERE k = 1 AND c IN ? GROUP BY d", [1]],
    "SELECT c, d, e FROM o3 WHERE k = 1 AND c IN (1) ORDER BY d DESC",
    "SELECT c, d, e FROM o3 WHERE k = 1 AND (c, d) = (1, 1) ORDER BY e DESC",
    "SELECT c, d, e FROM o3 WHERE k = 1 AND c IN (1, 2) ORDER BY d DESC",
    "INSERT INTO o4 (a, b, c) VALUES (1, 2, 1)",
    "INSERT INTO o4 (a, b, c) VALUES (1, 2, 2)",
    ...["a", "b", "c", "a, b", "b, c", "a, c"].map((group) =>
      `SELECT a, b, c, count(*) FROM o4 WHERE a = 1 AND b = 2 GROUP BY ${group}`
    ),
    "SELECT a, b, count(*) FROM o4 WHERE a = 1 AND b IN (2) GROUP BY b"
  ]),
  scenario("Lists of one value", [
    "CREATE TABLE o5 (k int, c int, d int, v int, PRIMARY KEY (k, c, d))"
  ], [
    "INSERT INTO o5 (k, c, d, v) VALUES (1, 1, 1, 1)",
    "INSERT INTO o5 (k, c, d, v) VALUES (1, 1, 2, 1)",
    "SELECT * FROM o5 WHERE k IN (1) AND k = 1",
    "SELECT * FROM o5 WHERE k = 1 AND c IN (1) AND c > 0",
    "SELECT * FROM o5 WHERE k = 1 AND c > 0 AND c IN (1)",
    "SELECT * FROM o5 WHERE k = 1 AND c > 0 AND c IN (1, 2)",
    "SELECT * FROM o5 WHERE k = 1 AND c > 0 AND c = 1",
    "SELECT * FROM o5 WHERE k = 1 AND (c) IN ((1)) AND c > 0",
    "SELECT * FROM o5 WHERE k = 1 AND (c) IN ((1), (2)) AND c > 0",
    "UPDATE o5 SET v = 2 WHERE k IN (1) AND c IN (1) AND d = 1 IF v = 1",
    "UPDATE o5 SET v = 3 WHERE k = 1 AND (c, d) IN ((1, 1)) IF v = 2",
    ["UPDATE o5 SET v = 4 WHERE k IN ? AND c = 1 AND d = 1 IF v = 3", [1]],
    ["UPDATE o5 SET v = 4 WHERE k = 1 AND c = 1 AND d IN ? IF v = 3", [1]],
    ["DELETE FROM o5 WHERE k = 1 AND c = 1 AND d IN ? IF v = 3", [1]],
    described("DELETE FROM o5 WHERE k = ? AND c = ? AND d IN (1, 2) IF v = ?"),
    "DELETE FROM o5 WHERE k IN (1) AND c = 1 AND d IN (1) IF v = 3",
    "SELECT * FROM o5"
  ])
]
