/** Tables of a server and of a program that differ, and the differences that have to be found. `@` is the keyspace. */
import { Statement } from "@effect-cql/core"
import { CqlSchema, Migrations, Table } from "@effect-cql/schema"
import { type Any, type AnyDefinition, TypeId } from "@effect-cql/schema/Table"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { metaOf } from "../../src/internal/table/meta.ts"

class Inner extends CqlSchema.Udt<Inner>("Inner")("inner_t", {
  a: CqlSchema.Int,
  b: Schema.optionalKey(CqlSchema.Text)
}) {}
class Outer extends CqlSchema.Udt<Outer>("Outer")("outer_t", {
  one: Inner,
  many: CqlSchema.List(Inner),
  pair: CqlSchema.Tuple([CqlSchema.Int, CqlSchema.Text])
}) {}
class Quoted extends CqlSchema.Udt<Quoted>("Quoted")("MyType", { a: CqlSchema.Int }) {}
class Reserved extends CqlSchema.Udt<Reserved>("Reserved")("order", { a: CqlSchema.Int }) {}

const { Counter, Frozen, Int, List, Map, Set, Text, Tuple, Vector } = CqlSchema
const maybe = Schema.optionalKey

/** A declaration, by the name of its table. */
type Declared = readonly [table: string, definition: AnyDefinition]

export interface Differing {
  readonly name: string
  /** Statements that make the tables of the server. */
  readonly server: ReadonlyArray<string>
  readonly tables: ReadonlyArray<Declared>
  readonly statements: ReadonlyArray<string>
  /** Column and message of each. */
  readonly obstacles?: ReadonlyArray<readonly [column: string | undefined, message: RegExp]> | undefined
  /** Fields of types that only the server has. */
  readonly unknown?: ReadonlyArray<string> | undefined
  /** Only a server has it. */
  readonly isReal?: boolean | undefined
}

const tablesOf = (keyspace: string, { tables }: Differing): ReadonlyArray<Any> =>
  tables.map(([table, definition]) => ({
    [TypeId]: metaOf(`${keyspace}.${table}`, definition, Schema.Unknown.ast)
  }))

/** The differences are those of the case, the statements run as they are, and a second look finds nothing to do. */
export const leavesNone = Effect.fnUntraced(function*(keyspace: string, differing: Differing) {
  const tables = tablesOf(keyspace, differing)
  const { obstacles, statements } = yield* Migrations.diff(...tables)
  assert.deepStrictEqual(statements, differing.statements.map((text) => text.replaceAll("@", keyspace)))
  const expected = differing.obstacles ?? []
  assert.deepStrictEqual(obstacles.map(({ column }) => column), expected.map(([column]) => column))
  for (const [at, [, message]] of expected.entries()) assert.match(obstacles[at]!.message, message)
  yield* Effect.forEach(statements, (text) => Statement.make(text))
  assert.deepStrictEqual(yield* Migrations.diff(...tables), { statements: [], obstacles })
  if (obstacles.length > 0) return
  const found = yield* Table.check(...tables)
  assert.deepStrictEqual(found.map(({ column }) => column), [...differing.unknown ?? []])
})

const t = (definition: AnyDefinition): ReadonlyArray<Declared> => [["t", definition]]

export const differences: ReadonlyArray<Differing> = [
  {
    name: "names that are quoted",
    server: ["CREATE TABLE @.\"Odd\" (\"Id\" int PRIMARY KEY)"],
    tables: [["Odd", {
      columns: { id: Int, select: maybe(Text), tags: Set(Text) },
      names: { id: "Id", select: "a\"b", tags: "Tags" },
      partitionKey: "id",
      indexes: { select: "secondary", tags: "sai" },
      options: { comment: "it's; -- a comment" }
    }]],
    statements: [
      "ALTER TABLE @.\"Odd\" ADD \"a\"\"b\" text",
      "ALTER TABLE @.\"Odd\" ADD \"Tags\" set<text>",
      "ALTER TABLE @.\"Odd\" WITH comment = 'it''s; -- a comment'",
      "CREATE INDEX IF NOT EXISTS ON @.\"Odd\" (\"a\"\"b\")",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON @.\"Odd\" (\"Tags\") USING 'StorageAttachedIndex'"
    ]
  },
  {
    name: "types that are quoted, and reserved words",
    server: [],
    tables: t({
      columns: { id: Int, a: maybe(Quoted), b: List(Quoted), c: maybe(Frozen(Reserved)) },
      partitionKey: "id"
    }),
    statements: [
      "CREATE TYPE IF NOT EXISTS @.\"MyType\" (a int)",
      "CREATE TYPE IF NOT EXISTS @.\"order\" (a int)",
      "CREATE TABLE IF NOT EXISTS @.t (id int, a \"MyType\", b list<frozen<\"MyType\">>, c frozen<\"order\">, PRIMARY KEY (id))"
    ]
  },
  {
    name: "types that hold others, in part known to the server",
    server: ["CREATE TYPE @.outer_t (x int)", "CREATE TABLE @.t (id int PRIMARY KEY, o @.outer_t)"],
    tables: t({ columns: { id: Int, o: maybe(Outer) }, partitionKey: "id" }),
    statements: [
      "CREATE TYPE IF NOT EXISTS @.inner_t (a int, b text)",
      "ALTER TYPE @.outer_t ADD one frozen<inner_t>",
      "ALTER TYPE @.outer_t ADD many frozen<list<frozen<inner_t>>>",
      "ALTER TYPE @.outer_t ADD pair frozen<tuple<int, text>>"
    ],
    unknown: ["x"]
  },
  {
    name: "a type in a key, which is frozen there",
    server: ["CREATE TYPE @.inner_t (a int)"],
    tables: t({ columns: { id: Int, c: Inner }, partitionKey: "id", clusteringKey: ["c"] }),
    statements: [
      "ALTER TYPE @.inner_t ADD b text",
      "CREATE TABLE IF NOT EXISTS @.t (id int, c frozen<inner_t>, PRIMARY KEY (id, c))"
    ]
  },
  {
    name: "a type in a partition key, which takes no field",
    server: [
      "CREATE TYPE @.inner_t (a int)",
      "CREATE TYPE @.holder (i frozen<@.inner_t>)",
      "CREATE TABLE @.other (id frozen<list<frozen<@.holder>>> PRIMARY KEY)",
      "CREATE TABLE @.t (id int PRIMARY KEY, i @.inner_t)"
    ],
    tables: t({ columns: { id: Int, i: maybe(Inner) }, partitionKey: "id" }),
    statements: [],
    obstacles: [["b", /takes none while it is in the partition key of other: make another type$/]]
  },
  {
    name: "tuples and vectors of anything, and collections in a key",
    server: [],
    tables: t({
      columns: {
        id: Set(Int),
        v: Vector(2),
        c: Tuple([Int, List(Int)]),
        m: Map(Int, Text),
        a: maybe(Tuple([List(Int), Tuple([Int, Set(Text)])])),
        b: List(Tuple([Int, Map(Text, Int)])),
        d: maybe(Vector(2, Tuple([Int, List(Int)]))),
        e: Map(Text, Vector(2, Vector(2)))
      },
      partitionKey: ["id", "v"],
      clusteringKey: ["c desc", "m"]
    }),
    statements: [
      "CREATE TABLE IF NOT EXISTS @.t (id frozen<set<int>>, v vector<float, 2>, c frozen<tuple<int, frozen<list<int>>>>, " +
      "m frozen<map<int, text>>, a tuple<frozen<list<int>>, frozen<tuple<int, frozen<set<text>>>>>, " +
      "b list<frozen<tuple<int, frozen<map<text, int>>>>>, d vector<frozen<tuple<int, frozen<list<int>>>>, 2>, " +
      "e map<text, vector<vector<float, 2>, 2>>, PRIMARY KEY ((id, v), c, m)) WITH CLUSTERING ORDER BY (c DESC, m ASC)"
    ]
  },
  {
    name: "collections that are frozen, and not",
    server: ["CREATE TABLE @.t (id int PRIMARY KEY, a frozen<set<int>>, b set<int>)"],
    tables: t({ columns: { id: Int, a: Set(Int), b: Frozen(Set(Int)) }, partitionKey: "id" }),
    statements: [],
    obstacles: [["a", /^expected set<int>, regular, got frozen<set<int>>/], [
      "b",
      /^expected frozen<set<int>>, regular, got set<int>/
    ]]
  },
  {
    name: "a counter for a table without counters",
    server: ["CREATE TABLE @.t (id int PRIMARY KEY, v int)"],
    tables: t({ columns: { id: Int, c: Counter }, partitionKey: "id" }),
    statements: [],
    obstacles: [["c", /counters share a table with no other column: make another table$/]]
  },
  {
    name: "another column for a table of counters",
    server: ["CREATE TABLE @.t (id int PRIMARY KEY, c counter)"],
    tables: t({ columns: { id: Int, v: maybe(Int) }, partitionKey: "id" }),
    statements: [],
    obstacles: [["v", /counters share a table with no other column: make another table$/]]
  },
  {
    name: "static columns, with a clustering key and without",
    server: ["CREATE TABLE @.a (id int, c int, PRIMARY KEY (id, c))", "CREATE TABLE @.b (id int PRIMARY KEY)"],
    tables: [
      ["a", { columns: { id: Int, c: Int, s: maybe(Text) }, partitionKey: "id", clusteringKey: ["c"], static: ["s"] }],
      ["b", { columns: { id: Int, c: Int, s: maybe(Text) }, partitionKey: "id", clusteringKey: ["c"], static: ["s"] }]
    ],
    statements: ["ALTER TABLE @.a ADD s text STATIC"],
    obstacles: [["c", /its key does not change: make another table/], [
      "s",
      /without a clustering key cannot have static columns/
    ]]
  },
  {
    name: "indexes of other parts, other kinds and other tables",
    server: [
      "CREATE TABLE @.t (id int PRIMARY KEY, k map<text, int>, e map<text, int>, v text, w text, x text)",
      "CREATE INDEX ON @.t (keys(k))",
      "CREATE INDEX ON @.t (entries(e)) USING 'sai'",
      "CREATE INDEX ON @.t (v)",
      "CREATE INDEX ON @.t (w) USING 'sai'",
      "CREATE INDEX t_x_idx ON @.t (w)"
    ],
    tables: t({
      columns: { id: Int, k: Map(Text, Int), e: Map(Text, Int), v: maybe(Text), w: maybe(Text), x: maybe(Text) },
      partitionKey: "id",
      indexes: { k: "secondary", e: "sai", v: "sai", w: "secondary", x: "secondary" }
    }),
    statements: [
      "CREATE INDEX IF NOT EXISTS ON @.t (k)",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON @.t (e) USING 'StorageAttachedIndex'",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON @.t (v) USING 'StorageAttachedIndex'",
      "CREATE INDEX IF NOT EXISTS ON @.t (x)"
    ]
  },
  {
    name: "indexes of every kind of column, whose names meet",
    server: [],
    tables: [
      ["a", {
        columns: { id: Int, bC: maybe(Text), f: Frozen(Set(Int)), c: Int, s: maybe(Text), u: maybe(Frozen(Inner)) },
        partitionKey: "id",
        clusteringKey: ["c"],
        static: ["s"],
        indexes: { bC: "secondary", f: "secondary", c: "sai", s: "sai", u: "secondary" }
      }],
      ["a_b", { columns: { id: Int, c: maybe(Text) }, partitionKey: "id", indexes: { c: "secondary" } }]
    ],
    statements: [
      "CREATE TYPE IF NOT EXISTS @.inner_t (a int, b text)",
      "CREATE TABLE IF NOT EXISTS @.a (id int, b_c text, f frozen<set<int>>, c int, s text STATIC, u frozen<inner_t>, PRIMARY KEY (id, c))",
      "CREATE INDEX IF NOT EXISTS ON @.a (b_c)",
      "CREATE INDEX IF NOT EXISTS ON @.a (full(f))",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON @.a (c) USING 'StorageAttachedIndex'",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON @.a (s) USING 'StorageAttachedIndex'",
      "CREATE INDEX IF NOT EXISTS ON @.a (u)",
      "CREATE TABLE IF NOT EXISTS @.a_b (id int, c text, PRIMARY KEY (id))",
      "CREATE INDEX IF NOT EXISTS ON @.a_b (c)"
    ]
  },
  {
    name: "columns that were dropped",
    server: [
      "CREATE TABLE @.t (id int, c int, a int, b text, d ascii, e set<int>, f text, g list<int>, PRIMARY KEY (id, c))",
      ...["a", "b", "d", "e", "f", "g"].map((column) => `ALTER TABLE @.t DROP ${column}`),
      "CREATE TABLE @.n (id int PRIMARY KEY, a counter, b counter)",
      "ALTER TABLE @.n DROP a"
    ],
    tables: [
      ["t", {
        columns: {
          id: Int,
          c: Int,
          a: maybe(Text),
          b: maybe(Text),
          d: maybe(Text),
          e: Frozen(Set(Int)),
          f: maybe(Text),
          g: List(Int)
        },
        partitionKey: "id",
        clusteringKey: ["c"],
        static: ["f"],
        indexes: { a: "secondary" }
      }],
      ["n", { columns: { id: Int, a: Counter, b: Counter }, partitionKey: "id" }]
    ],
    statements: ["ALTER TABLE @.t ADD b text", "ALTER TABLE @.t ADD d text", "ALTER TABLE @.t ADD g list<int>"],
    obstacles: [
      ["a", /had one of this name and of the type int that was dropped: give the column another name$/],
      ["e", /of the type set<int> that was dropped/],
      ["f", /of the type text that was dropped/],
      ["a", /of the type counter that was dropped/]
    ]
  },
  {
    name: "two declarations of one table",
    server: [],
    tables: [
      ["t", { columns: { id: Int, a: maybe(Text) }, partitionKey: "id" }],
      ["t", { columns: { id: Int, b: maybe(Text) }, partitionKey: "id", indexes: { b: "secondary" } }]
    ],
    statements: [
      "CREATE TABLE IF NOT EXISTS @.t (id int, a text, b text, PRIMARY KEY (id))",
      "CREATE INDEX IF NOT EXISTS ON @.t (b)"
    ]
  },
  {
    name: "a materialized view",
    isReal: true,
    server: [
      "CREATE TABLE @.base (id int, c int, v text, PRIMARY KEY (id, c))",
      "CREATE MATERIALIZED VIEW @.t AS SELECT * FROM @.base WHERE c IS NOT NULL AND id IS NOT NULL PRIMARY KEY (c, id)"
    ],
    tables: [
      ["base", {
        columns: { id: Int, c: Int, v: maybe(Text), w: maybe(Int) },
        partitionKey: "id",
        clusteringKey: ["c"]
      }],
      ["t", {
        columns: { c: Int, id: Int, v: maybe(Text), x: maybe(Int) },
        partitionKey: "c",
        clusteringKey: ["id"],
        indexes: { v: "secondary" }
      }]
    ],
    statements: ["ALTER TABLE @.base ADD w int"],
    obstacles: [["x", /is a materialized view/], [
      "v",
      /no secondary index of its values: the table is a materialized view/
    ]]
  }
]
