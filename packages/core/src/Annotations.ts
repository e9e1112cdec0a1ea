/**
 * Annotations of row schemas, with which the core decodes rows faster. For authors of schemas, such as
 * `@effect-cql/schema`.
 *
 * @since 0.1.0
 */

/**
 * The annotation of a check that the values of some CQL types always pass: the names of these types. A column of such a type is
 * not checked.
 *
 * **Example** (A check that a column of the type `int` always passes)
 *
 * ```ts
 * import { guaranteedBy } from "@effect-cql/core/Annotations"
 * import { Schema } from "effect"
 *
 * const Int = Schema.Number.check(
 *   Schema.isBetween({ minimum: -2_147_483_648, maximum: 2_147_483_647 }, { [guaranteedBy]: ["int", "smallint", "tinyint"] })
 * )
 * console.assert(Schema.is(Int)(7))
 * ```
 *
 * @category annotations
 * @since 0.1.0
 */
export const guaranteedBy = "@effect-cql/core/guaranteedBy"

/**
 * The annotation `true` of a schema whose transformation always returns values of its type, so that they are not
 * checked again.
 *
 * @category annotations
 * @since 0.1.0
 */
export const exact = "@effect-cql/core/exact"

/**
 * The annotation of a schema that is decoded from a union whose first member is that of its values, and whose null stands for no
 * value: a function that gives the value in place of null, such as an empty set, or `"absent"` for a field that is left out.
 *
 * @category annotations
 * @since 0.1.0
 */
export const nullAs = "@effect-cql/core/nullAs"

/**
 * The annotation of a struct made by `Schema.encodeKeys`, whose fields have other names than their columns: the names of the
 * columns by field.
 *
 * @category annotations
 * @since 0.1.0
 */
export const columnNames = "@effect-cql/core/columnNames"

/**
 * The annotation of a row schema with a predicate of records: a row that it holds for is no row of the query, and is left out.
 *
 * @category annotations
 * @since 0.1.0
 */
export const skips = "@effect-cql/core/skips"
