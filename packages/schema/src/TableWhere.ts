/**
 * The conditions that a table can answer, as types.
 *
 * @since 0.1.0
 */

/**
 * Some columns of a row.
 *
 * @category models
 * @since 0.1.0
 */
export type Of<Row, Names extends string> = { readonly [N in keyof Row as N extends Names ? N : never]: Row[N] }

/**
 * The name of a clustering column, without its direction.
 *
 * @category models
 * @since 0.1.0
 */
export type NameOf<Clustering extends string> = Clustering extends `${infer Name} asc` | `${infer Name} desc` ? Name
  : Clustering

/**
 * The value of a column, whether or not it is optional. No condition but that of a conditional write compares with null.
 *
 * @category models
 * @since 0.1.0
 */
export type ValueOf<Row, Name extends string> = Name extends keyof Row ? Exclude<Row[Name], undefined | null> : never

/**
 * The operators of ranges.
 *
 * @category models
 * @since 0.1.0
 */
export type Comparison = "<" | "<=" | ">" | ">="

/**
 * The name of the column in a condition such as `"at <"`.
 *
 * @category models
 * @since 0.1.0
 */
export type ColumnOf<Token extends string> = Token extends
  `${infer Name} ${Comparison | "!=" | "in" | "contains" | "contains key"}` ? Name : Token

type ItemOf<Value> = Value extends ReadonlyMap<unknown, infer V> ? V
  : Value extends ReadonlySet<infer Item> ? Item
  : Value extends ReadonlyArray<infer Item> ? Item
  : never

/**
 * The value of a condition such as `"at <"`.
 *
 * @category models
 * @since 0.1.0
 */
export type OperandOf<Row, Token extends string> = Token extends `${infer Name} in` ? ReadonlyArray<ValueOf<Row, Name>>
  : Token extends `${infer Name} contains key` ?
    ValueOf<Row, Name> extends ReadonlyMap<infer Key, unknown> ? Key : never
  : Token extends `${infer Name} contains` ? ItemOf<ValueOf<Row, Name>>
  : ValueOf<Row, ColumnOf<Token>>

/**
 * The conditions that the key and the indexes of a table can answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Askable<P extends string, K extends string, I extends string> =
  | P
  | NameOf<K>
  | `${NameOf<K>} ${Comparison | "in"}`
  | I
  | `${I} ${Comparison | "contains"}`

type Names<K extends ReadonlyArray<string>> = { readonly [At in keyof K]: NameOf<K[At]> }

// The clustering columns before one.
type Before<K extends ReadonlyArray<string>, Name extends string> = K extends
  readonly [infer First extends string, ...infer Rest extends ReadonlyArray<string>]
  ? First extends Name ? never : First | Before<Rest, Name>
  : never

// An index answers no lists, and no keys of a map. What else depends on its kind is checked where the query is built.
type ByIndex<Row, I extends string, Token extends string, Message> = ColumnOf<Token> extends I
  ? Token extends `${string} ${"in" | "contains key"}` ? Message : OperandOf<Row, Token>
  : Message

type ByPartition<Row, P extends string, I extends string, Token extends string, Given> = Token extends P
  ? [Exclude<P, Given>] extends [never] ? OperandOf<Row, Token>
  : ByIndex<Row, I, Token, `partition key column "${Token}" needs "${Exclude<P, Given>}" beside it, or its own index`>
  : ByIndex<Row, I, Token, `partition key column "${ColumnOf<Token>}" takes one value`>

type ByClustering<Row, I extends string, Token extends string, Missing> = [Missing] extends [never] ?
  OperandOf<Row, Token>
  : ByIndex<Row, I, Token, `clustering column "${ColumnOf<Token>}" needs "${Missing & string}" before it, by equality`>

type Other = { readonly "<": "<="; readonly "<=": "<"; readonly ">": ">="; readonly ">=": ">" }

// Conditions on one column that exclude each other, and an operator of conditional writes.
type Conflict<Token extends string, Given> = Token extends `${infer Name} ${infer Operator}`
  ? Operator extends "!=" ? `only conditional writes have "${Token}"`
  : Operator extends Comparison ? Name extends Given ? `"${Token}" beside equality of "${Name}"`
    : `${Name} ${Other[Operator]}` extends Given ? `"${Token}" beside "${Name} ${Other[Operator]}"`
    : false
  : false
  : false

type Verdict<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  Token extends string,
  Given,
  Filter
> = ColumnOf<Token> extends A ?
  Conflict<Token, Filter extends true ? Given : Exclude<Given, Exclude<P, I>>> extends infer Message extends string ?
    Message
  : Filter extends true ? OperandOf<Row, Token>
  : ColumnOf<Token> extends P ? ByPartition<Row, P, I, Token, Given>
  : ColumnOf<Token> extends Names<K>[number] ?
    ByClustering<Row, I, Token, Exclude<P | Before<Names<K>, ColumnOf<Token>>, Given>>
  : ColumnOf<Token> extends I ?
    ByIndex<Row, I, Token, `no index of "${ColumnOf<Token>}" answers "${Token}": set allowFiltering`>
  : `column "${ColumnOf<Token>}" is neither in the key nor indexed: set allowFiltering`
  : `there is no column "${ColumnOf<Token>}"`

// Keys of symbols, so that no editor proposes them.
declare const missing: unique symbol
declare const say: unique symbol

/**
 * Columns that a condition lacks.
 *
 * @category models
 * @since 0.1.0
 */
export interface MissingColumn<Name extends string> {
  readonly [missing]: Name
}

/**
 * A query with an index and without the partition key asks every node: it needs `{ acrossPartitions: true }`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SayAcrossPartitions {
  readonly [say]: "acrossPartitions: true"
}

/**
 * Conditions, if the table can answer them.
 *
 * @category models
 * @since 0.1.0
 */
export type WhereCheck<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  W,
  Filter,
  Across
> = [W] extends [never] ? W
  : [Exclude<P, keyof W>] extends [never] ? Verdicts<Row, A, P, K, I, W, Filter>
  : Filter extends true ? Verdicts<Row, A, P, K, I, W, Filter>
  : [Extract<ColumnOf<keyof W & string>, I>] extends [never] ? MissingColumn<Exclude<P, keyof W>>
  : Across extends true ? Verdicts<Row, A, P, K, I, W, Filter>
  : SayAcrossPartitions

type Verdicts<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  W,
  Filter
> = { readonly [Token in keyof W]-?: Verdict<Row, A, P, K, I, Token & string, keyof W, Filter> }

/**
 * Names that an editor suggests.
 *
 * @category models
 * @since 0.1.0
 */
export type Hint<Tokens extends string> = { readonly [Token in Tokens]?: unknown }

/**
 * Names of conditions, if the table can answer them.
 *
 * @category models
 * @since 0.1.0
 */
export type NamesCheck<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  G extends ReadonlyArray<string>,
  Across
> = [G] extends [never] ? G
  : WhereCheck<Row, A, P, K, I, { readonly [T in G[number]]: unknown }, false, Across> extends infer V
    ? V extends MissingColumn<string> | SayAcrossPartitions ? V
    : {
      readonly [At in keyof G]: OperandOf<Row, G[At] & string> extends V[G[At] & keyof V] ? G[At] : V[G[At] & keyof V]
    }
  : never
