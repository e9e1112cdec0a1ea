/**
 * Checks of options: one table of rules for each kind of options.
 */
import * as Duration from "effect/Duration"
import { InvalidOptions } from "../InvalidOptions.ts"

/** Expectation of an option. */
export interface Rule {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

/** A rule for each option. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule }

/** Makes a rule. */
export const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts })

export const anything = rule("anything", () => true)
export const boolean = rule("true or false", (value) => typeof value === "boolean")
export const text = rule("a text that is not empty", (value) => typeof value === "string" && value !== "")
export const aFunction = (returns: string): Rule =>
  rule(`a function that returns ${returns}`, (value) => typeof value === "function")

export const isPositiveInteger = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0

export const positiveInteger = rule("a positive integer", isPositiveInteger)

/** An integer within bounds. */
export const integer = (least: number, most: number): Rule =>
  rule(
    `an integer from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
  )

/** One of a few values. */
export const oneOf = (values: ReadonlyArray<string>): Rule => {
  const quoted = values.map((value) => JSON.stringify(value))
  const expected = values.length > 3 ? `one of ${values.join(", ")}` : quoted.join(" or ")
  return rule(expected, (value) => typeof value === "string" && values.includes(value))
}

/** The milliseconds of a duration, maybe infinitely many; undefined for a negative duration, and for what is none. */
export const millisOf = (input: unknown): number | undefined => {
  const duration = Duration.fromInput(input as Duration.Input)
  // NaN would be a duration of zero.
  if (duration._tag === "None" || Number.isNaN(input)) return undefined
  const millis = Duration.toMillis(duration.value)
  return millis >= 0 ? millis : undefined
}

export const duration = rule(
  "a finite duration of at least zero, such as \"20 millis\"",
  (value) => Number.isFinite(millisOf(value))
)
export const positiveDuration = rule(
  "a positive duration, such as \"5 seconds\"",
  (value) => (millisOf(value) ?? 0) > 0
)
export const positiveFiniteDuration = rule(
  "a positive, finite duration, such as \"1 second\"",
  (value) => positiveDuration.accepts(value) && duration.accepts(value)
)

/** Throws {@link InvalidOptions} for a value that breaks a rule; returns it otherwise. */
export const checkValue = <A>(option: string, value: A, { accepts, expected }: Rule): A => {
  if (accepts(value)) return value
  throw new InvalidOptions({ option, value, expected })
}

/**
 * Throws {@link InvalidOptions} for a name that no option has, and for the first value that breaks its rule. An option that is
 * undefined is left out. Returns the options.
 */
export const checkOptions = <Options extends object>(options: Options, rules: Rules<Options>, at = ""): Options => {
  checkNames(options, Object.keys(rules), at)
  for (const name in rules) {
    const value = options[name]
    if (value !== undefined) checkValue(at + name, value, rules[name])
  }
  return options
}

/** Throws {@link InvalidOptions} for what is no object, and for a name that no option has. */
export const checkNames = (options: object, names: ReadonlyArray<string>, at = ""): void => {
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptions({ option: at === "" ? "options" : at.slice(0, -1), value: options, expected: "an object" })
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    throw new InvalidOptions({
      // An unknown name may be data in a wrong place.
      option: at + (isName.test(name) ? name : "<key>"),
      given: "an option that does not exist",
      expected: `one of the options ${names.join(", ")} (the nearest is ${nearest(name, names)})`
    })
  }
}

const isName = /^[a-z]\w{0,31}$/i

/** The name that most resembles another: one that begins like it, or takes the fewest changes. */
const nearest = (name: string, names: ReadonlyArray<string>): string => {
  const given = name.toLowerCase()
  const distance = (other: string): number => {
    const known = other.toLowerCase()
    return given === known ? -1 : given.startsWith(known) ? 0 : changes(given, known)
  }
  return names.reduce((best, other) => distance(other) < distance(best) ? other : best)
}

/** Letters to insert, delete or replace in order to get from one text to the other. */
const changes = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
