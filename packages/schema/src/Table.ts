/**
 * Typed tables: a query compiles only if the key of the table can answer it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defineVerbs } from "./internal/table/define.ts"
import { checkEntityFields } from "./internal/table/definitionCheck.ts"
import { metaOf } from "./internal/table/meta.ts"
import type { Any, Meta, TableOptions } from "./TableMeta.ts"
import { TypeId } from "./TableMeta.ts"
import type { Counters, NameOf, Table } from "./TableTypes.ts"

export { check, type Mismatch } from "./TableCheck.ts"
export { ddl } from "./TableDdl.ts"
export { fromServer, NoKeyspace } from "./TableFromServer.ts"
export { type Any, type ColumnMeta, type Meta, type TableOptions, TypeId } from "./TableMeta.ts"
export { type Repository, repository, RowExists, RowNotFound, type Storable } from "./TableRepository.ts"
export { rowSchema } from "./TableRow.ts"
export type * from "./TableTypes.ts"

type Fields = Schema.Struct.Fields
type FieldName<C> = keyof C & string

type OptionalNames<C extends Fields> = {
  [N in FieldName<C>]: C[N]["~type.optionality"] extends "optional" ? N : never
}[FieldName<C>]

type Marked<C extends Fields, Mark extends string> = {
  [N in FieldName<C>]: [Extract<C[N]["Encoded"], { readonly "~cql": Mark }>] extends [never] ? never : N
}[FieldName<C>]

type OneOrMore<P> = P extends ReadonlyArray<infer Name> ? Name & string : P & string

type KeyCheck<C extends Fields, P> = [P] extends [never] ? P
  : [Extract<OneOrMore<P>, OptionalNames<C>>] extends [never] ? P
  // A name that does not exist is inferred as all names.
  : [FieldName<C>] extends [OneOrMore<P>] ? Exclude<FieldName<C>, OptionalNames<C>>
  : `key column "${Extract<OneOrMore<P>, OptionalNames<C>>}" cannot be optional`

type ClusteringCheck<C extends Fields, P, K extends ReadonlyArray<string>> = [K] extends [never] ? K : {
  readonly [At in keyof K]: NameOf<K[At]> extends OneOrMore<P> ? `"${NameOf<K[At]>}" is in the partition key already`
    : NameOf<K[At]> extends OptionalNames<C> ? `key column "${NameOf<K[At]>}" cannot be optional`
    : K[At]
}

type StaticCheck<K extends ReadonlyArray<string>, Names> = K extends readonly [] ?
  "static columns need a clustering key"
  : Names

type CounterCheck<C extends Fields, P, K extends ReadonlyArray<string>> = [Marked<C, "counter">] extends [never] ?
  unknown
  : {
    readonly [N in Exclude<FieldName<C>, Marked<C, "counter"> | OneOrMore<P> | NameOf<K[number]>>]:
      `column "${N}": a table of counters has only key columns and counters`
  }

type Clustering<Name extends string> = Name | `${Name} asc` | `${Name} desc`

/**
 * Declaration of a table.
 *
 * @category options
 * @since 0.1.0
 */
export interface Definition<
  C extends Fields,
  P,
  K extends ReadonlyArray<string>,
  S extends string,
  I extends string
> {
  /** Schemas of the columns, by field. */
  readonly columns: C & CounterCheck<C, P, K>
  /** One column, or several. */
  readonly partitionKey: KeyCheck<C, P>
  /** Columns that order the rows of a partition, with an optional `asc` (the default) or `desc`. */
  readonly clusteringKey?: ClusteringCheck<C, P, K> | undefined
  /** Columns that all rows of a partition share. */
  readonly static?: StaticCheck<K, ReadonlyArray<S>> | undefined
  /** Columns with an index. */
  readonly indexes?: { readonly [N in I]: "sai" | "secondary" } | undefined
  /** Names of the columns in the database. Default: `"snake_case"` of the fields. */
  readonly names?: "snake_case" | "same" | { readonly [N in FieldName<C>]?: string } | undefined
  readonly options?: TableOptions | undefined
}

type Others<C extends Fields, P, K extends ReadonlyArray<string>> = Exclude<
  FieldName<C>,
  OneOrMore<P> | NameOf<K[number]>
>

type Verbs<Row, C extends Fields, P, K extends ReadonlyArray<string>, S extends string, I extends string> =
  [Marked<C, "counter">] extends [never] ? Table<Row, OneOrMore<P>, K, Others<C, P, K>, S, I, Marked<C, "frozen">>
    : Counters<Row, OneOrMore<P>, K, Others<C, P, K>>

/**
 * The class of a table: a class of `Schema` with the verbs of the table.
 *
 * @category models
 * @since 0.1.0
 */
export type TableClass<
  Self,
  C extends Fields,
  P,
  K extends ReadonlyArray<string>,
  S extends string,
  I extends string
> = Schema.Class<Self, Schema.Struct<C>, {}> & Verbs<Self, C, P, K, S, I>

/**
 * Declares a table and the class of its rows.
 *
 * **Example** (Posts of an author, newest first)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * class Post extends Table.Class<Post>("Post")("app.posts", {
 *   columns: {
 *     author: CqlSchema.Text,
 *     id: CqlSchema.TimeUuid,
 *     title: Schema.String,
 *     tags: Schema.ReadonlySet(Schema.String)
 *   },
 *   partitionKey: "author",
 *   clusteringKey: ["id desc"]
 * }) {}
 *
 * const latest: Statement.Statement<Post> = Post.select({ author: "ada" }, { limit: 10 })
 * console.assert(
 *   latest.text === "SELECT author, id, title, tags FROM app.posts WHERE author = :author LIMIT :\"[limit]\""
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export function Class<Self = never>(identifier: string): <
  C extends Fields,
  const P extends FieldName<C> | readonly [FieldName<C>, ...ReadonlyArray<FieldName<C>>],
  const K extends ReadonlyArray<Clustering<FieldName<C>>> = readonly [],
  S extends FieldName<C> = never,
  I extends FieldName<C> = never
>(
  name: string,
  definition: Definition<C, P, K, S, I>
) => [Self] extends [never] ? `Missing \`Self\`: class User extends Table.Class<User>("User")(...)`
  : TableClass<Self, C, P, K, S, I>
export function Class(identifier: string): unknown {
  return (name: string, definition: AnyDefinition) => {
    // A wrong definition is refused where it stands, and not at its first use.
    metaOf(name, definition, Schema.Unknown.ast)
    const made = Schema.Class<object>(identifier)(definition.columns)
    defineVerbs(made, (self) => metaOf(name, definition, self.ast))
    return made
  }
}

/**
 * A definition without its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyDefinition {
  readonly columns: Fields
  readonly partitionKey: string | ReadonlyArray<string>
  readonly clusteringKey?: ReadonlyArray<string> | undefined
  readonly static?: ReadonlyArray<string> | undefined
  readonly indexes?: { readonly [field: string]: "sai" | "secondary" } | undefined
  readonly names?: "snake_case" | "same" | { readonly [field: string]: string | undefined } | undefined
  readonly options?: TableOptions | undefined
}

/**
 * Declaration of another table for the same class.
 *
 * @category options
 * @since 0.1.0
 */
export interface MakeDefinition<
  C extends Fields,
  X extends string,
  P,
  K extends ReadonlyArray<string>,
  I extends string
> extends Omit<Definition<C, P, K, never, I>, "columns" | "static"> {
  /** The columns of the table. Default: all columns of the class. */
  readonly columns?: ReadonlyArray<X> | undefined
}

type Picked<C extends Fields, X extends string> = [X] extends [never] ? C : { readonly [N in X & keyof C]: C[N] }

/**
 * Declares another table for the same class, with another key or with some of its columns.
 *
 * **Example** (The same posts by their title)
 *
 * ```ts
 * import { Batch } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * class Post extends Table.Class<Post>("Post")("app.posts", {
 *   columns: { author: CqlSchema.Text, id: CqlSchema.Int, title: Schema.String },
 *   partitionKey: "author",
 *   clusteringKey: ["id desc"]
 * }) {}
 * const PostsByTitle = Table.make("app.posts_by_title", Post, { partitionKey: "title", clusteringKey: ["id"] })
 *
 * const post = new Post({ author: "ada", id: 1, title: "Hello" })
 * const batch = Batch.make([Post.insert(post), PostsByTitle.insert(post)])
 * console.assert(batch.statements.length === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export function make<
  E extends Schema.Constraint & { readonly fields: Fields },
  const P extends FieldName<E["fields"]> | readonly [FieldName<E["fields"]>, ...ReadonlyArray<FieldName<E["fields"]>>],
  const K extends ReadonlyArray<Clustering<FieldName<E["fields"]>>> = readonly [],
  X extends FieldName<E["fields"]> = never,
  I extends FieldName<E["fields"]> = never
>(
  name: string,
  entity: E,
  definition: MakeDefinition<E["fields"], X, P, K, I>
): Verbs<
  [X] extends [never] ? E["Type"] : { readonly [N in X & keyof E["Type"]]: E["Type"][N] },
  Picked<E["fields"], X>,
  P,
  K,
  never,
  I
>
export function make(
  name: string,
  entity: Schema.Constraint & { readonly fields: Fields },
  definition: Omit<AnyDefinition, "columns" | "static"> & { readonly columns?: ReadonlyArray<string> | undefined }
): unknown {
  const { columns } = definition
  checkEntityFields(name, definition, Object.keys(entity.fields))
  const fields = columns === undefined ? entity.fields : Object.fromEntries(
    Object.entries(entity.fields).filter(([field]) => columns.includes(field))
  )
  const row = columns === undefined ? entity.ast : Schema.Struct(fields).ast
  const meta = metaOf(name, { ...definition, columns: fields }, row, Object.keys(entity.fields))
  const table = {}
  defineVerbs(table, () => meta)
  return table
}

/**
 * The table as data.
 *
 * @category getters
 * @since 0.1.0
 */
export const meta = (self: Any): Meta => self[TypeId]
