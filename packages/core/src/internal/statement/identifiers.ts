/**
 * The names of keyspaces, tables and columns as they stand in CQL.
 */

/** The name in double quotes. */
export const quote = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

const plain = /^[a-z][a-z0-9_]*$/

/** The name in double quotes if it has other characters than lower-case letters, digits and `_`, or is a reserved word. */
export const quoted = (name: string): string => plain.test(name) && !reservedWords.has(name) ? name : quote(name)

/** Words that can be names only in double quotes, in lower case. `true` and `false` are constants. */
export const reservedWords: ReadonlySet<string> = new Set(
  ("add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop entries " +
    "execute false from full grant if in index infinity insert into is keyspace limit materialized mbean mbeans modify nan " +
    "norecursive not null of on or order primary rename replace revoke schema select set table to token true truncate " +
    "unlogged unset update use using view where with").split(" ")
)
