/**
 * The schema of the rows of a table. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { rowOf } from "./internal/table/codecs.ts"
import type { Scannable } from "./ScanTypes.ts"
import { TypeId } from "./TableMeta.ts"

/**
 * The schema of rows of the whole table, with the names of the columns in the database: for the `row` of a query that
 * selects all columns, and others. It leaves out partitions that have only static columns.
 *
 * **Example** (Rows with the time at which they were written)
 *
 * ```ts
 * import { Query, Statement } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, displayName: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 *
 * const users = Query.make("SELECT id, display_name, writetime(display_name) AS at FROM app.users", {
 *   row: Table.rowSchema(User)
 * })
 * const program = Effect.gen(function*() {
 *   yield* User.insert({ id: 1, displayName: "Ada" }, { timestamp: 7n })
 *   return yield* Statement.mapRows(users(), (user, { at }) => `${user.displayName}: ${at}`)
 * })
 * const { first } = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory(Table.ddl(User)))))
 * console.assert(first === "Ada: 7")
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const rowSchema = <
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string
>(self: Scannable<Row, A, P, K, I>): Schema.ConstraintDecoder<Row> => {
  const { [TypeId]: meta } = self
  return rowOf(meta, meta.columns) as Schema.Codec<unknown, unknown> as Schema.Codec<Row, unknown>
}
