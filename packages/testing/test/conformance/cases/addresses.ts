import { scenario } from "../scenario.ts"

export const addresses = scenario("Addresses of version 4 that are mapped to version 6", [
  "CREATE TABLE q1 (i inet PRIMARY KEY, v int, f frozen<list<inet>>)"
], [
  ["INSERT INTO q1 (i, v) VALUES (?, 1)", "::ffff:1.2.3.4"],
  "INSERT INTO q1 (i, v) VALUES ('::ffff:5.6.7.8', 2)",
  "INSERT INTO q1 (i, v) VALUES ('::FFFF:90A:B0C', 3)",
  ["INSERT INTO q1 (i, v) VALUES (?, 4)", "::fffe:1.2.3.4"],
  ["INSERT INTO q1 (i, v) VALUES (?, 5)", "0:0:0:0:0:ffff:102:305"],
  ["UPDATE q1 SET f = ? WHERE i = '1.2.3.4'", ["::ffff:1.1.1.1", "::1"]],
  ["SELECT * FROM q1 WHERE i = ?", "1.2.3.4"],
  "SELECT * FROM q1 WHERE i = '5.6.7.8'",
  ["SELECT * FROM q1 WHERE i = ?", "::ffff:5.6.7.8"],
  "SELECT i, v FROM q1"
])
