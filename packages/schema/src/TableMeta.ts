/**
 * Tables as data, for tools.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId: TypeId = "~@effect-cql/schema/Table"

/**
 * @category type ids
 * @since 0.1.0
 */
export type TypeId = "~@effect-cql/schema/Table"

/**
 * The role of a column in its table.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "partition_key" | "clustering" | "static" | "regular"

/**
 * A column of a table.
 *
 * @category models
 * @since 0.1.0
 */
export interface ColumnMeta {
  /** Its name in the program. */
  readonly field: string
  /** Its name in the database. */
  readonly name: string
  /** Its type in CQL, with names of user-defined types as they were given. */
  readonly type: string
  readonly kind: Kind
  /** The direction of a clustering column. */
  readonly order: "asc" | "desc" | undefined
  readonly isOptional: boolean
  readonly schema: Schema.Constraint
}

/**
 * An index of a table.
 *
 * @category models
 * @since 0.1.0
 */
export interface IndexMeta {
  /** The column in the database. */
  readonly column: string
  readonly kind: "sai" | "secondary"
}

/**
 * A table as data.
 *
 * @category models
 * @since 0.1.0
 */
export interface Meta {
  readonly keyspace: string
  readonly table: string
  /** In the order of their declaration. */
  readonly columns: ReadonlyArray<ColumnMeta>
  /** In the order of the key. */
  readonly partitionKey: ReadonlyArray<ColumnMeta>
  /** In the order of the key. */
  readonly clusteringKey: ReadonlyArray<ColumnMeta>
  readonly indexes: ReadonlyArray<IndexMeta>
  readonly options: TableOptions
  /** The fields of the class that are not columns of this table. */
  readonly otherFields: ReadonlyArray<string>
  /** True if it is a table of counters. */
  readonly isCounter: boolean
  /** The schema of the class or struct whose instances the rows are, and its fields. */
  readonly row: SchemaAST.AST
}

/**
 * The options of a table that `Table.ddl` writes.
 *
 * @category options
 * @since 0.1.0
 */
export interface TableOptions {
  /** Time to live of values in seconds, unless a write sets another. Default: none. */
  readonly defaultTimeToLive?: number | undefined
  /** A comment. */
  readonly comment?: string | undefined
  /** Further options as CQL text, such as `"compaction = {'class': 'LeveledCompactionStrategy'}"`. */
  readonly with?: string | undefined
}

/**
 * Any table.
 *
 * @category models
 * @since 0.1.0
 */
export interface Any {
  readonly [TypeId]: Meta
}
