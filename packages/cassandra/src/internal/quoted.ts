/**
 * What servers quote of the values that were bound, and how it is taken out of what is told.
 */
import { Reason } from "@effect-cql/core"
import type { Request } from "@effect-cql/core/Session"

/** The text of a request, with its markers. */
export const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map(({ text }) => text).join("; ")

const valuesOf = (request: Request): ReadonlyArray<unknown> =>
  request._tag === "Statement" ? request.params : request.statements.map(({ params }) => params)

/** A message of the server without what was bound. */
export const withoutValues = (message: string, request: Request): string =>
  Reason.withoutValues(message, valuesOf(request), textOf(request))

const begin = / for query .*? WHERE /s
const end = /(?:; token -?\d+)? *\(see \w+\)$/

/** A warning of the server without the query that it quotes: the values of its markers stand there in plain text. */
export const withoutQuery = (warning: string): string => {
  const found = begin.exec(warning)
  if (found === null) return warning
  return `${warning.slice(0, found.index)}${found[0]}...${end.exec(warning)?.[0] ?? ""}`
}

const logged = /^(Received warning \(\d+ of \d+\) ")(.*)(" for ".*)$/s

/** A line of the log of the driver, which repeats the warnings of the server. */
export const withoutQueries = (line: string): string =>
  line.replace(logged, (_, before: string, warning: string, after: string) => before + withoutQuery(warning) + after)
