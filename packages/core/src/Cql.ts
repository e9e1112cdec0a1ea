/**
 * The template {@link cql}, which always binds values, and names in double quotes.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Check from "./Check.ts"
import * as Fragments from "./internal/statement/fragment.ts"
import { ofText } from "./internal/statement/statement.ts"
import type * as TypeIds from "./internal/typeIds.ts"
import { InvalidOptions } from "./InvalidOptions.ts"
import type { Statement } from "./Statement.ts"

const {
  alternatives,
  assemble,
  checkedArray,
  checkedName,
  checkedValue,
  checkTimestamp,
  entriesOf,
  equations,
  FragmentImpl,
  joined,
  nothing,
  parts,
  placed,
  secondsOf
} = Fragments

export {
  /**
   * Puts the name of a keyspace, table or column in double quotes if CQL needs them: if it has other characters than
   * lower-case letters, digits and `_`, or is one of the {@link reservedWords}. For tools that write CQL for people.
   *
   * **Example** (Names that people read)
   *
   * ```ts
   * import { quoted } from "@effect-cql/core/Cql"
   *
   * console.assert(quoted("user_id") === "user_id")
   * console.assert(quoted("userId") === "\"userId\"")
   * console.assert(quoted("order") === "\"order\"")
   * ```
   *
   * @category names
   * @since 0.1.0
   */
  quoted,
  /**
   * Words that can be names only in double quotes, in lower case. The constants `true` and `false` are included.
   *
   * **Example** (A column that needs quotes)
   *
   * ```ts
   * import { reservedWords } from "@effect-cql/core/Cql"
   *
   * console.assert(reservedWords.has("order") && !reservedWords.has("name"))
   * ```
   *
   * @category names
   * @since 0.1.0
   */
  reservedWords
} from "./internal/statement/identifiers.ts"

/**
 * A piece of CQL: a text, and the values that its markers bind. A {@link cql} template inserts fragments, and binds
 * everything else as a value. The values of a fragment are not enumerable.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fragment {
  readonly [TypeIds.Fragment]: typeof TypeIds.Fragment
  /** The text, with a `?` for each of its values. */
  readonly text: string
}

/**
 * Returns true if a value is a {@link Fragment}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFragment: (value: unknown) => value is Fragment = Fragments.isFragment

/**
 * The time to live and the timestamp of a write.
 *
 * @category options
 * @since 0.1.0
 */
export interface Using {
  /** Time to live of the values, in whole seconds. */
  readonly ttl?: Duration.Input | undefined
  /** Write time in microseconds since the epoch. */
  readonly timestamp?: bigint | undefined
}

/**
 * Columns by name, with their values. A column whose value is `undefined` is left out. A value can be a {@link
 * Fragment}, as in ``cql.set({ count: cql.fragment`count + ${1}` })``; a column whose fragment has no text is left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Columns {
  readonly [column: string]: unknown
}

interface Cql {
  (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Statement<Record<string, unknown>>
  /** A name of a keyspace, table or column, always quoted. A dot is part of the name. */
  readonly identifier: (name: string) => Fragment
  /** CQL text, inserted unchanged. Never pass input of users. */
  readonly raw: (text: string) => Fragment
  /** A template that is a part of another, with its values. */
  readonly fragment: (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>) => Fragment
  /** The fragment if the condition holds, and nothing otherwise. */
  readonly when: (condition: boolean, fragment: () => Fragment) => Fragment
  /** Fragments joined by `AND`, and nothing for none. */
  readonly and: (fragments: ReadonlyArray<Fragment>) => Fragment
  /** Fragments joined by `OR`, in parentheses. Cassandra up to 5.0 does not accept it. */
  readonly or: (fragments: ReadonlyArray<Fragment>) => Fragment
  /** Fragments and values, separated by commas. The text depends on the number of values: prefer {@link Cql.in}. */
  readonly csv: (items: ReadonlyArray<unknown>) => Fragment
  /** `IN ?`, which binds all values as one list, so that the text is the same for any number of them. */
  readonly in: (values: ReadonlyArray<unknown>) => Fragment
  /** `"a" = ?, "b" = ?`, for an `UPDATE`. */
  readonly set: (columns: Columns) => Fragment
  /** `("a", "b") VALUES (?, ?)`, for an `INSERT`. */
  readonly values: (columns: Columns) => Fragment
  /** `"a" = ? AND "b" = ?`, for a `WHERE`. */
  readonly where: (columns: Columns) => Fragment
  /** `IF "a" = ? AND "b" = ?`, for a conditional write; a null is a column without a value. */
  readonly if: (columns: Columns) => Fragment
  /** `USING TTL ? AND TIMESTAMP ?`, or one of them, or nothing. */
  readonly using: (times: Using) => Fragment
}

/**
 * Makes a statement from a template: each `${value}` becomes a marker and is bound, never put into the text.
 *
 * **Example** (Values are bound, names are quoted)
 *
 * ```ts
 * import { cql } from "@effect-cql/core"
 *
 * const evil = "x'; DROP TABLE app.users; --"
 * const statement = cql`SELECT name FROM ${cql.identifier("app")}.users WHERE name = ${evil}`
 * console.assert(statement.text === "SELECT name FROM \"app\".users WHERE name = ?")
 * ```
 *
 * **Example** (A template of parts, one text a shape)
 *
 * ```ts
 * import { cql } from "@effect-cql/core"
 *
 * const update = (id: number, changes: { readonly name?: string; readonly age?: number }, ttl?: string) =>
 *   cql`UPDATE app.users ${cql.using({ ttl: ttl as "1 day" })} SET ${cql.set(changes)} WHERE id = ${id}`
 * console.assert(update(1, { name: "ada" }).text === "UPDATE app.users  SET \"name\" = ? WHERE id = ?")
 * console.assert(update(1, { age: 36, name: "x" }).text === update(2, { name: "y", age: 7 }).text)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const cql: Cql = Object.assign(
  (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Statement<Record<string, unknown>> => {
    const { params, text } = assemble(template, values)
    return ofText(text, params)
  },
  {
    identifier: (name: string) => new FragmentImpl(checkedName(name), []),
    raw: (text: string) => {
      if (typeof text !== "string") {
        throw new InvalidOptions({ option: "cql.raw", value: text, expected: "CQL text, as a string" })
      }
      return new FragmentImpl(text, [])
    },
    fragment: (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>) => {
      const { params, text } = assemble(template, values)
      return new FragmentImpl(text, params)
    },
    when: (condition: boolean, fragment: () => Fragment) => condition ? fragment() : nothing,
    and: (fragments: ReadonlyArray<Fragment>) => joined("cql.and", fragments, " AND "),
    or: (fragments: ReadonlyArray<Fragment>) => alternatives("cql.or", fragments),
    csv: (items: ReadonlyArray<unknown>) => {
      const all = checkedArray("cql.csv", items, "fragments and values")
      return joined("cql.csv", all.map((item, index) => placed(`cql.csv[${index}]`, item)), ", ")
    },
    in: (values: ReadonlyArray<unknown>) =>
      new FragmentImpl("IN ?", [checkedValue("cql.in", checkedArray("cql.in", values, "values")).slice()]),
    set: (columns: Columns) => equations("cql.set", columns, ", "),
    values: (columns: Columns) => {
      const entries = entriesOf("cql.values", columns)
      const names = entries.map(({ name }) => name).join(", ")
      return new FragmentImpl(
        `(${names}) VALUES (${entries.map(({ text }) => text).join(", ")})`,
        entries.flatMap(({ params }) => params)
      )
    },
    where: (columns: Columns) => equations("cql.where", columns, " AND "),
    if: (columns: Columns) => {
      const { params, text } = parts(equations("cql.if", columns, " AND "))
      return new FragmentImpl(`IF ${text}`, params)
    },
    using: (times: Using) => {
      Check.names(times, ["ttl", "timestamp"], "cql.using.")
      const { timestamp, ttl } = times
      const given: Array<readonly [string, unknown]> = []
      if (ttl !== undefined) given.push(["TTL ?", secondsOf(ttl)])
      if (timestamp !== undefined) {
        checkTimestamp(timestamp)
        given.push(["TIMESTAMP ?", timestamp])
      }
      if (given.length === 0) return nothing
      return new FragmentImpl(`USING ${given.map(([text]) => text).join(" AND ")}`, given.map(([, value]) => value))
    }
  }
)
