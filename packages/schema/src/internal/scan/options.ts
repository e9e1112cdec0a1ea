/**
 * Options of scans, checked when a scan starts.
 */
import * as Check from "@effect-cql/core/Check"

const isToken = (value: unknown): boolean => typeof value === "bigint" && value === BigInt.asIntN(64, value)

const isRange = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "start" in value && "end" in value &&
  typeof value.start === "bigint" && typeof value.end === "bigint" && isToken(value.start) && isToken(value.end) &&
  value.start < value.end

type Rules = Readonly<Record<string, Check.Rule>>

const common = {
  concurrency: Check.positiveInteger,
  order: Check.oneOf(["any", "token"]),
  ranges: Check.rule(
    "an array of { start, end }, each a bigint of 64 bits, start less than end",
    (value) => Array.isArray(value) && value.every(isRange)
  ),
  splitSize: Check.rule("a positive number of bytes", (value) => Number.isFinite(value) && Number(value) > 0),
  retry: Check.object,
  statement: Check.object,
  onProgress: Check.funcReturning("an Effect")
} satisfies Rules

/** The options of each kind of scan. */
const rulesOf = {
  table: {
    ...common,
    onInvalidRow: Check.oneOf(["fail", "result"]),
    columns: Check.rule("an array of names", Array.isArray)
  },
  query: { ...common, token: Check.text },
  ranges: { ranges: common.ranges, splitSize: common.splitSize }
} satisfies Readonly<Record<string, Rules>>

/** Throws where an option does not exist or has a value that it cannot have. Returns the options. */
export const checked = <Options extends object>(of: keyof typeof rulesOf, options: Options): Options => {
  const rules: Rules = rulesOf[of]
  Check.names(options, Object.keys(rules))
  return Check.values(options, rules)
}
