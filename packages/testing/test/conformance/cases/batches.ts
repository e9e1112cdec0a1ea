import { Statement } from "@effect-cql/core"
import { scenario, type Step } from "../scenario.ts"

const batch = (...texts: ReadonlyArray<string>): Step => ({
  text: "",
  batch: { type: "unlogged", statements: texts.map((text) => [text] as const) }
})

const rows = (table: string): ReadonlyArray<string> => [
  `DELETE FROM ${table} WHERE k = 1`,
  `INSERT INTO ${table} (k, c, v, l, s, sl) VALUES (1, 1, 1, [1, 2], 1, [1, 2])`,
  `INSERT INTO ${table} (k, c, v, l) VALUES (1, 2, 1, [1, 2])`
]

const conditions = (table: string): ReadonlyArray<string> => [
  `UPDATE ${table} SET v = 2 WHERE k = 1 AND c = 1 IF EXISTS`,
  `INSERT INTO ${table} (k, c, v) VALUES (1, 1, 5) IF NOT EXISTS`,
  `UPDATE ${table} SET v = 3 WHERE k = 1 AND c = 1 IF v = 1`,
  `UPDATE ${table} SET v = 2 WHERE k = 1 AND c = 3 IF EXISTS`,
  `UPDATE ${table} SET s = 2 WHERE k = 1 IF s = 1`,
  `UPDATE ${table} SET s = 2 WHERE k = 1 IF EXISTS`,
  `INSERT INTO ${table} (k, s) VALUES (1, 3) IF NOT EXISTS`,
  `UPDATE ${table} SET v = 7 WHERE k = 1 AND c = 1 IF s = 1 AND v = 1`,
  `UPDATE ${table} SET v = 7 WHERE k = 1 AND c = 1 IF s = 1`
]

const lists = (table: string): ReadonlyArray<string> => [
  ...[1, 2].flatMap((c) => [
    `UPDATE ${table} SET l = l - [2] WHERE k = 1 AND c = ${c}`,
    `UPDATE ${table} SET l[0] = 7 WHERE k = 1 AND c = ${c}`,
    `DELETE l[0] FROM ${table} WHERE k = 1 AND c = ${c}`
  ]),
  `UPDATE ${table} SET sl[0] = 7 WHERE k = 1`,
  `UPDATE ${table} SET l[0] = 9, sl[0] = 7 WHERE k = 1 AND c = 1`
]

const columns =
  "(k int, c int, v int, l list<int>, s int static, sl list<int> static, m map<text, int>, PRIMARY KEY (k, c))"

export const batches = [
  scenario(
    "Conditions of several statements on one row",
    [`CREATE TABLE n1 ${columns}`],
    conditions("n1").flatMap((one) =>
      conditions("n1").flatMap((other) => [...rows("n1"), batch(one, other), "SELECT * FROM n1"])
    )
  ),
  scenario("Lists beside a condition", [`CREATE TABLE n2 ${columns}`], [
    ...conditions("n2").flatMap((one) =>
      lists("n2").flatMap((other) => [...rows("n2"), batch(one, other), "SELECT * FROM n2"])
    ),
    ...lists("n2").flatMap((one) => [...rows("n2"), `${one} IF s = 1`, "SELECT * FROM n2"])
  ]),
  scenario("Times beside a condition", [`CREATE TABLE n3 ${columns}`], [
    ...rows("n3"),
    batch(conditions("n3")[0]!, "UPDATE n3 USING TIMESTAMP 5 SET v = 9 WHERE k = 1 AND c = 2"),
    batch(conditions("n3")[0]!, "INSERT INTO n3 (k, c, v) VALUES (1, 4, 4) USING TIMESTAMP 5"),
    "SELECT * FROM n3",
    batch(conditions("n3")[0]!, "DELETE FROM n3 USING TIMESTAMP 5 WHERE k = 1 AND c = 4"),
    "SELECT * FROM n3",
    batch("UPDATE n3 USING TIMESTAMP 5 SET v = 10 WHERE k = 1 AND c = 4 IF v = 1"),
    "BEGIN BATCH USING TTL 5 INSERT INTO n3 (k, c, v) VALUES (1, 5, 1) APPLY BATCH",
    "BEGIN BATCH USING TTL 5 AND TIMESTAMP 5 INSERT INTO n3 (k, c, v) VALUES (1, 5, 1) APPLY BATCH",
    "BEGIN BATCH USING TTL 5 INSERT INTO none (k, c, v) VALUES (1, 5, 1) APPLY BATCH",
    "BEGIN BATCH USING TTL 5 APPLY BATCH",
    "BEGIN BATCH USING TIMESTAMP 5 INSERT INTO n3 (k, c, v) VALUES (1, 5, 1) IF NOT EXISTS APPLY BATCH",
    "SELECT * FROM n3"
  ])
]

export const unsetValues = scenario("Values of elements that are unset or null", [
  `CREATE TABLE n4 ${columns}`,
  "CREATE TABLE n5 (k int PRIMARY KEY, t set<text>)"
], [
  ...rows("n4"),
  ...[Statement.unset, null].flatMap((value): ReadonlyArray<readonly [string, unknown]> => [
    ["DELETE m[?] FROM n4 WHERE k = 1 AND c = 1", value],
    ["DELETE t[?] FROM n5 WHERE k = 1", value],
    ["DELETE l[?] FROM n4 WHERE k = 1 AND c = 1", value],
    ["UPDATE n4 SET m[?] = 1 WHERE k = 1 AND c = 1", value],
    ["UPDATE n4 SET l[?] = 1 WHERE k = 1 AND c = 1", value],
    ["UPDATE n4 SET v = 1 WHERE k = 1 AND c = 1 IF m[?] = 1", value],
    ["UPDATE n4 SET v = 1 WHERE k = 1 AND c = 1 IF m['a'] = ?", value],
    ["UPDATE n4 SET v = 1 WHERE k = 1 AND c = 1 IF m CONTAINS ?", value],
    ["UPDATE n4 SET v = 1 WHERE k = 1 AND c = 1 IF m CONTAINS KEY ?", value],
    ["UPDATE n4 SET v = 1 WHERE k = 1 AND c = 1 IF v IN (2, ?)", value],
    ["SELECT * FROM n4 WHERE m[?] = 1 ALLOW FILTERING", value],
    ["SELECT * FROM n4 WHERE m['a'] = ? ALLOW FILTERING", value],
    ["SELECT * FROM n4 WHERE m CONTAINS ? ALLOW FILTERING", value],
    ["SELECT * FROM n4 WHERE l CONTAINS ? ALLOW FILTERING", value]
  ]),
  "SELECT * FROM n4"
])
