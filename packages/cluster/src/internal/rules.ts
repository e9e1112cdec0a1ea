/**
 * The values of options: a rule for each.
 */
import { InvalidOptions } from "@effect-cql/core"
import { millisOf } from "@effect-cql/core/Port"

export interface Rule {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts })

/** The integers of a column of type int. */
const largest = 2_147_483_647
/** Seconds of a time to live at most: 20 years. */
const longest = 630_720_000

const isInteger = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most

export const integer = (most: number): Rule =>
  rule(`an integer from 1 to ${most}`, (value) => isInteger(value, 1, most))
export const positiveInteger: Rule = integer(largest)
export const port: Rule = integer(65_535)
/** Bytes. */
export const positiveSize: Rule = integer(Number.MAX_SAFE_INTEGER)
export const anything: Rule = rule("anything", () => true)
export const text: Rule = rule("a text that is not empty", (value) => typeof value === "string" && value !== "")
export const boolean: Rule = rule("true or false", (value) => typeof value === "boolean")
export const func: Rule = rule("a function", (value) => typeof value === "function")
export const record: Rule = rule("an object", (value) => typeof value === "object" && value !== null)

export const names: Rule = rule(
  "names, each once",
  (value) =>
    Array.isArray(value) && new Set(value).size === value.length && value.length > 0 && value.every(text.accepts)
)

export const oneOf = (...values: ReadonlyArray<string>): Rule =>
  rule(values.map((value) => JSON.stringify(value)).join(" or "), (value) => values.some((one) => one === value))

/** A duration that a server can count down. */
export const duration: Rule = rule("a positive duration of at most 20 years, such as \"10 seconds\"", (value) => {
  const millis = millisOf(value)
  return millis !== undefined && millis > 0 && millis <= longest * 1_000
})

/** Throws `InvalidOptions` for the first value that breaks its rule. One that is undefined is left out. */
export const checkValues = (options: object, rules: Readonly<Record<string, Rule>>, at = ""): void => {
  const values: Readonly<Record<string, unknown>> = { ...options }
  for (const [option, { accepts, expected }] of Object.entries(rules)) {
    const value = values[option]
    if (value !== undefined && !accepts(value)) throw new InvalidOptions({ option: at + option, value, expected })
  }
}

/** Throws `InvalidOptions` for values that are missing. */
export const checkRequired = (options: object, rules: Readonly<Record<string, Rule>>, at = ""): void => {
  for (const [option, { expected }] of Object.entries(rules)) {
    if (Reflect.get(options, option) === undefined) {
      throw new InvalidOptions({ option: at + option, value: undefined, expected })
    }
  }
}
