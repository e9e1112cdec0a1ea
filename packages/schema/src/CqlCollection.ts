/**
 * Schemas of collections, tuples, vectors, user-defined types and optional columns. Users reach this module through `CqlSchema`.
 *
 * @since 0.1.0
 */
import * as Check from "@effect-cql/core/Check"
import type * as Statement from "@effect-cql/core/Statement"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Scalar } from "./CqlScalar.ts"
import * as Scalars from "./CqlScalar.ts"
import { nullAsEmpty, withoutKey } from "./internal/columns.ts"
import { cqlType, frozen } from "./internal/cqlType.ts"
import { partOf } from "./internal/parts.ts"

/**
 * A schema of a collection. Null reads as the empty collection, because Cassandra does not store empty collections.
 *
 * @category models
 * @since 0.1.0
 */
export interface Collection<T, E, RD = never, RE = never>
  extends Schema.Bottom<T, E | null, RD, RE, SchemaAST.AST, Collection<T, E, RD, RE>>
{}

/**
 * The mark of a frozen collection: it is written as a whole.
 *
 * @category models
 * @since 0.1.0
 */
export interface FrozenMark {
  readonly "~cql": "frozen"
}

const collection = <T, E, RD, RE>(
  schema: { readonly ast: SchemaAST.AST },
  type: string
): Collection<T, E, RD, RE> => Schema.make<Collection<T, E, RD, RE>>(nullAsEmpty(schema.ast, type))

/**
 * `set<T>`: a `ReadonlySet`. Null reads as the empty set.
 *
 * **Example** (The first row without tags)
 *
 * ```ts
 * import { CqlSchema } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * const Tags = CqlSchema.Set(CqlSchema.Text)
 * console.assert(Schema.decodeSync(Tags)(null).size === 0)
 * console.assert(Schema.decodeSync(Tags)(new Set(["a"])).has("a"))
 * ```
 *
 * @category collections
 * @since 0.1.0
 */
export const Set = <S extends Schema.Constraint>(
  item: S
): Collection<ReadonlySet<S["Type"]>, ReadonlySet<S["Encoded"]>, S["DecodingServices"], S["EncodingServices"]> =>
  collection(Schema.ReadonlySet(item), `set<${partOf("Set", item)}>`)

/**
 * `list<T>`: a `ReadonlyArray`. Null reads as the empty list.
 *
 * @category collections
 * @since 0.1.0
 */
export const List = <S extends Schema.Constraint>(
  item: S
): Collection<ReadonlyArray<S["Type"]>, ReadonlyArray<S["Encoded"]>, S["DecodingServices"], S["EncodingServices"]> =>
  collection(Schema.Array(item), `list<${partOf("List", item)}>`)

/**
 * `map<K, V>`: a `ReadonlyMap`. Null reads as the empty map.
 *
 * @category collections
 * @since 0.1.0
 */
export const Map = <K extends Schema.Constraint, V extends Schema.Constraint>(key: K, value: V): Collection<
  ReadonlyMap<K["Type"], V["Type"]>,
  ReadonlyMap<K["Encoded"], V["Encoded"]>,
  K["DecodingServices"] | V["DecodingServices"],
  K["EncodingServices"] | V["EncodingServices"]
> => collection(Schema.ReadonlyMap(key, value), `map<${partOf("Map", key)}, ${partOf("Map", value)}>`)

/**
 * `frozen<T>`: a collection or a user-defined type that is written as a whole. An empty frozen collection is stored.
 *
 * @category collections
 * @since 0.1.0
 */
export const Frozen = <S extends Schema.Constraint>(
  schema: S
): Collection<S["Type"], S["Encoded"] & FrozenMark, S["DecodingServices"], S["EncodingServices"]> => {
  const type = frozen(partOf("Frozen", schema))
  const inner = Schema.make<
    Collection<S["Type"], S["Encoded"] & FrozenMark, S["DecodingServices"], S["EncodingServices"]>
  >(schema.ast)
  return inner.annotate({ [cqlType]: type })
}

/**
 * `tuple<A, B, ...>`: an array of that length.
 *
 * @category collections
 * @since 0.1.0
 */
export const Tuple = <const Items extends ReadonlyArray<Schema.Constraint>>(items: Items): Schema.Tuple<Items> =>
  Schema.Tuple(items).annotate({ [cqlType]: `tuple<${items.map((item) => partOf("Tuple", item)).join(", ")}>` })

/**
 * `vector<T, n>`: an array of `n` items. Default item: {@link Scalars.Float}.
 *
 * **Example** (An embedding)
 *
 * ```ts
 * import { CqlSchema } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * console.assert(Schema.is(CqlSchema.Vector(3))([0.5, 1, 2]))
 * console.assert(!Schema.is(CqlSchema.Vector(3))([0.5, 1]))
 * ```
 *
 * @category collections
 * @since 0.1.0
 */
export const Vector = <S extends Schema.Constraint = Scalar<number, number, SchemaAST.Number>>(
  size: number,
  item?: S
): Vector<S> => {
  Check.value("Vector.size", size, Check.positiveInteger)
  const items: Schema.Constraint = item ?? Scalars.Float
  const vector = Schema.Array(items).annotate({ [cqlType]: `vector<${partOf("Vector", items)}, ${size}>` })
  return Schema.make<Vector<S>>(vector.check(Schema.isBetweenLength(size, size)).ast)
}

/**
 * The schema of a vector.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vector<S extends Schema.Constraint> extends
  Schema.Bottom<
    ReadonlyArray<S["Type"]>,
    ReadonlyArray<S["Encoded"]>,
    S["DecodingServices"],
    S["EncodingServices"],
    SchemaAST.Arrays,
    Vector<S>
  >
{}

/**
 * Makes a field optional: null reads as an absent field, and an absent field is written as `Statement.unset`, which
 * leaves the column unchanged.
 *
 * **Example** (A note that may not exist)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { CqlSchema } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * const User = Schema.Struct({ id: CqlSchema.Int, note: CqlSchema.optional(CqlSchema.Text) })
 * const insert = Query.make("INSERT INTO app.users (id, note) VALUES (:id, :note)", { params: User })
 * console.assert(!("note" in Schema.decodeUnknownSync(User)({ id: 1, note: null })))
 * console.assert(insert({ id: 1 }).text === insert.text)
 * ```
 *
 * @category optional
 * @since 0.1.0
 */
export const optional = <S extends Schema.Constraint>(schema: S): optional<S> =>
  Schema.make<optional<S>>(withoutKey(schema.ast, "unset"), { schema })

/**
 * The schema of an optional column.
 *
 * @category models
 * @since 0.1.0
 */
export interface optional<S extends Schema.Constraint>
  extends Schema.BottomLazy<S["ast"], optional<S>, readonly [], "readonly", "optional">
{
  readonly Type: S["Type"]
  readonly Encoded: S["Encoded"] | null | Statement.Unset
  readonly DecodingServices: S["DecodingServices"]
  readonly EncodingServices: S["EncodingServices"]
  readonly "~type.make.in": S["~type.make.in"]
  readonly "~type.make": S["~type.make"]
  readonly Iso: S["Type"]
}
