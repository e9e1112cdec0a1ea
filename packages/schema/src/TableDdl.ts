/**
 * The statements that create a table. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import { createIndex, createTable, createType, userTypes } from "./internal/table/definitions.ts"
import { type Any, TypeId } from "./TableMeta.ts"

/**
 * Returns the statements that create a table: its user-defined types, the table, and its indexes. Existing ones are
 * left unchanged.
 *
 * **Example** (Creating a table)
 *
 * ```ts
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Uuid, displayName: Schema.String },
 *   partitionKey: "id"
 * }) {}
 * console.assert(
 *   Table.ddl(User)[0] === "CREATE TABLE IF NOT EXISTS app.users (id uuid, display_name text, PRIMARY KEY (id))"
 * )
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const ddl = (self: Any): ReadonlyArray<string> => {
  const meta = self[TypeId]
  return [
    ...userTypes(meta).map((type) => createType(meta, type)),
    createTable(meta),
    ...meta.indexes.map((index) => createIndex(meta, index))
  ]
}
