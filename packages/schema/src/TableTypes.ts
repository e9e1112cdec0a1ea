/**
 * The types of tables, as an editor shows them.
 *
 * @since 0.1.0
 */
import type { Statement } from "@effect-cql/core"
import type { Meta, TypeId } from "./TableMeta.ts"
import type { Count, Get, Select } from "./TableReads.ts"
import type { NameOf, Of } from "./TableWhere.ts"
import type { Delete, DeleteWhere, Insert, Update, Upsert } from "./TableWrites.ts"

export type * from "./TableReads.ts"
export type * from "./TableWhere.ts"
export type * from "./TableWrites.ts"

/**
 * The reading verbs of a table.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reads<
  Row,
  P extends string,
  K extends ReadonlyArray<string>,
  N extends string,
  I extends string
> {
  readonly [TypeId]: Meta
  /** Reads one row by its whole key. */
  readonly get: Get<Row, P | NameOf<K[number]>>
  /** Reads the rows of a partition, or of an index. */
  readonly select: Select<Row, P | NameOf<K[number]> | N, P, K, I>
  /** Counts rows. */
  readonly count: Count<Row, P | NameOf<K[number]> | N, P, K, I>
}

/**
 * The verbs of a table.
 *
 * @category models
 * @since 0.1.0
 */
export interface Table<
  Row,
  P extends string,
  K extends ReadonlyArray<string>,
  N extends string,
  S extends string,
  I extends string,
  F extends string
> extends Reads<Row, P, K, N, I> {
  /** Writes a row. Absent or empty columns keep their values. */
  readonly insert: Insert<Row, P | NameOf<K[number]> | N>
  /** Writes a row. Absent or empty columns are deleted. */
  readonly upsert: Upsert<Row, P | NameOf<K[number]> | N>
  /** Changes columns of a row. */
  readonly update: Update<Row, P | NameOf<K[number]>, P | NameOf<K[number]>, N, F>
  /** Changes static columns of a partition. */
  readonly updateStatic: Update<Row, P, P | NameOf<K[number]>, S, F>
  /** Deletes a row. */
  readonly delete: Delete<Row, P | NameOf<K[number]>, N>
  /** Deletes a partition or a range of it. */
  readonly deleteWhere: DeleteWhere<Row, P, K>
  /** Reads the static columns of a partition. */
  readonly statics: Get<Of<Row, P | S>, P>
}

/**
 * The verbs of a table of counters.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counters<Row, P extends string, K extends ReadonlyArray<string>, N extends string>
  extends Reads<Row, P, K, N, never>
{
  /** Adds to counters; a negative number subtracts. It is not retried after an unknown outcome. */
  readonly increment: (
    key: Of<Row, P | NameOf<K[number]>>,
    amounts: { readonly [C in N]?: number | undefined }
  ) => Statement.Statement<never>
  /** Deletes the counters of a row. They cannot be incremented again for some time. */
  readonly delete: Delete<Row, P | NameOf<K[number]>, never>
}
