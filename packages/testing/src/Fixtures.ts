/**
 * Random rows for tests, the same for the same seed.
 *
 * @since 0.1.0
 */
import type { CqlError, Session, Statement } from "@effect-cql/core"
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { refuse } from "./internal/arguments.ts"

/**
 * A schema of rows: a class of `Table.Class`, or a struct.
 *
 * @category models
 * @since 0.1.0
 */
export interface RowSchema<Row> extends Schema.Constraint {
  readonly Type: Row
  readonly make: (fields: never) => Row
}

/**
 * A table with an `insert`: a class of `Table.Class`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TableOf<Row> extends RowSchema<Row> {
  readonly insert: (row: never) => Statement.Statement<unknown>
}

/**
 * The options of rows.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Row> {
  /** Default: 10. */
  readonly count?: number | undefined
  /** Default: 0. */
  readonly seed?: number | undefined
  /** Fixed fields of the row at an index, such as a unique key. Default: none. */
  readonly with?: ((index: number) => { readonly [Field in keyof Row]?: Row[Field] }) | undefined
}

/**
 * Generates random rows that fit a schema and its checks. The same seed generates the same rows. Strings are
 * well-formed. The module that draws them is loaded with the first one: the effect cannot be run by `Effect.runSync`.
 *
 * **Example** (Users with keys of their own)
 *
 * ```ts
 * import { Fixtures } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const User = Schema.Struct({ id: Schema.Int, name: Schema.NonEmptyString })
 * const users = await Effect.runPromise(Fixtures.rows(User, { count: 3, seed: 7, with: (id) => ({ id }) }))
 * console.assert(users.map(({ id }) => id).join() === "0,1,2" && users.every(({ name }) => name.length > 0))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const rows = <S extends RowSchema<S["Type"]>>(
  schema: S,
  options?: Options<S["Type"]>
): Effect.Effect<ReadonlyArray<S["Type"]>> =>
  // The fields are those of the schema, which types of both a class and a struct do not show.
  Effect.map(
    Effect.flatMap(
      Effect.andThen(Effect.sync(() => checkFixtures(options)), arbitrary),
      ({ sampleEffect, schema: of }) =>
        Effect.orDie(sampleEffect(of(schema), { count: options?.count ?? 10, seed: options?.seed ?? 0 }))
    ),
    (drawn) =>
      drawn.map((row, index) => {
        const fields = Object.entries(row as object).map(([field, value]) => [field, storable(value)] as const)
        const own = options?.with?.(index)
        if ("fields" in schema) checkFields(Object.keys(own ?? {}), Object.keys(Object(schema.fields)))
        return schema.make({ ...Object.fromEntries(fields), ...own } as never)
      })
  )

/**
 * Generates random rows of a table, inserts them one after the other, and returns them.
 *
 * @category writes
 * @since 0.1.0
 */
export const insert = <S extends TableOf<S["Type"]>>(
  table: S,
  options?: Options<S["Type"]>
): Effect.Effect<ReadonlyArray<S["Type"]>, CqlError, Session> =>
  Effect.tap(
    rows(table, options),
    (rows) => Effect.forEach(rows, (row) => table.insert(row as never), { discard: true })
  )

const checkFixtures = (options: Options<unknown> | undefined): void => {
  if (options === undefined) return
  Check.names(options, ["count", "seed", "with"])
  if (options.count !== undefined) Check.value("count", options.count, Check.nonNegativeInteger)
  if (options.with !== undefined && typeof options.with !== "function") {
    refuse("with", options.with, "a function of the index that returns fields")
  }
}

const checkFields = (given: ReadonlyArray<string>, known: ReadonlyArray<string>): void => {
  const other = given.find((field) => !known.includes(field))
  if (other === undefined) return
  throw new InvalidOptions({ option: "with", given: other, expected: `fields of the row (${known.join(", ")})` })
}

// Loaded when rows are drawn: most tests draw none, and it would be a fifth of what importing this package takes.
const arbitrary = Effect.promise(() => import("effect/Arbitrary"))

/** A value whose texts a database can hold: a schema of strings also draws halves of surrogate pairs. */
const storable = (value: unknown): unknown => {
  if (typeof value === "string") return value.toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (value instanceof Set) return new Set(Array.from(value, storable))
  if (value instanceof Map) return new Map(Array.from(value, ([key, each]) => [storable(key), storable(each)]))
  return value
}
