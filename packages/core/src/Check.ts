/**
 * Rules for options, and checks that throw `InvalidOptions` for an option that breaks its rule. For packages with options of
 * their own. Within an effect, such as `Effect.suspend`, the error is a defect.
 *
 * **Example** (The options of an adapter)
 *
 * ```ts
 * import * as Check from "@effect-cql/core/Check"
 * import { Effect, Exit } from "effect"
 *
 * const rules = { port: Check.integer(1, 65_535), login: Check.text }
 * const open = (options: { readonly port?: number; readonly login?: string }) =>
 *   Effect.sync(() => Check.options(options, rules).port ?? 9042)
 *
 * console.assert(Effect.runSync(open({})) === 9042)
 * const exit = Effect.runSyncExit(open({ port: 0 })) // port: expected an integer from 1 to 65535, got 0.
 * console.assert(Exit.isFailure(exit))
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { durationOf } from "./internal/durationOf.ts"
import { nearest } from "./internal/nearest.ts"
import { InvalidOptions } from "./InvalidOptions.ts"

/**
 * Condition on the value of an option.
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
 * Rules for all options, by name. An option without a rule does not compile.
 *
 * @category models
 * @since 0.1.0
 */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule }

/**
 * Makes a rule. `expected` describes the accepted values, as the end of "expected ...".
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
 * Returns the milliseconds of a duration, possibly infinite. Returns undefined for a negative duration, for NaN, and for a
 * value that is not a duration.
 *
 * @category conversions
 * @since 0.1.0
 */
export const millisOf = (input: unknown): number | undefined => {
  const duration = durationOf(input)
  const millis = duration === undefined ? Number.NaN : Duration.toMillis(duration)
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
 * Returns the value. Throws `InvalidOptions` if it breaks the rule.
 *
 * @category checks
 * @since 0.1.0
 */
export const value = <A>(option: string, given: A, { accepts, expected }: Rule): A => {
  if (accepts(given)) return given
  throw new InvalidOptions({ option, value: given, expected })
}

/**
 * Returns the milliseconds of a duration. Throws `InvalidOptions` for a value that is not a duration or that breaks the rule.
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
 * Like {@link options}, but accepts options without a rule.
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
 * Throws `InvalidOptions` for the first option that has a rule here and is undefined.
 *
 * @category checks
 * @since 0.1.0
 */
export const required = (given: object, rules: Readonly<Record<string, Rule>>, at = ""): void => {
  for (const [option, { expected }] of Object.entries(rules)) {
    if (Reflect.get(given, option) !== undefined) continue
    throw new InvalidOptions({ option: at + option, value: undefined, expected })
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
      option: at + (/^[a-z]\w{0,31}$/i.test(name) ? name : "<key>"),
      given: "an option that does not exist",
      expected: `one of the options ${known.join(", ")} (the nearest is ${nearest(name, known)})`
    })
  }
}
