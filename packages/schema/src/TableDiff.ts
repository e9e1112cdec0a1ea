/**
 * The changes from the tables of a server to those of a program. Users reach this module through `Migrations`.
 *
 * @since 0.1.0
 */
import { type CqlError, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import { userTypes } from "./internal/table/definitions.ts"
import { keyspaceOf, noKeyspace } from "./internal/table/server.ts"
import { tableDiff } from "./internal/table/tableDiff.ts"
import { typeDiff } from "./internal/table/typeDiff.ts"
import type { Mismatch } from "./TableCheck.ts"
import { type Any, type Meta, TypeId } from "./TableMeta.ts"

/**
 * The changes between the tables of a server and those of a program.
 *
 * @category models
 * @since 0.1.0
 */
export interface Difference {
  /** The statements of the changes, in their order: the next migration. */
  readonly statements: ReadonlyArray<string>
  /**
   * The differences that no statement can change, such as another key or another type of a column, with advice. Most of
   * them need a new table and a copy of the rows.
   */
  readonly obstacles: ReadonlyArray<Mismatch>
}

/**
 * Proposes the next migration: the statements that add what the server lacks. These are tables, columns, indexes,
 * user-defined types and their fields, the default time to live and the comment. Nothing is executed, and nothing is
 * dropped. Options of a table that are text (`with`) are not compared.
 *
 * **Example** (A column that the table does not have yet)
 *
 * ```ts
 * import { CqlSchema, Migrations, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, displayName: Schema.String },
 *   partitionKey: "id"
 * }) {}
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"])
 * const { statements } = await Effect.runPromise(Migrations.diff(User).pipe(Effect.provide(session)))
 * console.assert(statements.join() === "ALTER TABLE app.users ADD display_name text")
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const diff = Effect.fn("Migrations.diff")(function*(
  ...tables: ReadonlyArray<Any>
): Effect.fn.Return<Difference, CqlError, Session> {
  const metas = tables.map((table) => table[TypeId])
  const keyspaces = [...new Set(metas.map(({ keyspace }) => keyspace))]
  const exists = yield* Effect.forEach(
    keyspaces,
    (keyspace) => Effect.map(Statement.rows(keyspaceOf(keyspace)), (rows) => rows.length > 0)
  )
  const missing = keyspaces.filter((_, at) => exists[at] === false)
  const present = metas.filter(({ keyspace }) => !missing.includes(keyspace))
  const types = yield* Effect.forEach(
    present,
    (meta) => Effect.forEach(userTypes(meta), (type) => typeDiff(meta, type))
  )
  const changes = yield* Effect.forEach(byTable(present), tableDiff)
  const all = [...types.flat(), ...changes]
  return {
    // Tables share types.
    statements: [...new Set(all.flatMap(({ statements }) => statements))],
    obstacles: [
      ...missing.map((table): Mismatch => ({ table, column: undefined, message: noKeyspace })),
      ...new Map(all.flatMap(({ obstacles }) => obstacles).map((obstacle) => [JSON.stringify(obstacle), obstacle]))
        .values()
    ]
  }
})

/** The declarations of each table, the first of them with all columns and indexes. */
const byTable = (metas: ReadonlyArray<Meta>): ReadonlyArray<readonly [whole: Meta, ...others: ReadonlyArray<Meta>]> => {
  const tables = new Map<string, ReadonlyArray<Meta>>()
  for (const meta of metas) {
    const name = JSON.stringify([meta.keyspace, meta.table])
    tables.set(name, [...tables.get(name) ?? [], meta])
  }
  return [...tables.values()].map((all) => [wholeOf(all), ...all.slice(1)])
}

const wholeOf = (all: ReadonlyArray<Meta>): Meta => {
  const first = (named: ReadonlyArray<string>) => (_: unknown, at: number) => named.indexOf(named[at]!) === at
  const columns = all.flatMap((meta) => meta.columns)
  const indexes = all.flatMap((meta) => meta.indexes)
  const options = all.map((meta) => meta.options).toReversed()
  return {
    ...all[0]!,
    columns: columns.filter(first(columns.map(({ name }) => name))),
    indexes: indexes.filter(first(indexes.map(({ column }) => column))),
    options: Object.assign({}, ...options)
  }
}
