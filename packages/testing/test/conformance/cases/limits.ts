import { scenario, type Step } from "../scenario.ts"

const paged = (text: string, pageSize: number): Step => ({ text, pageSize })

export const limits = [
  scenario("Empty keys in reads", [
    "CREATE TABLE r1 (k text PRIMARY KEY, v int)",
    "CREATE TABLE r2 (k blob, c int, PRIMARY KEY (k, c))",
    "CREATE TABLE r3 (a text, b text, PRIMARY KEY ((a, b)))"
  ], [
    ...["k = ''", "k IN ('a', '')", "k IN ('')", "token(k) > token('')", "k = '' AND v = 1 ALLOW FILTERING"].map((
      where
    ) => `SELECT * FROM r1 WHERE ${where}`),
    ["SELECT * FROM r1 WHERE k = ?", ""],
    "SELECT count(*) FROM r1 WHERE k = ''",
    "SELECT DISTINCT k FROM r1 WHERE k = ''",
    "SELECT * FROM r2 WHERE k = 0x AND c = 1",
    "SELECT * FROM r3 WHERE a = '' AND b IN ('', 'a')"
  ]),
  scenario(
    "Limits of partitions, aggregates and pages",
    ["CREATE TABLE r4 (k int, c int, v int, PRIMARY KEY (k, c))"],
    [
      ...[1, 2, 3].flatMap((k) => [1, 2, 3, 4].map((c) => `INSERT INTO r4 (k, c, v) VALUES (${k}, ${c}, ${c})`)),
      "SELECT count(*) FROM r4 PER PARTITION LIMIT 1",
      "SELECT k, max(v) FROM r4 WHERE k = 1 PER PARTITION LIMIT 2",
      "SELECT k, count(*) FROM r4 GROUP BY k PER PARTITION LIMIT 1",
      "SELECT DISTINCT k FROM r4 WHERE v = 1 PER PARTITION LIMIT 1 ALLOW FILTERING",
      "SELECT DISTINCT k FROM r4 WHERE v = 1 PER PARTITION LIMIT 1",
      ...[1, 2, 3, 4].flatMap((size) =>
        [1, 2, 3].flatMap((limit) =>
          [
            "",
            "WHERE k = 1",
            "WHERE k = 1 AND c > 1",
            "WHERE k IN (1, 2)",
            "WHERE k IN (1, 9)",
            "WHERE k IN (1, 2, 3) AND c > 1"
          ]
            .map((where) => paged(`SELECT k, c FROM r4 ${where} PER PARTITION LIMIT ${limit}`, size))
        )
      )
    ]
  ),
  scenario("Ends of texts, and minus signs", ["CREATE TABLE r5 (k int PRIMARY KEY, v int)"], [
    "INSERT INTO r5 (k, v) VALUES (- 1, -  5)",
    "SELECT * FROM r5 WHERE k = - 1",
    "UPDATE r5 SET v = - 7 WHERE k = - 1",
    "SELECT * FROM r5",
    "SELECT * FROM r5 -- x",
    "SELECT * FROM r5 -- x\n",
    "SELECT * FROM r5 // x",
    "SELECT * FROM r5 // x\n",
    "SELECT * FROM r5; -- x",
    "SELECT * FROM r5 /* x */",
    "SELECT * FROM r5;;",
    "SELECT * FROM r5; ;",
    "-- x\nSELECT * FROM r5 WHERE k = -1 -- x\n AND v = -7 ALLOW FILTERING"
  ])
]
