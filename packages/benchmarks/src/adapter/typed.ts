/**
 * A SELECT of ten columns through the library, with a schema and without one.
 */
import { executeConcurrentWithArgs, Query, type Session } from "@effect-cql/core"
import { CqlSchema } from "@effect-cql/schema"
import { type Context, Effect, Schema } from "effect"
import type { Contender } from "../internal/rounds.ts"

export const typedNames = { typed: "rows of a schema", untyped: "rows as they are" }

/** The columns behind the key, whose schemas assert what their types guarantee. */
const columns = {
  a: ["text", CqlSchema.Text],
  b: ["text", CqlSchema.Text],
  c: ["int", CqlSchema.Int],
  d: ["int", CqlSchema.Int],
  e: ["double", CqlSchema.Double],
  f: ["double", CqlSchema.Double],
  g: ["boolean", CqlSchema.Boolean],
  h: ["text", CqlSchema.Text],
  i: ["int", CqlSchema.Int]
} as const

const names = ["id", ...Object.keys(columns)].join(", ")

export const wideTable = (table: string): string =>
  `CREATE TABLE ${table} (id int PRIMARY KEY, ${
    Object.entries(columns).map(([name, [type]]) => `${name} ${type}`).join(", ")
  })`

/** The INSERT of a row, and its values. */
export const wideInsert = (table: string, count: number) => ({
  text: `INSERT INTO ${table} (${names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  parameters: Array.from(
    { length: count },
    (_, id): Array<unknown> => [id, `a ${id}`, `b ${id}`, id, -id, id / 7, id / 9, id % 2 === 0, "h", 7]
  )
})

const Row = Schema.Struct({
  id: CqlSchema.Int,
  a: columns.a[1],
  b: columns.b[1],
  c: columns.c[1],
  d: columns.d[1],
  e: columns.e[1],
  f: columns.f[1],
  g: columns.g[1],
  h: columns.h[1],
  i: columns.i[1]
})

/** Reads rows by their key, with both. */
export const typedContenders = (
  session: Context.Context<Session>,
  table: string,
  count: number,
  concurrency: number
): ReadonlyArray<Contender> => {
  const text = `SELECT ${names} FROM ${table} WHERE id = ?`
  const parameters = Array.from({ length: count }, (_, id): [number] => [id])
  const contender = (name: string, query: Query.Query<readonly [number], unknown> | string): Contender => ({
    name,
    run: () =>
      Effect.runPromise(
        executeConcurrentWithArgs(query, parameters, { concurrency }).pipe(Effect.provideContext(session))
      )
  })
  return [
    contender(typedNames.typed, Query.make(text, { params: Schema.Tuple([CqlSchema.Int]), row: Row })),
    contender(typedNames.untyped, Query.make(text, { params: Schema.Tuple([CqlSchema.Int]) }))
  ]
}
