const longestQuery = 200

/** A text, cut where it is longer than so many characters. */
export const cut = (text: string, longest: number): string =>
  text.length <= longest ? text : `${beginOf(text, longest)}...`

/** The first characters of a text, without half of one. */
export const beginOf = (text: string, longest: number): string => text.slice(0, longest).toWellFormed()

/** A text on one line. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

/** A CQL text as messages show it: on one line, and cut where it is long. */
export const abbreviate = (query: string): string => cut(oneLine(query), longestQuery)
