/**
 * Fragments of a template, and what templates are assembled of.
 */
import { isEffect } from "effect/Effect"
import * as Check from "../../Check.ts"
import type { Columns, Fragment } from "../../Cql.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { internals } from "../internals.ts"
import { aKindOf } from "../kindOf.ts"
import * as TypeIds from "../typeIds.ts"
import { quote } from "./identifiers.ts"

/** Text, and the values of its markers. */
export interface Parts {
  readonly text: string
  readonly params: ReadonlyArray<unknown>
}

export class FragmentImpl implements Fragment {
  declare readonly [TypeIds.Fragment]: typeof TypeIds.Fragment
  declare readonly [internals]: ReadonlyArray<unknown>
  readonly text: string
  constructor(text: string, params: ReadonlyArray<unknown>) {
    this.text = text
    Object.defineProperty(this, internals, { value: params })
  }
}
Object.defineProperty(FragmentImpl.prototype, TypeIds.Fragment, { value: TypeIds.Fragment })

/** The empty fragment. */
export const nothing: Fragment = new FragmentImpl("", [])

/** Returns true if a value is a fragment. */
export const isFragment = (value: unknown): value is FragmentImpl =>
  // The symbols are what JSON cannot have: a value that came from outside must not become text.
  typeof value === "object" && value !== null && TypeIds.Fragment in value && internals in value

/** The text and the values of a fragment. */
export const parts = (fragment: Fragment): Parts => {
  if (!isFragment(fragment)) throw notAFragment("fragment", fragment)
  return { text: fragment.text, params: fragment[internals] }
}

const notAFragment = (option: string, given: unknown): InvalidOptions =>
  new InvalidOptions({ option, given: aKindOf(given), expected: "a fragment, such as cql.fragment`...`" })

/** The text of a template with a marker for each value, fragments put in their places. */
export const assemble = (template: TemplateStringsArray, values: ReadonlyArray<unknown>): Parts => {
  // A text in parentheses, or an array of texts, would go into the statement as it is.
  if (!isTemplate(template)) {
    throw new InvalidOptions({
      option: "cql",
      given: aKindOf(template),
      expected: "a template, cql`...`; for a plain text, use Statement.make(text, params)"
    })
  }
  if (template.includes(undefined as never)) {
    throw new InvalidOptions({
      option: "cql",
      given: "an invalid escape sequence of JavaScript",
      expected: "two backslashes for one backslash in CQL"
    })
  }
  const params: Array<unknown> = []
  let text = template[0]!
  for (const [index, value] of values.entries()) {
    const part = parts(placed(`\${value ${index}}`, value))
    text += part.text + template[index + 1]!
    for (const param of part.params) params.push(param)
  }
  return { text, params }
}

/** A fragment as it is, and any other value as a marker. */
export const placed = (option: string, value: unknown): Fragment =>
  isFragment(value) ? value : new FragmentImpl("?", [checkedValue(option, value)])

/** Throws for a value that holds text of its own: it would be bound as an object. */
export const checkedValue = <A>(option: string, value: A): A => {
  if (isEffect(value)) {
    throw new InvalidOptions({
      option,
      given: "a statement",
      expected: "a value or a fragment; a statement cannot contain another statement"
    })
  }
  if (Array.isArray(value) && value.some((item) => isFragment(item) || isEffect(item))) {
    throw new InvalidOptions({
      option,
      given: "a list with a fragment or a statement in it",
      expected: "values: cql.and, cql.or and cql.csv join fragments"
    })
  }
  return value
}

/** Throws for what is no array. */
export const checkedArray = <A>(option: string, items: ReadonlyArray<A>, of: string): ReadonlyArray<A> => {
  if (Array.isArray(items)) return items
  throw new InvalidOptions({ option, given: aKindOf(items), expected: `an array of ${of}` })
}

/** Fragments with text, joined. */
export const joined = (option: string, fragments: ReadonlyArray<Fragment>, separator: string): Fragment => {
  const all = withText(option, fragments)
  return new FragmentImpl(all.map(({ text }) => text).join(separator), all.flatMap(({ params }) => params))
}

/** Fragments joined by `OR`, which binds less than an `AND` around them. */
export const alternatives = (option: string, fragments: ReadonlyArray<Fragment>): Fragment => {
  const { params, text } = parts(joined(option, fragments, " OR "))
  return new FragmentImpl(withText(option, fragments).length > 1 ? `(${text})` : text, params)
}

const withText = (option: string, fragments: ReadonlyArray<Fragment>): ReadonlyArray<Parts> =>
  checkedArray(option, fragments, "fragments").map((fragment, index) => {
    if (!isFragment(fragment)) throw notAFragment(`${option}[${index}]`, fragment)
    return parts(fragment)
  }).filter(({ text }) => text !== "")

/** A column, and what is to stand for its value. */
export interface Entry extends Parts {
  /** The name, quoted. */
  readonly name: string
}

/** Columns in the order of their names, so that their order makes no other text; at least one. */
export const entriesOf = (option: string, columns: Columns): ReadonlyArray<Entry> => {
  const isRecord = typeof columns === "object" && columns !== null && !Array.isArray(columns)
  const entries = isRecord ? Object.entries(columns).filter(([, value]) => !isAbsent(value)) : []
  if (entries.length === 0) {
    const given = isRecord ? "no column with a value" : aKindOf(columns)
    throw new InvalidOptions({ option, given, expected: "a record of columns with at least one value" })
  }
  return entries.sort(([one], [other]) => one < other ? -1 : 1).map(([name, value], index) => ({
    name: checkedName(name),
    ...parts(placed(`${option}: value ${index}`, value))
  }))
}

const isAbsent = (value: unknown): boolean => value === undefined || (isFragment(value) && value.text === "")

/** `"a" = ?` for each column. */
export const equations = (option: string, columns: Columns, separator: string): Fragment => {
  const entries = entriesOf(option, columns)
  const text = entries.map((entry) => `${entry.name} = ${entry.text}`).join(separator)
  return new FragmentImpl(text, entries.flatMap(({ params }) => params))
}

/** A name in quotes. */
export const checkedName = (name: string): string => {
  if (typeof name !== "string" || name === "" || name.length > longestName || !name.isWellFormed()) {
    throw new InvalidOptions({
      option: "cql.identifier",
      value: name,
      expected: `a name: a well-formed string of 1 to ${longestName} characters`
    })
  }
  return quote(name)
}

/** The seconds of a time to live. */
export const secondsOf = (ttl: unknown): number => {
  const seconds = (Check.millisOf(ttl) ?? Number.NaN) / 1000
  if (Number.isInteger(seconds) && seconds <= longestTtl) return seconds
  const expected = `a duration of whole seconds of at most ${longestTtl}, such as "30 days"`
  throw new InvalidOptions({ option: "cql.using.ttl", value: ttl, expected })
}

// Twenty years, which is all that Cassandra keeps.
const longestTtl = 630_720_000

/** Throws where a timestamp is none. */
export const checkTimestamp = (timestamp: unknown): void => {
  if (typeof timestamp === "bigint" && timestamp === BigInt.asIntN(64, timestamp)) return
  throw new InvalidOptions({
    option: "cql.using.timestamp",
    value: timestamp,
    expected: "microseconds since the epoch, as a bigint of 64 bits"
  })
}

// The server takes longer names of columns, but cannot describe them in answers: the protocol has 16 bits for the length of
// a name, and a character up to three bytes.
const longestName = 21_845

// The strings of a template have a `raw` property, which no value from outside has.
const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) && Array.isArray(Reflect.get(value, "raw"))
