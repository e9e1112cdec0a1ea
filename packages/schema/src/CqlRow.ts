/**
 * Schemas of the columns of a whole struct or class, and of user-defined types. Users reach this module through `CqlSchema`.
 *
 * @since 0.1.0
 */
import { quoted } from "@effect-cql/core/Cql"
import type * as Statement from "@effect-cql/core/Statement"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { rowStruct } from "./internal/columns.ts"
import { cqlType, type UserType, userType, userTypesOf } from "./internal/cqlType.ts"
import { snakeCase } from "./internal/names.ts"
import { partOf } from "./internal/parts.ts"

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
 * The record of columns to which a struct encodes.
 *
 * @category models
 * @since 0.1.0
 */
export type ColumnsEncoded<Fields extends Schema.Struct.Fields> = {
  readonly [Name in keyof Fields & string as SnakeCase<Name>]: ColumnEncoded<Fields[Name]>
}

/**
 * Column of a domain field.
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
 * The schema of the columns of a struct or a class, for `row` and `params` of a query. Names are in snake_case. Empty
 * collections and absent optional fields read from null; an absent field is written as `Statement.unset`.
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
 * The class of a user-defined type. In the database, its fields have names in snake_case, and absent optional fields
 * are null. It is frozen within collections and other types.
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
    const type = name.split(".").map(quoted).join(".")
    const made = Schema.Class<object>(identifier)(fields, { [cqlType]: type, [userType]: own })
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
