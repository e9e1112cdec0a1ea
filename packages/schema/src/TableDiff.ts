/**
 * The changes that bring the tables of a server to those of a program. Users reach this module through `Migrations`.
 *
 * @since 0.1.0
 */
import { type CqlError, Query, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { UserType } from "./internal/cqlType.ts"
import { quoted } from "./internal/names.ts"
import {
  columnDefinition,
  createIndex,
  createTable,
  createType,
  literal,
  typeName,
  typePlace,
  userTypes
} from "./internal/table/definitions.ts"
import { columnsOf, indexesOf, isTarget, normalised } from "./internal/table/server.ts"
import { tableName } from "./internal/table/texts.ts"
import { check, type Mismatch } from "./TableCheck.ts"
import { type Any, type Meta, TypeId } from "./TableMeta.ts"

/**
 * The changes between the tables of a server and those of a program.
 *
 * @category models
 * @since 0.1.0
 */
export interface Difference {
  /** The statements that make them, in their order: the next migration. */
  readonly statements: ReadonlyArray<string>
  /** The differences that no statement makes: another key, another type. They need a new table, and a copy of the rows. */
  readonly obstacles: ReadonlyArray<Mismatch>
}

const fieldsOf = Query.make(
  "SELECT field_names, field_types FROM system_schema.types WHERE keyspace_name = ? AND type_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({ field_names: Schema.Array(Schema.String), field_types: Schema.Array(Schema.String) })
  }
)

const optionsOf = Query.make(
  "SELECT comment, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({ comment: Schema.NullOr(Schema.String), default_time_to_live: Schema.NullOr(Schema.Int) })
  }
)

/**
 * Proposes the next migration: the statements that add to the server what the tables of the program have beyond it. Those are
 * tables, columns, indexes, user-defined types and their fields, the default time to live and the comment. Nothing is executed,
 * and nothing is ever dropped.
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
  const types = yield* Effect.forEach(metas, (meta) => Effect.forEach(userTypes(meta), (type) => typeDiff(meta, type)))
  const changes = yield* Effect.forEach(metas, tableDiff)
  const all = [...types.flat(), ...changes]
  return {
    // Tables share types.
    statements: [...new Set(all.flatMap(({ statements }) => statements))],
    obstacles: all.flatMap(({ obstacles }) => obstacles)
  }
})

const typeDiff = Effect.fnUntraced(
  function*(meta: Meta, type: UserType): Effect.fn.Return<Difference, CqlError, Session> {
    const [keyspace, name] = typePlace(meta, type)
    const [actual] = yield* Statement.rows(fieldsOf(keyspace, name))
    if (actual === undefined) return { statements: [createType(meta, type)], obstacles: [] }
    const actualType = new Map(actual.field_names.map((field, at) => [field, actual.field_types[at] ?? ""]))
    const same = (a: string, b: string) => normalised(a, keyspace) === normalised(b, keyspace)
    return {
      statements: type.fields.filter(([field]) => !actualType.has(field)).map(([field, fieldType]) =>
        `ALTER TYPE ${typeName(meta, type)} ADD ${quoted(field)} ${fieldType}`
      ),
      obstacles: type.fields.flatMap(([field, expected]) => {
        const got = actualType.get(field) ?? expected
        return same(got, expected) ? [] : [{
          table: `${keyspace}.${name}`,
          column: field,
          message: `expected ${expected}, got ${got}: change the declaration, or make another type`
        }]
      })
    }
  }
)

const tableDiff = Effect.fnUntraced(function*(meta: Meta): Effect.fn.Return<Difference, CqlError, Session> {
  const columns = new Set(
    (yield* Statement.rows(columnsOf(meta.keyspace, meta.table))).map((column) => column.column_name)
  )
  if (columns.size === 0) {
    return { statements: [createTable(meta), ...meta.indexes.map((index) => createIndex(meta, index))], obstacles: [] }
  }
  const targets = (yield* Statement.rows(indexesOf(meta.keyspace, meta.table))).map(({ options }) =>
    options?.get("target") ?? ""
  )
  const isAddable = (column: Meta["columns"][number]) => column.kind === "regular" || column.kind === "static"
  const added = meta.columns.filter((column) => !columns.has(column.name) && isAddable(column))
  const indexes = meta.indexes.filter(({ column }) => !targets.some((target) => isTarget(target, column)))
  const mismatches = yield* check({ [TypeId]: { ...meta, indexes: [] } })
  return {
    statements: [
      ...added.map((column) => `ALTER TABLE ${tableName(meta)} ADD ${columnDefinition(column)}`),
      ...(yield* optionChanges(meta)),
      ...indexes.map((index) => createIndex(meta, index))
    ],
    obstacles: mismatches.filter(({ column }) => added.every(({ name }) => name !== column))
  }
})

const optionChanges = Effect.fnUntraced(function*(
  meta: Meta
): Effect.fn.Return<ReadonlyArray<string>, CqlError, Session> {
  const { comment, defaultTimeToLive } = meta.options
  const [actual] = yield* Statement.rows(optionsOf(meta.keyspace, meta.table))
  const changes = [
    ...(defaultTimeToLive === undefined || defaultTimeToLive === (actual?.default_time_to_live ?? 0)
      ? []
      : [`default_time_to_live = ${defaultTimeToLive}`]),
    ...(comment === undefined || comment === (actual?.comment ?? "") ? [] : [`comment = ${literal(comment)}`])
  ]
  return changes.length === 0 ? [] : [`ALTER TABLE ${tableName(meta)} WITH ${changes.join(" AND ")}`]
})
