import { scenario } from "../scenario.ts"

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
  ])
]
