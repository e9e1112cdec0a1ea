/**
 * The template that always binds values.
 *
 * @since 0.1.0
 */
import { isEffect } from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { internals } from "./internal/internals.ts"
import { aKindOf } from "./internal/kindOf.ts"
import * as Codec from "./internal/statement/codec.ts"
import * as Text from "./internal/statement/cqlText.ts"
import { StatementImpl } from "./internal/statement/statement.ts"
import * as TypeIds from "./internal/typeIds.ts"
import { InvalidOptions } from "./InvalidOptions.ts"
import type { Statement } from "./Statement.ts"

/**
 * A piece of CQL text, the only thing that a {@link cql} template does not bind as a value. Made by `cql.identifier` and
 * `cql.raw`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fragment {
  readonly [TypeIds.Fragment]: typeof TypeIds.Fragment
  readonly text: string
}

/**
 * Whether a value is a {@link Fragment}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFragment = (value: unknown): value is Fragment =>
  // The symbol is what JSON cannot have: a value that came from outside must not become text.
  hasProperty(value, TypeIds.Fragment) && hasProperty(value, internals)

class FragmentImpl implements Fragment {
  declare readonly [TypeIds.Fragment]: typeof TypeIds.Fragment
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
Object.defineProperties(FragmentImpl.prototype, {
  [TypeIds.Fragment]: { value: TypeIds.Fragment },
  [internals]: { value: true }
})

interface Cql {
  (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Statement<Record<string, unknown>>
  /** A name (of a keyspace, table or column), quoted so that it is a name whatever it holds. Dots separate nothing. */
  readonly identifier: (name: string) => Fragment
  /** CQL text as it is: the one door for text. Never give it what a user wrote. */
  readonly raw: (text: string) => Fragment
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
 * @category constructors
 * @since 0.1.0
 */
export const cql: Cql = Object.assign(
  (template: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Statement<Record<string, unknown>> => {
    // A text in parentheses, or an array of texts, would go into the statement as it is.
    if (!isTemplate(template)) {
      throw new InvalidOptions({
        option: "cql",
        given: aKindOf(template),
        expected: "a template, cql`...`; for a text that is no template, Statement.make(text, params)"
      })
    }
    if (template.includes(undefined as never)) {
      throw new InvalidOptions({
        option: "cql",
        given: "an escape that JavaScript does not know",
        expected: "a doubled backslash where CQL is to have one"
      })
    }
    const params: Array<unknown> = []
    let text = template[0]!
    for (const [index, value] of values.entries()) {
      if (isFragment(value)) text += value.text
      else if (isEffect(value)) {
        throw new InvalidOptions({
          option: `\${value ${index}}`,
          given: "a statement",
          expected: "a value, cql.identifier(name) or cql.raw(text): a statement cannot stand within another"
        })
      } else {
        params.push(value)
        text += "?"
      }
      text += template[index + 1]!
    }
    return new StatementImpl({ text: Text.of(text), codec: Codec.untyped }, params, {})
  },
  {
    identifier: (name: string) => {
      if (typeof name !== "string" || name === "" || name.length > longestName || !name.isWellFormed()) {
        throw new InvalidOptions({
          option: "cql.identifier",
          value: name,
          expected: `a name: a well-formed string of 1 to ${longestName} characters`
        })
      }
      return new FragmentImpl(`"${name.replaceAll("\"", "\"\"")}"`)
    },
    raw: (text: string) => {
      if (typeof text !== "string") {
        throw new InvalidOptions({ option: "cql.raw", value: text, expected: "CQL text, as a string" })
      }
      return new FragmentImpl(text)
    }
  }
)

// The server takes longer names of columns, and cannot tell of them any more: the protocol has 16 bits for the length of
// a name, and a character up to three bytes.
const longestName = 21_845

// What a tag gets of a template has its raw texts beside it, which nothing has that came from outside.
const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) && Array.isArray(Reflect.get(value, "raw"))
