/**
 * Rules of the options of reporters.
 */
import * as Check from "@effect-cql/core/Check"
import type { ConsoleOptions } from "../Reporter.ts"
import type { Options } from "../RunReport.ts"

const title = Check.rule("a text", (value) => typeof value === "string")

const shown = new Set(["string", "number", "boolean", "undefined"])

const settings = Check.rule(
  "an object of texts, numbers, true and false",
  (value) => typeof value === "object" && value !== null && Object.values(value).every((each) => shown.has(typeof each))
)

export const checkConsole = (options: ConsoleOptions): ConsoleOptions =>
  Check.options(options, { title, total: Check.nonNegativeInteger, every: Check.duration })

export const checkJson = (options: { readonly title?: string | undefined }): { readonly title?: string | undefined } =>
  Check.options(options, { title })

export const checkReport = (options: Options): Options => Check.options(options, { title, settings })
