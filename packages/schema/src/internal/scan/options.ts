/**
 * Options of scans, checked when a scan starts.
 */
import { InvalidOptions } from "@effect-cql/core"

interface Rule {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({ expected, accepts })

const oneOf = (...values: ReadonlyArray<string>): Rule =>
  rule(values.map((value) => JSON.stringify(value)).join(" or "), (value) => values.some((each) => each === value))

const isToken = (value: unknown): boolean => typeof value === "bigint" && value === BigInt.asIntN(64, value)

const isRange = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "start" in value && "end" in value &&
  typeof value.start === "bigint" && typeof value.end === "bigint" && isToken(value.start) && isToken(value.end) &&
  value.start < value.end

const text = rule("a text that is not empty", (value) => typeof value === "string" && value !== "")
const anObject = rule("an object", (value) => typeof value === "object" && value !== null)

const rules: Readonly<Record<string, Rule>> = {
  concurrency: rule("a positive integer", (value) => Number.isSafeInteger(value) && Number(value) > 0),
  order: oneOf("any", "token"),
  ranges: rule(
    "an array of { start, end }, each a bigint of 64 bits, start less than end",
    (value) => Array.isArray(value) && value.every(isRange)
  ),
  splitSize: rule("a positive number of bytes", (value) => Number.isFinite(value) && Number(value) > 0),
  retry: anObject,
  statement: anObject,
  onProgress: rule("a function that returns an Effect", (value) => typeof value === "function"),
  onInvalidRow: oneOf("fail", "result"),
  columns: rule("an array of names", (value) => Array.isArray(value) && value.length > 0),
  token: text
}

/** Throws where an option does not exist or has a value that it cannot have. Returns the options. */
export const checked = <Options extends object>(options: Options): Options => {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const known = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (known === undefined) {
      throw new InvalidOptions({
        option: /^[a-z]\w{0,31}$/i.test(name) ? name : "<key>",
        given: "an option that does not exist",
        expected: `one of the options ${Object.keys(rules).join(", ")}`
      })
    }
    if (!known.accepts(value)) throw new InvalidOptions({ option: name, value, expected: known.expected })
  }
  return options
}
