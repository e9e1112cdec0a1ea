/**
 * Compares the tables of a program with a server. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import { checkColumns } from "./internal/table/checkColumns.ts"
import { typePlace, userTypes } from "./internal/table/definitions.ts"
import { normalised } from "./internal/table/server.ts"
import { serverTypes } from "./internal/table/typeDiff.ts"
import { type Any, type Meta, TypeId } from "./TableMeta.ts"

/**
 * A difference between a table of the program and the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mismatch {
  readonly table: string
  /** The column in the database; absent if the whole table is missing. */
  readonly column: string | undefined
  /** The difference, and what to do. */
  readonly message: string
}

/**
 * Compares tables with those of the server: names, types and keys of their columns, fields of their user-defined types, and
 * their indexes. Columns that only the server has are no difference, unless they are in the key. A storage-attached index does for a secondary one.
 *
 * **When to use**
 *
 * In a test against a database with the schema of production. Otherwise a difference is found only when a statement
 * fails.
 *
 * **Example** (A test of all tables)
 *
 * ```ts
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Uuid }, partitionKey: "id" }) {}
 *
 * // Or the layer of a session on a server with the schema of production.
 * const session = MockSession.memory(["CREATE TABLE app.posts (id uuid PRIMARY KEY)"])
 * const mismatches = await Effect.runPromise(Table.check(User).pipe(Effect.provide(session)))
 * console.assert(mismatches[0]?.message === "the table does not exist: create it, as Table.ddl does")
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const check = Effect.fn("Table.check")(function*(
  ...tables: ReadonlyArray<Any>
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const found = yield* Effect.forEach(
    tables,
    ({ [TypeId]: meta }) => Effect.all([checkColumns(meta), checkTypes(meta)])
  )
  return found.flat(2)
})

// A type that does not exist is a difference of its columns.
const checkTypes = Effect.fnUntraced(function*(
  meta: Meta
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const types = userTypes(meta)
  if (types.length === 0) return []
  const actual = yield* serverTypes(meta.keyspace)
  return types.flatMap((type) => {
    const [keyspace, name] = typePlace(meta, type)
    const fields = actual.get(name)
    const mismatch = (column: string, message: string): Mismatch => ({ table: `${keyspace}.${name}`, column, message })
    const declared = fields === undefined ? [] : type.fields.flatMap(([field, expected]) => {
      const got = fields.get(field)
      if (got === undefined) return [mismatch(field, `the type has no such field: add it with the type ${expected}`)]
      return normalised(got, keyspace) === normalised(expected, keyspace)
        ? []
        : [mismatch(field, `expected ${expected}, got ${got}: change the declaration, or make another type`)]
    })
    const others = [...fields?.keys() ?? []].filter((field) => type.fields.every(([own]) => own !== field))
    return [
      ...declared,
      ...others.map((field) =>
        mismatch(field, "the program does not know this field, and cannot write values: declare it")
      )
    ]
  })
})
