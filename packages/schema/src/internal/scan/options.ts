/**
 * Options of scans, checked when a scan starts.
 */
import { InvalidOptions } from "@effect-cql/core"
import { checkNames } from "@effect-cql/core/Port"

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

type Rules = Readonly<Record<string, Rule>>

const common: Rules = {
  concurrency: rule("a positive integer", (value) => Number.isSafeInteger(value) && Number(value) > 0),
  order: oneOf("any", "token"),
  ranges: rule(
    "an array of { start, end }, each a bigint of 64 bits, start less than end",
    (value) => Array.isArray(value) && value.every(isRange)
  ),
  splitSize: rule("a positive number of bytes", (value) => Number.isFinite(value) && Number(value) > 0),
  retry: anObject,
  statement: anObject,
  onProgress: rule("a function that returns an Effect", (value) => typeof value === "function")
}

/** The options of each kind of scan. */
const rulesOf = {
  table: {
    ...common,
    onInvalidRow: oneOf("fail", "result"),
    columns: rule("an array of names", Array.isArray)
  },
  query: { ...common, token: text },
  ranges: { ranges: common["ranges"]!, splitSize: common["splitSize"]! }
} satisfies Readonly<Record<string, Rules>>

/** Throws where an option does not exist or has a value that it cannot have. Returns the options. */
export const checked = <Options extends object>(of: keyof typeof rulesOf, options: Options): Options => {
  const rules: Rules = rulesOf[of]
  checkNames(options, Object.keys(rules))
  for (const [name, value] of Object.entries(options)) {
    const { accepts, expected } = rules[name]!
    if (value !== undefined && !accepts(value)) throw new InvalidOptions({ option: name, value, expected })
  }
  return options
}
