/** The name of a field in snake_case: `displayName` becomes `display_name`, and `userID` becomes `user_i_d`. */
export const snakeCase = (name: string): string =>
  name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
const plain = /^[a-z][a-z0-9_]*$/

/** A name as it stands in CQL: quoted where it is not in small letters, or a reserved word. */
export const quoted = (name: string): string =>
  plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll("\"", "\"\"")}"`

const reserved: ReadonlySet<string> = new Set(
  ("add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop entries " +
    "execute from full grant if in index infinity insert into is keyspace limit materialized mbean mbeans modify nan norecursive " +
    "not null of on or order primary rename replace revoke schema select set table to token truncate unlogged unset update use " +
    "using view where with").split(" ")
)
