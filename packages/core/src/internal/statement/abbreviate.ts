const longestQuery = 200

/** A CQL text as messages show it. */
export const abbreviate = (query: string): string =>
  query.length <= longestQuery ? query : `${query.slice(0, longestQuery)}...`
