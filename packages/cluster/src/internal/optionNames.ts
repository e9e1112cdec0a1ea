/**
 * The options of jobs. A misspelt name is refused: a job without the limit or the budget that was meant for it would run.
 */
import { InvalidOptions, type Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { checkStatementOptions } from "@effect-cql/core/Port"
import type { ActivityOptions, RejectOptions, StartOptions } from "../Job.ts"
import type { RetryOptions } from "../JobHandle.ts"
import type { ErrorBudget, Limits } from "../JobLimits.ts"
import { count, names, size, timeToLive } from "./rules.ts"

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

interface Ready extends Nested {
  readonly version: string
  readonly statement?: Statement.Options | undefined
}

type Nested = { readonly errorBudget?: ErrorBudget | undefined; readonly rejects?: RejectOptions | undefined }

const checkNested = ({ errorBudget, rejects }: Nested): void => {
  if (errorBudget !== undefined) Check.names(errorBudget, ["rejects", "share", "minimum"], "errorBudget.")
  if (rejects === undefined) return
  Check.options(rejects, { body: Check.boolean, retention: timeToLive }, "rejects.")
}

/** Checks the options of the statements of a ready job. */
const checkStatement = (job: string, { statement }: Ready, names: ReadonlyArray<string>): void => {
  if (statement === undefined) return
  Check.names(statement, names, `${job}: statement.`)
  checkStatementOptions(statement, `${job}: statement.`)
}

/** The options that a ready job has beside the common ones. */
type Own = Readonly<Record<string, Check.Rule>>

export const checkLimitNames = (options: Limits): void => Check.names(options, limitNames)

export const checkStartNames = (options: Omit<StartOptions, "id">): void => {
  Check.names(options, ["id", ...startNames])
  checkNested(options)
}

export const checkJobNames = (options: Nested): void => {
  Check.names(options, jobNames)
  Check.values(options, {
    version: Check.text,
    units: Check.func,
    estimate: Check.func,
    divide: Check.func,
    atLeastOnce: Check.boolean
  })
  checkNested(options)
}

export const checkHandler = (options: object): void => {
  Check.options<object>(options, { attempts: count })
}

export const checkActivityNames = ({ errorBudget, ...options }: ActivityOptions): void => {
  Check.names(options, ["name", ...limitNames, "errorBudget"])
  Check.values(options, { name: Check.text })
  checkNested({ errorBudget })
}

/** Checks the options of a ready job over tables. */
export const checkTableJob = (job: string, options: Ready, own: Own): void => {
  const at = `${job}: `
  Check.names(options, [...Object.keys(own), ...tableNames], at)
  Check.values(options, { ...own, version: Check.text, attempts: count, splitSize: size }, at)
  checkStatement(job, options, ["consistency", "pageSize", "requestTimeout"])
  checkNested(options)
}

/** Checks the options of a job over the pages of a table. */
export const checkPagesJob = (options: Nested): void => {
  const own: Own = { table: Check.anything, rows: Check.func, pageSize: count, splitSize: size }
  Check.names(
    options,
    [...Object.keys(own), ...startNames, "version", "attempts", "atLeastOnce", "rejects"],
    "TableJob: "
  )
  Check.values(options, { ...own, version: Check.text, attempts: count, atLeastOnce: Check.boolean }, "TableJob: ")
  checkNested(options)
}

export const checkLoad = (options: Ready & { readonly csv?: object | undefined; readonly format: string }): void => {
  const job = "Job.load"
  const own: Own = {
    format: Check.oneOf(["csv", "ndjson"]),
    row: Check.anything,
    write: Check.func,
    csv: Check.object,
    chunkSize: size,
    maxRecordSize: size,
    pageSize: count
  }
  Check.names(options, [...Object.keys(own), ...readyNames], `${job}: `)
  Check.values(options, { ...own, version: Check.text, attempts: count }, `${job}: `)
  checkStatement(job, options, ["consistency", "requestTimeout"])
  checkNested(options)
  const { csv, format } = options
  if (csv === undefined) return
  Check.options<object>(csv, { delimiter: Check.text, header: names, multiline: Check.boolean }, `${job}: csv.`)
  if (format !== "csv") {
    throw new InvalidOptions({
      option: `${job}: csv`,
      given: "options of CSV",
      expected: `none for the format ${format}`
    })
  }
}

export const checkRetry = (options: RetryOptions): void => {
  Check.options(options, { only: Check.oneOf(["failures", "rejects"]) })
}
