/**
 * Checks of options: rules, and what refuses the options that break them. For packages that have their own options beside
 * those of core.
 *
 * **Example** (The options of an adapter)
 *
 * ```ts
 * import * as Check from "@effect-cql/core/Check"
 *
 * const rules = { port: Check.integer(1, 65_535), heartbeat: Check.duration }
 * console.assert(Check.options({ port: 9042 }, rules).port === 9042)
 * // throws InvalidOptions: pooling.port: expected an integer from 1 to 65535, got 0.
 * // Check.options({ port: 0 }, rules, "pooling.")
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { nearest } from "./internal/nearest.ts"
import { InvalidOptions } from "./InvalidOptions.ts"

/**
 * Expectation of a value.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule {
  /** Description of the values that are accepted, as the end of "expected ...". */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

/**
 * A rule for each option.
 *
 * @category models
 * @since 0.1.0
 */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule }

/**
 * Makes a rule.
 *
 * @category constructors
 * @since 0.1.0
 */
export const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts })

/**
 * Accepts every value.
 *
 * @category rules
 * @since 0.1.0
 */
export const anything: Rule = rule("anything", () => true)

/**
 * Accepts `true` and `false`.
 *
 * @category rules
 * @since 0.1.0
 */
export const boolean: Rule = rule("true or false", (value) => typeof value === "boolean")

/**
 * Accepts a string that is not empty.
 *
 * @category rules
 * @since 0.1.0
 */
export const text: Rule = rule("a text that is not empty", (value) => typeof value === "string" && value !== "")

/**
 * Accepts an object, arrays included.
 *
 * @category rules
 * @since 0.1.0
 */
export const object: Rule = rule("an object", (value) => typeof value === "object" && value !== null)

/**
 * Accepts a function.
 *
 * @category rules
 * @since 0.1.0
 */
export const func: Rule = rule("a function", (value) => typeof value === "function")

/**
 * Accepts a function, whose result the message describes: `Check.funcReturning("an Effect")`.
 *
 * @category rules
 * @since 0.1.0
 */
export const funcReturning = (result: string): Rule => rule(`a function that returns ${result}`, func.accepts)

/**
 * Accepts an integer within bounds, both included.
 *
 * @category rules
 * @since 0.1.0
 */
export const integer = (least: number, most: number): Rule =>
  rule(
    `an integer from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
  )

/**
 * Returns true for an integer above zero.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPositiveInteger = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0

/**
 * Accepts an integer above zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const positiveInteger: Rule = rule("a positive integer", isPositiveInteger)

/**
 * Accepts an integer of at least zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const nonNegativeInteger: Rule = rule(
  "an integer of at least 0",
  (value) => value === 0 || isPositiveInteger(value)
)

/**
 * Accepts one of a few texts.
 *
 * @category rules
 * @since 0.1.0
 */
export const oneOf = (values: ReadonlyArray<string>): Rule => {
  const quoted = values.map((value) => JSON.stringify(value))
  const expected = values.length > 3 ? `one of ${values.join(", ")}` : quoted.join(" or ")
  return rule(expected, (value) => typeof value === "string" && values.includes(value))
}

/**
 * Milliseconds of a duration, possibly infinite. Undefined for a negative duration, for NaN, and for a value that is not a
 * duration.
 *
 * @category conversions
 * @since 0.1.0
 */
export const millisOf = (input: unknown): number | undefined => {
  const duration = Duration.fromInput(input as Duration.Input)
  // NaN would be a duration of zero.
  if (duration._tag === "None" || Number.isNaN(input)) return undefined
  const millis = Duration.toMillis(duration.value)
  return millis >= 0 ? millis : undefined
}

/**
 * Accepts a duration of at least zero, infinity included.
 *
 * @category rules
 * @since 0.1.0
 */
export const duration: Rule = rule(
  "a duration of at least zero, such as \"5 seconds\"",
  (value) => millisOf(value) !== undefined
)

/**
 * Accepts a finite duration of at least zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const finiteDuration: Rule = rule(
  "a finite duration of at least zero, such as \"20 millis\"",
  (value) => Number.isFinite(millisOf(value))
)

/**
 * Accepts a duration above zero, infinity included.
 *
 * @category rules
 * @since 0.1.0
 */
export const positiveDuration: Rule = rule(
  "a positive duration, such as \"5 seconds\"",
  (value) => (millisOf(value) ?? 0) > 0
)

/**
 * Accepts a finite duration above zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const positiveFiniteDuration: Rule = rule(
  "a positive, finite duration, such as \"1 second\"",
  (value) => positiveDuration.accepts(value) && finiteDuration.accepts(value)
)

/**
 * Throws `InvalidOptions` for a value that breaks a rule, and returns any other.
 *
 * @category checks
 * @since 0.1.0
 */
export const value = <A>(option: string, given: A, { accepts, expected }: Rule): A => {
  if (accepts(given)) return given
  throw new InvalidOptions({ option, value: given, expected })
}

/**
 * Milliseconds of a duration. Throws `InvalidOptions` for a value that is not a duration, and for one that breaks the rule.
 * Default of the rule: {@link duration}.
 *
 * @category checks
 * @since 0.1.0
 */
export const millis = (option: string, given: unknown, { accepts, expected }: Rule = duration): number => {
  const millis = millisOf(given)
  if (millis !== undefined && accepts(given)) return millis
  throw new InvalidOptions({ option, value: given, expected })
}

/**
 * Throws `InvalidOptions` for an unknown option, with the most similar name, and for the first value that breaks its rule.
 * Returns the options. An option that is undefined passes. `at` is the prefix of names in the message, such as `"pooling."`.
 *
 * @category checks
 * @since 0.1.0
 */
export const options = <Options extends object>(given: Options, rules: Rules<Options>, at = ""): Options => {
  names(given, Object.keys(rules), at)
  return values(given, rules, at)
}

/**
 * Throws `InvalidOptions` for the first option whose value breaks its rule, and returns the options. Options without a rule
 * pass, and so does one that is undefined.
 *
 * @category checks
 * @since 0.1.0
 */
export const values = <Options extends object>(
  given: Options,
  rules: Readonly<Record<string, Rule>>,
  at = ""
): Options => {
  for (const name in rules) {
    const option: unknown = Reflect.get(given, name)
    if (option !== undefined) value(at + name, option, rules[name]!)
  }
  return given
}

/**
 * Throws `InvalidOptions` for an option that is undefined although it has a rule here.
 *
 * @category checks
 * @since 0.1.0
 */
export const required = (given: object, rules: Readonly<Record<string, Rule>>, at = ""): void => {
  for (const [option, { expected }] of Object.entries(rules)) {
    if (Reflect.get(given, option) === undefined) {
      throw new InvalidOptions({ option: at + option, value: undefined, expected })
    }
  }
}

/**
 * Throws `InvalidOptions` for an unknown option, with the most similar name, and for options that are not an object. `at` is
 * the prefix of names in the message, such as `"pooling."`.
 *
 * @category checks
 * @since 0.1.0
 */
export const names = (given: object, known: ReadonlyArray<string>, at = ""): void => {
  if (typeof given !== "object" || given === null) {
    throw new InvalidOptions({ option: at === "" ? "options" : at.slice(0, -1), value: given, expected: "an object" })
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    throw new InvalidOptions({
      // An unknown name may be data in a wrong place.
      option: at + (isName.test(name) ? name : "<key>"),
      given: "an option that does not exist",
      expected: `one of the options ${known.join(", ")} (the nearest is ${nearest(name, known)})`
    })
  }
}

const isName = /^[a-z]\w{0,31}$/i
