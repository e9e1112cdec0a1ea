import { scenario } from "../scenario.ts"

export const conditions = [
  scenario("Conditional writes", [
    "CREATE TYPE c1_type (x int, y text)",
    "CREATE TABLE c1 (k int, c int, v int, w text, s set<int>, l list<int>, m map<text, int>, u frozen<c1_type>, st text static, PRIMARY KEY (k, c))"
  ], [
    "INSERT INTO c1 (k, c, v) VALUES (1, 1, 10) IF NOT EXISTS",
    "INSERT INTO c1 (k, c, v) VALUES (1, 1, 20) IF NOT EXISTS",
    "SELECT k, c, v FROM c1",
    "UPDATE c1 SET v = 11 WHERE k = 1 AND c = 1 IF v = 10",
    "UPDATE c1 SET v = 12 WHERE k = 1 AND c = 1 IF v = 10",
    "UPDATE c1 SET v = 12 WHERE k = 1 AND c = 2 IF v = 10",
    "UPDATE c1 SET v = 12 WHERE k = 1 AND c = 1 IF EXISTS",
    "UPDATE c1 SET v = 12 WHERE k = 1 AND c = 2 IF EXISTS",
    "UPDATE c1 SET v = 13 WHERE k = 1 AND c = 1 IF v > 5 AND v <= 12 AND w = null",
    ["UPDATE c1 SET v = ? WHERE k = 1 AND c = 1 IF v IN (1, 2, ?)", 14, 13],
    ["UPDATE c1 SET v = ? WHERE k = 1 AND c = 1 IF v IN ?", 15, [14, 99]],
    "UPDATE c1 SET v = 16 WHERE k = 1 AND c = 1 IF v != 15",
    "UPDATE c1 SET v = 16 WHERE k = 1 AND c = 1 IF v = 1 AND w = 'x'",
    "UPDATE c1 SET v = 16 WHERE k = 1 AND c = 1 IF w != null",
    "UPDATE c1 SET w = 'x' WHERE k = 5 AND c = 5 IF w = null",
    "SELECT k, c, v, w FROM c1",
    "DELETE FROM c1 WHERE k = 5 AND c = 5 IF w = 'no'",
    "DELETE FROM c1 WHERE k = 5 AND c = 5 IF w = 'x'",
    "DELETE FROM c1 WHERE k = 5 AND c = 5 IF EXISTS",
    "DELETE v FROM c1 WHERE k = 1 AND c = 1 IF v = 15",
    "SELECT k, c, v FROM c1",
    "UPDATE c1 SET s = {1, 2}, l = [1, 2], m = {'a': 1}, u = {x: 1, y: 'one'} WHERE k = 1 AND c = 1 IF s = null",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF s = {1, 2} AND l = [1, 2] AND m = {'a': 1}",
    "UPDATE c1 SET v = 2 WHERE k = 1 AND c = 1 IF l[0] = 1 AND m['a'] = 1",
    "UPDATE c1 SET v = 3 WHERE k = 1 AND c = 1 IF l[0] = 5",
    "UPDATE c1 SET v = 3 WHERE k = 1 AND c = 1 IF m['none'] = null",
    "UPDATE c1 SET v = 4 WHERE k = 1 AND c = 1 IF u = {x: 1, y: 'one'}",
    "UPDATE c1 SET v = 5 WHERE k = 1 AND c = 1 IF u.x = 2",
    "UPDATE c1 SET v = 5 WHERE k = 1 AND c = 1 IF u.x = 1",
    "SELECT v FROM c1 WHERE k = 1 AND c = 1",
    "INSERT INTO c1 (k, st) VALUES (2, 'first') IF NOT EXISTS",
    "INSERT INTO c1 (k, st) VALUES (2, 'second') IF NOT EXISTS",
    "UPDATE c1 SET st = 'third' WHERE k = 2 IF st = 'first'",
    "UPDATE c1 SET st = 'fourth' WHERE k = 2 IF st = 'first'",
    "UPDATE c1 SET v = 1 WHERE k = 2 AND c = 1 IF st = 'third'",
    "UPDATE c1 SET v = 2 WHERE k = 2 AND c = 1 IF st = 'none' AND v = 1",
    "UPDATE c1 SET v = 2 WHERE k = 2 AND c = 9 IF st = 'none' AND v = 1",
    "SELECT k, c, v, st FROM c1 WHERE k = 2",
    "UPDATE c1 SET v = 2 WHERE k = 9 AND c = 2 IF st = 'none'",
    "UPDATE c1 SET v = 1 WHERE k = 9 AND c = 1",
    "UPDATE c1 SET v = 2 WHERE k = 9 AND c = 2 IF st = 'none'",
    "DELETE FROM c1 WHERE k = 9 AND c = 2 IF st = 'none'",
    "UPDATE c1 SET st = 'one' WHERE k = 9 IF st = 'none'",
    "DELETE st FROM c1 WHERE k = 9 IF st = 'none'",
    "DELETE FROM c1 WHERE k = 9",
    "INSERT INTO c1 (k, c, v) VALUES (3, 1, 1) IF NOT EXISTS USING TTL 1000",
    "INSERT INTO c1 (k, c, v) VALUES (3, 1, 1) IF NOT EXISTS USING TIMESTAMP 5",
    "UPDATE c1 SET v = 1 WHERE k IN (1, 2) AND c = 1 IF v = 1",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c IN (1, 2) IF v = 1",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF k = 1",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF nope = 1",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF v < null",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF v = 'x'",
    "UPDATE c1 SET v = 1 WHERE k = 1 AND c = 1 IF NOT EXISTS",
    "DELETE FROM c1 WHERE k = 1 IF EXISTS"
  ]),
  scenario("Conditional deletes of a table without clustering columns", [
    "CREATE TABLE c3 (k int PRIMARY KEY, v int)"
  ], [
    "INSERT INTO c3 (k, v) VALUES (1, 10)",
    "DELETE FROM c3 WHERE k = 1 IF v = 9",
    "DELETE FROM c3 WHERE k = 1 IF v = 10",
    "SELECT k, v FROM c3",
    "DELETE FROM c3 WHERE k = 1 IF v = 10",
    "DELETE FROM c3 WHERE k = 1 IF EXISTS",
    "INSERT INTO c3 (k, v) VALUES (1, 11) IF NOT EXISTS",
    "DELETE FROM c3 WHERE k = 1 IF EXISTS",
    "SELECT k, v FROM c3",
    "DELETE v FROM c3 WHERE k = 2 IF v = null"
  ]),
  scenario("Conditional batches", [
    "CREATE TABLE c2 (k int, c int, v int, st int static, PRIMARY KEY (k, c))",
    "CREATE TABLE c2x (k int PRIMARY KEY, v int)"
  ], [
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO c2 (k, c, v) VALUES (1, 1, 1) IF NOT EXISTS"], [
          "INSERT INTO c2 (k, c, v) VALUES (1, 2, 2) IF NOT EXISTS"
        ]]
      }
    },
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO c2 (k, c, v) VALUES (1, 2, 9) IF NOT EXISTS"], [
          "INSERT INTO c2 (k, c, v) VALUES (1, 3, 9) IF NOT EXISTS"
        ]]
      }
    },
    {
      text: "",
      batch: {
        type: "unlogged",
        statements: [["INSERT INTO c2 (k, c, v) VALUES (1, 1, 9) IF NOT EXISTS"], [
          "INSERT INTO c2 (k, c, v) VALUES (1, 2, 9) IF NOT EXISTS"
        ]]
      }
    },
    "SELECT * FROM c2",
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["UPDATE c2 SET v = 10 WHERE k = 1 AND c = 1 IF v = 1"], [
          "INSERT INTO c2 (k, c, v) VALUES (1, 4, 4)"
        ], ["UPDATE c2 SET st = 7 WHERE k = 1"]]
      }
    },
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["UPDATE c2 SET v = 11 WHERE k = 1 AND c = 1 IF v = 1"], [
          "UPDATE c2 SET v = 12 WHERE k = 1 AND c = 2 IF v = 2"
        ]]
      }
    },
    "SELECT * FROM c2",
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["UPDATE c2 SET v = 1 WHERE k = 1 AND c = 1 IF v = 1"], ["INSERT INTO c2 (k, c) VALUES (2, 1)"]]
      }
    },
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["UPDATE c2 SET v = 1 WHERE k = 1 AND c = 1 IF v = 1"], ["INSERT INTO c2x (k) VALUES (1)"]]
      }
    },
    {
      text: "",
      batch: {
        type: "logged",
        statements: [["DELETE FROM c2 WHERE k = 1 AND c = 4 IF EXISTS"], ["UPDATE c2 SET v = 5 WHERE k = 1 AND c = 1"]]
      }
    },
    "SELECT * FROM c2"
  ])
]
