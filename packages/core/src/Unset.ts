/**
 * Columns that a write leaves unchanged. Users reach this module through `Statement`.
 *
 * @since 0.1.0
 */
import { isTagged } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { internals } from "./internal/internals.ts"

/**
 * Leaves the column of its marker unchanged. (`null` would delete its value.)
 *
 * **Example** (A column that is left alone)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 *
 * const statement = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [1, Statement.unset])
 * console.assert(Array.isArray(statement.params) && Statement.isUnset(statement.params[1]))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const unset: Unset = Object.freeze({ _tag: "Unset", [internals]: true })

/**
 * The type of {@link unset}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unset {
  readonly _tag: "Unset"
}

/**
 * Returns true if a value is {@link unset}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isUnset = (value: unknown): value is Unset => isTagged(value, "Unset") && internals in value

/**
 * A schema of parameters that accepts {@link unset}, and everything that another schema accepts.
 *
 * **Example** (A column that need not be set)
 *
 * ```ts
 * import { Query, Statement } from "@effect-cql/core"
 * import { Schema } from "effect"
 *
 * const insert = Query.make("INSERT INTO app.users (id, name) VALUES (:id, :name)", {
 *   params: Schema.Struct({ id: Schema.Int, name: Statement.orUnset(Schema.NullOr(Schema.String)) })
 * })
 * const statements = [insert({ id: 1, name: "ada" }), insert({ id: 2, name: Statement.unset })]
 * console.assert(statements.length === 2)
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const orUnset = <S extends Schema.Constraint>(
  schema: S
): Schema.Union<readonly [S, Schema.declare<Unset>]> => Schema.Union([schema, UnsetSchema])

const UnsetSchema = Schema.declare<Unset>(isUnset, { expected: "Statement.unset" })
