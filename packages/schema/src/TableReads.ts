/**
 * The reading verbs of tables, as types.
 *
 * @since 0.1.0
 */
import type { Query, Statement } from "@effect-cql/core"
import type { Askable, Hint, NameOf, NamesCheck, Of, OperandOf, WhereCheck } from "./TableWhere.ts"

type Direction<C extends string> = C extends `${string} desc` ? "desc" : "asc"

/**
 * The row after which a page begins: its clustering columns, which must have the same direction.
 *
 * @category models
 * @since 0.1.0
 */
export type After<Row, K extends string> = [Direction<K>] extends ["asc"] ? Of<Row, NameOf<K>>
  : [Direction<K>] extends ["desc"] ? Of<Row, NameOf<K>>
  : "paging after a row needs clustering columns of one direction"

/**
 * Options of `select`.
 *
 * @category options
 * @since 0.1.0
 */
export interface SelectOptions<Row, K extends string, X extends string, Filter, Across> {
  /** Columns of the rows. Default: all. */
  readonly columns?: ReadonlyArray<X> | undefined
  /** Reads in reverse order. Default: `false`. */
  readonly reversed?: boolean | undefined
  /** Begins after this row of the same selection, for paging by key: the last row of the previous page. */
  readonly after?: After<Row, K> | undefined
  /** Maximum number of rows. */
  readonly limit?: number | undefined
  /** Maximum number of rows of each partition. */
  readonly perPartitionLimit?: number | undefined
  /** Allows conditions that make the server read rows and discard them. */
  readonly allowFiltering?: Filter | undefined
  /** Allows an index without the partition key, which asks every node. */
  readonly acrossPartitions?: Across | undefined
}

/**
 * Reads rows by their key or by an index.
 *
 * @category models
 * @since 0.1.0
 */
export interface Select<Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string> {
  <W extends object, X extends A = never, Filter extends boolean = false, Across extends boolean = false>(
    where: WhereCheck<Row, A, P, K, I, W, Filter, Across> & Hint<Askable<P, K[number], I>>,
    options?: SelectOptions<Row, K[number], X, Filter, Across>
  ): Statement.Statement<[X] extends [never] ? Row : Of<Row, X>>
  /** Makes a query from the names of the conditions; its parameters are their values. */
  readonly query: <
    const G extends ReadonlyArray<Askable<P, K[number], I>>,
    X extends A = never,
    Across extends boolean = false
  >(
    where: NamesCheck<Row, A, P, K, I, G, Across>,
    options?: Omit<SelectOptions<Row, K[number], X, false, Across>, "after">
  ) => Query.Query<{ readonly [T in G[number]]: OperandOf<Row, T> }, [X] extends [never] ? Row : Of<Row, X>>
}

/**
 * A verb that is also a query with one record as its parameters, for example for `executeConcurrentWithArgs`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Verb<Params, Row> extends Query.Query.Any {
  readonly [Query.TypeId]: Query.Query<Params, Row>[Query.TypeId]
}

/**
 * Reads one row by its whole key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Get<Row, Key extends string> extends Verb<Of<Row, Key>, Row> {
  (key: Of<Row, Key>): Statement.Statement<Row>
}

/**
 * Counts the rows that a `select` would return.
 *
 * @category models
 * @since 0.1.0
 */
export interface Count<Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string> {
  <W extends object, Filter extends boolean = false, Across extends boolean = false>(
    where: WhereCheck<Row, A, P, K, I, W, Filter, Across> & Hint<Askable<P, K[number], I>>,
    options?: Pick<SelectOptions<Row, K[number], never, Filter, Across>, "allowFiltering" | "acrossPartitions">
  ): Statement.Statement<{ readonly count: number }>
}
