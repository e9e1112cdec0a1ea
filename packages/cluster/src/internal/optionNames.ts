/**
 * The names of options. A misspelt one is refused: a job without the limit or the budget that was meant for it would run.
 */
import { InvalidOptions } from "@effect-cql/core"
import { checkNames } from "@effect-cql/core/Port"
import type { RejectOptions, StartOptions } from "../Job.ts"
import type { RetryOptions } from "../JobHandle.ts"
import type { ErrorBudget, Limits } from "../JobLimits.ts"

const limitNames = ["concurrency", "rate"]
const startNames = [...limitNames, "errorBudget"]
const jobNames = [
  ...startNames,
  "version",
  "params",
  "unit",
  "units",
  "planOptions",
  "estimate",
  "divide",
  "atLeastOnce",
  "rejects"
]
const readyNames = [...startNames, "version", "attempts", "rejects", "statement"]
const tableNames = [...readyNames, "splitSize"]

type Nested = { readonly errorBudget?: ErrorBudget | undefined; readonly rejects?: RejectOptions | undefined }

const checkNested = ({ errorBudget, rejects }: Nested): void => {
  if (errorBudget !== undefined) checkNames(errorBudget, ["rejects", "share", "minimum"], "errorBudget.")
  if (rejects !== undefined) checkNames(rejects, ["body", "retention"], "rejects.")
}

export const checkLimitNames = (options: Limits): void => checkNames(options, limitNames)

export const checkStartNames = (options: Omit<StartOptions, "id">): void => {
  checkNames(options, ["id", ...startNames])
  checkNested(options)
}

export const checkJobNames = (options: Nested): void => {
  checkNames(options, jobNames)
  checkNested(options)
}

export const checkHandlerNames = (options: object): void => checkNames(options, ["attempts"])

/** Checks the names of a ready job over tables, with those that it has beside the common ones. */
export const checkTableNames = (job: string, options: Nested, own: ReadonlyArray<string>): void => {
  checkNames(options, [...own, ...tableNames], `${job}: `)
  checkNested(options)
}

export const checkLoadNames = (options: Nested): void => {
  checkNames(
    options,
    ["format", "row", "write", "csv", "chunkSize", "maxRecordSize", "pageSize", ...readyNames],
    "Job.load: "
  )
  checkNested(options)
}

export const checkRetry = ({ only, ...others }: RetryOptions): void => {
  checkNames(others, ["only"])
  if (only === undefined || only === "failures" || only === "rejects") return
  throw new InvalidOptions({ option: "only", value: only, expected: "\"failures\" or \"rejects\"" })
}
