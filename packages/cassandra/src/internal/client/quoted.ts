/**
 * Warnings of the server, which may quote a whole query, and with it the values that were bound.
 */
import { serverWarning } from "../driver/messages.ts"

const begin = / for query .*? WHERE /s
const end = /(?:; token -?\d+)? *\(see \w+\)$/

/** A warning of the server without the query that it quotes: the values of its markers stand there in plain text. */
export const withoutQuery = (warning: string): string => {
  const found = begin.exec(warning)
  if (found === null) return warning
  return `${warning.slice(0, found.index)}${found[0]}...${end.exec(warning)?.[0] ?? ""}`
}

/** A line of the log of the driver, which repeats the warnings of the server. */
export const withoutQueries = (line: string): string =>
  line.replace(
    serverWarning,
    (_, before: string, warning: string, after: string) => before + withoutQuery(warning) + after
  )
