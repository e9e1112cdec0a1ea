const longestQuery = 200

/** A text on one line. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

/** A CQL text as messages show it: on one line, and cut where it is long. */
export const abbreviate = (query: string): string => {
  const line = oneLine(query)
  return line.length <= longestQuery ? line : `${line.slice(0, longestQuery)}...`
}
