/**
 * Schemas of collections, tuples, vectors, user-defined types and optional columns. Users reach this module through `CqlSchema`.
 *
 * @since 0.1.0
 */
import { InvalidOptions } from "@effect-cql/core"
import type * as Statement from "@effect-cql/core/Statement"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Scalar } from "./CqlScalar.ts"
import * as Scalars from "./CqlScalar.ts"
import { nullAsEmpty, rowStruct, withoutKey } from "./internal/columns.ts"
import { cqlType, frozen, typeOf, type UserType, userType, userTypesOf } from "./internal/cqlType.ts"
import { snakeCase } from "./internal/names.ts"

/**
 * A schema of a collection. Its empty value reads from null, for Cassandra does not keep an empty collection.
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

const partOf = (of: string, schema: Schema.Constraint): string => {
  const type = typeOf(schema.ast)
  if (type !== undefined) return frozen(type)
  throw new InvalidOptions({
    option: of,
    given: "a schema without a CQL type",
    expected: "a schema of CqlSchema, or one that encodes to a value of CQL"
  })
}

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
 * `frozen<T>`: a collection that is written as a whole. It keeps its empty value.
 *
 * @category collections
 * @since 0.1.0
 */
export const Frozen = <T, E, RD, RE>(
  schema: Schema.Bottom<T, E, RD, RE, SchemaAST.AST, Schema.Top>
): Collection<T, E & FrozenMark, RD, RE> => {
  const type = partOf("Frozen", schema)
  return Schema.make<Collection<T, E & FrozenMark, RD, RE>>(schema.annotate({ [cqlType]: frozen(type) }).ast)
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
 * `vector<T, n>`: an array of `n` items. Default of the items: {@link Scalars.Float}.
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
  if (!Number.isInteger(size) || size < 1) {
    throw new InvalidOptions({ option: "Vector.size", value: size, expected: "a positive integer" })
  }
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
 * A column without a value is a field that is left out: null reads as absent, and an absent field is written as
 * `Statement.unset`, which leaves the column alone.
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
  Schema.make<optional<S>>(withoutKey(schema.ast, "unset"))

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

/**
 * The name of a field in snake_case.
 *
 * @category models
 * @since 0.1.0
 */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? Rest extends Uncapitalize<Rest> ? `${Lowercase<First>}${SnakeCase<Rest>}`
  : `${Lowercase<First>}_${SnakeCase<Rest>}`
  : Name

/**
 * The record of columns that a struct of a domain encodes to.
 *
 * @category models
 * @since 0.1.0
 */
export type ColumnsEncoded<Fields extends Schema.Struct.Fields> = {
  readonly [Name in keyof Fields & string as SnakeCase<Name>]: ColumnEncoded<Fields[Name]>
}

/**
 * What a field of a domain is as a column.
 *
 * @category models
 * @since 0.1.0
 */
export type ColumnEncoded<S extends Schema.Constraint> =
  | S["Encoded"]
  | (S["~type.optionality"] extends "optional" ? null | Statement.Unset : never)
  | (S["Encoded"] extends ReadonlyArray<unknown> | ReadonlySet<unknown> | ReadonlyMap<unknown, unknown> ? null : never)

/**
 * The schema of the columns of a struct or a class.
 *
 * @category models
 * @since 0.1.0
 */
export interface columns<Self, Fields extends Schema.Struct.Fields>
  extends Schema.BottomLazy<SchemaAST.AST, columns<Self, Fields>>
{
  readonly Type: Self
  readonly Encoded: ColumnsEncoded<Fields>
  readonly DecodingServices: Schema.Struct.DecodingServices<Fields>
  readonly EncodingServices: Schema.Struct.EncodingServices<Fields>
  readonly "~type.make.in": Self
  readonly "~type.make": Self
  readonly Iso: Self
}

/**
 * The columns of a struct or a class of a domain: names in snake_case, null for empty collections and for optional fields, which are
 * written as `Statement.unset` when they are absent. It serves as `row` and as `params` of a query.
 *
 * **Example** (A class of the domain)
 *
 * ```ts
 * import { Query, Statement } from "@effect-cql/core"
 * import { CqlSchema } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * class User extends Schema.Class<User>("User")({
 *   id: CqlSchema.Int,
 *   displayName: Schema.String,
 *   nickname: Schema.optionalKey(Schema.String),
 *   roles: Schema.ReadonlySet(Schema.String)
 * }) {}
 * const byId = Query.make("SELECT id, display_name, nickname, roles FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([CqlSchema.Int]),
 *   row: CqlSchema.columns(User)
 * })
 * const row = { id: 1, display_name: "Ada", nickname: null, roles: null }
 * const session = MockSession.layer({ answers: [MockSession.when(byId, MockSession.rows([row]))] })
 * const user = await Effect.runPromise(Statement.one(byId(1)).pipe(Effect.provide(session)))
 * console.assert(user instanceof User && user.displayName === "Ada" && user.roles.size === 0)
 * ```
 *
 * @category rows
 * @since 0.1.0
 */
export const columns = <S extends Schema.Constraint & { readonly fields: Schema.Struct.Fields }>(
  schema: S
): columns<S["Type"], S["fields"]> =>
  Schema.make<columns<S["Type"], S["fields"]>>(
    rowStruct(schema.fields, { nameOf: snakeCase, absent: "unset", of: schema.ast })
  )

/**
 * The class of a user-defined type. Its fields have names in snake_case in the database; optional fields are null there. It is frozen
 * within collections and other types.
 *
 * **Example** (An address)
 *
 * ```ts
 * import { CqlSchema } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * class Address extends CqlSchema.Udt<Address>("Address")("app.address", {
 *   street: CqlSchema.Text,
 *   zipCode: Schema.optionalKey(CqlSchema.Text)
 * }) {}
 * const address = Schema.decodeUnknownSync(Address)({ street: "Main Street 1", zip_code: null })
 * console.assert(address instanceof Address && !("zipCode" in address))
 * ```
 *
 * @category user-defined types
 * @since 0.1.0
 */
export function Udt<Self = never>(
  identifier: string
): <const Fields extends Schema.Struct.Fields>(
  name: string,
  fields: Fields
) => Schema.Class<Self, columns<Schema.Struct.Type<Fields>, Fields> & { readonly fields: Fields }, {}>
export function Udt(identifier: string): (name: string, fields: Schema.Struct.Fields) => unknown {
  return (name, fields) => {
    const own: UserType = {
      name,
      fields: Object.entries(fields).map(([field, schema]) =>
        [snakeCase(field), partOf(`Udt ${name}.${field}`, schema)] as const
      ),
      needs: Object.values(fields).flatMap((schema) => userTypesOf(schema.ast))
    }
    const made = Schema.Class<object>(identifier)(fields, { [cqlType]: name, [userType]: own })
    // A class of Effect makes its schema of `this`, so that a class that extends it is the class of the rows.
    const domain = Object.getOwnPropertyDescriptor(made, "ast")?.get
    const known = new WeakMap<object, SchemaAST.AST>()
    Object.defineProperty(made, "ast", {
      get(this: object): SchemaAST.AST {
        const found = known.get(this)
        if (found !== undefined) return found
        const columns = rowStruct(fields, { nameOf: snakeCase, absent: "null", of: domain?.call(this) })
        known.set(this, columns)
        return columns
      }
    })
    return made
  }
}
