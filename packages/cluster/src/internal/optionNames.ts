/**
 * The options of jobs. A misspelt name is refused: a job without the limit or the budget that was meant for it would run.
 */
import { InvalidOptions, type Statement } from "@effect-cql/core"
import { checkNames, checkStatementOptions } from "@effect-cql/core/Port"
import type { ActivityOptions, RejectOptions, StartOptions } from "../Job.ts"
import type { RetryOptions } from "../JobHandle.ts"
import type { ErrorBudget, Limits } from "../JobLimits.ts"
import {
  anything,
  boolean,
  checkValues,
  duration,
  func,
  names,
  oneOf,
  positiveInteger,
  positiveSize,
  record,
  type Rule,
  text
} from "./rules.ts"

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
  if (errorBudget !== undefined) checkNames(errorBudget, ["rejects", "share", "minimum"], "errorBudget.")
  if (rejects === undefined) return
  const rules = { body: boolean, retention: duration }
  checkNames(rejects, Object.keys(rules), "rejects.")
  checkValues(rejects, rules, "rejects.")
}

/** Checks the options of the statements of a ready job. */
const checkStatement = (job: string, { statement }: Ready, names: ReadonlyArray<string>): void => {
  if (statement === undefined) return
  checkNames(statement, names, `${job}: statement.`)
  checkStatementOptions(statement, `${job}: statement.`)
}

/** The options that a ready job has beside the common ones. */
type Own = Readonly<Record<string, Rule>>

export const checkLimitNames = (options: Limits): void => checkNames(options, limitNames)

export const checkStartNames = (options: Omit<StartOptions, "id">): void => {
  checkNames(options, ["id", ...startNames])
  checkNested(options)
}

export const checkJobNames = (options: Nested): void => {
  checkNames(options, jobNames)
  checkValues(options, { version: text, units: func, estimate: func, divide: func, atLeastOnce: boolean })
  checkNested(options)
}

export const checkHandler = (options: object): void => {
  checkNames(options, ["attempts"])
  checkValues(options, { attempts: positiveInteger })
}

export const checkActivityNames = ({ errorBudget, ...options }: ActivityOptions): void => {
  checkNames(options, ["name", ...limitNames, "errorBudget"])
  checkValues(options, { name: text })
  checkNested({ errorBudget })
}

/** Checks the options of a ready job over tables. */
export const checkTableJob = (job: string, options: Ready, own: Own): void => {
  const at = `${job}: `
  checkNames(options, [...Object.keys(own), ...tableNames], at)
  checkValues(options, { ...own, version: text, attempts: positiveInteger, splitSize: positiveSize }, at)
  checkStatement(job, options, ["consistency", "pageSize", "requestTimeout"])
  checkNested(options)
}

/** Checks the options of a job over the pages of a table. */
export const checkPagesJob = (options: Nested): void => {
  const own: Own = { table: anything, rows: func, pageSize: positiveInteger, splitSize: positiveSize }
  checkNames(
    options,
    [...Object.keys(own), ...startNames, "version", "attempts", "atLeastOnce", "rejects"],
    "TableJob: "
  )
  checkValues(options, { ...own, version: text, attempts: positiveInteger, atLeastOnce: boolean }, "TableJob: ")
  checkNested(options)
}

export const checkLoad = (options: Ready & { readonly csv?: object | undefined; readonly format: string }): void => {
  const job = "Job.load"
  const own: Own = {
    format: oneOf("csv", "ndjson"),
    row: anything,
    write: func,
    csv: record,
    chunkSize: positiveSize,
    maxRecordSize: positiveSize,
    pageSize: positiveInteger
  }
  checkNames(options, [...Object.keys(own), ...readyNames], `${job}: `)
  checkValues(options, { ...own, version: text, attempts: positiveInteger }, `${job}: `)
  checkStatement(job, options, ["consistency", "requestTimeout"])
  checkNested(options)
  const { csv, format } = options
  if (csv === undefined) return
  const cells = { delimiter: text, header: names, multiline: boolean }
  checkNames(csv, Object.keys(cells), `${job}: csv.`)
  checkValues(csv, cells, `${job}: csv.`)
  if (format !== "csv") {
    throw new InvalidOptions({
      option: `${job}: csv`,
      given: "options of CSV",
      expected: `none for the format ${format}`
    })
  }
}

export const checkRetry = ({ only, ...others }: RetryOptions): void => {
  checkNames(others, ["only"])
  if (only === undefined || only === "failures" || only === "rejects") return
  throw new InvalidOptions({ option: "only", value: only, expected: "\"failures\" or \"rejects\"" })
}
