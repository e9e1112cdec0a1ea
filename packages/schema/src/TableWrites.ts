/**
 * The writing verbs of tables, as types.
 *
 * @since 0.1.0
 */
import type { Query, Statement } from "@effect-cql/core"
import type * as Duration from "effect/Duration"
import type { Changes } from "./Change.ts"
import type { Verb } from "./TableReads.ts"
import type { Askable, ColumnOf, Comparison, Hint, NameOf, Of, OperandOf, WhereCheck } from "./TableWhere.ts"

/**
 * Time to live and timestamp of a write.
 *
 * @category options
 * @since 0.1.0
 */
export interface WriteOptions {
  /** Time to live of the values, in whole seconds. Default: the default of the table. */
  readonly ttl?: Duration.Input | undefined
  /** Write time in microseconds since the epoch. Default: the time of the first attempt. */
  readonly timestamp?: bigint | undefined
}

/**
 * A row to write: optional columns may be `undefined`.
 *
 * @category models
 * @since 0.1.0
 */
export type Given<Row, A extends string> =
  & { readonly [N in A & keyof Row as undefined extends Row[N] ? never : N]: Row[N] }
  & { readonly [N in A & keyof Row as undefined extends Row[N] ? N : never]?: Row[N] | undefined }

/**
 * Writes a whole row.
 *
 * @category models
 * @since 0.1.0
 */
export interface Insert<Row, A extends string> extends Verb<Given<Row, A>, never> {
  (row: Given<Row, A>, options?: WriteOptions): Statement.Statement<never>
  /** Writes the row if no row with its key exists. If the condition is lost, the current row is a row of the table. */
  readonly ifNotExists: InsertIfNotExists<Row, A>
}

/**
 * Writes a whole row if no row with its key exists.
 *
 * @category models
 * @since 0.1.0
 */
export interface InsertIfNotExists<Row, A extends string> extends Verb<Given<Row, A>, Row> {
  (row: Given<Row, A>, options?: Pick<WriteOptions, "ttl">): Statement.Statement<Row>
}

/**
 * Writes a whole row. Absent or empty columns are deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upsert<Row, A extends string> extends Verb<Given<Row, A>, never> {
  (row: Given<Row, A>, options?: WriteOptions): Statement.Statement<never>
}

/**
 * Conditions of a write on the values of its row.
 *
 * @category models
 * @since 0.1.0
 */
export type Conditions<Row, N extends string> = {
  readonly [Token in N | `${N} ${Comparison | "!=" | "in"}`]?:
    | OperandOf<Row, Token>
    | (Token extends N | `${N} !=` ? null : never)
}

/**
 * Options of updates and deletions of a row.
 *
 * @category options
 * @since 0.1.0
 */
export interface ConditionalOptions<C> extends WriteOptions {
  /** Writes if the row has these values (at least one). */
  readonly if?: C | undefined
  /** Writes if the row exists. */
  readonly ifExists?: boolean | undefined
}

type Current<Row, C> = [keyof C] extends [never] ? never : Of<Row, ColumnOf<keyof C & string>>

/**
 * Columns outside the key, with values. `undefined` leaves a column unchanged, `null` deletes its value.
 *
 * @category models
 * @since 0.1.0
 */
export type Settable<Row, N extends string, F extends string> = {
  readonly [C in N & keyof Row]?:
    | Exclude<Row[C], undefined>
    | (undefined extends Row[C] ? null : never)
    | (C extends F ? never : Changes<Exclude<Row[C], undefined>>)
    | undefined
}

/**
 * Refuses columns that an update cannot set.
 *
 * @category models
 * @since 0.1.0
 */
export type NoKey<V, N extends string, Key extends string> = {
  readonly [C in Exclude<keyof V, N>]: C extends Key ? `"${C}" is a key column: delete the row and insert another`
    : `there is no column "${C & string}" to set`
}

/**
 * Changes columns of one row.
 *
 * @category models
 * @since 0.1.0
 */
export interface Update<Row, Key extends string, AllKeys extends string, N extends string, F extends string> {
  <V extends Settable<Row, N, F>, C extends Conditions<Row, N> = {}>(
    key: Of<Row, Key>,
    set: V & NoKey<V, N, AllKeys>,
    options?: ConditionalOptions<C & Conditions<Row, N>>
  ): Statement.Statement<Current<Row, C>>
  /** Makes a query that sets these columns. Its parameters are one record of key and values. */
  readonly query: <const G extends ReadonlyArray<N>>(
    columns: G
  ) => Query.Query<Given<Row, Key | G[number]>, never>
}

/**
 * Deletes one row by its whole key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Delete<Row, Key extends string, N extends string> extends Verb<Of<Row, Key>, never> {
  <C extends Conditions<Row, N> = {}>(
    key: Of<Row, Key>,
    options?: Omit<ConditionalOptions<C & Conditions<Row, N>>, "ttl">
  ): Statement.Statement<Current<Row, C>>
}

/**
 * Deletes a partition, or the rows of a prefix or a range of its clustering key.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeleteWhere<Row, P extends string, K extends ReadonlyArray<string>> {
  <W extends object>(
    where: WhereCheck<Row, P | NameOf<K[number]>, P, K, never, W, false, false> & Hint<Askable<P, K[number], never>>,
    options?: Pick<WriteOptions, "timestamp">
  ): Statement.Statement<never>
}
