import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const plain = /^[a-z][a-z0-9_]*$/

/** A name as it stands in CQL: quoted unless it is in small letters, and no reserved word. */
export const quoted = (name: string): string =>
  plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll("\"", "\"\"")}"`

const reserved: ReadonlySet<string> = new Set(
  ("add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop entries " +
    "execute from full grant if in index infinity insert into is keyspace limit materialized mbean mbeans modify nan norecursive " +
    "not null of on or order primary rename replace revoke schema select set table to token truncate unlogged unset update use " +
    "using view where with").split(" ")
)

/** A name that no other process has. */
export const nextName: Effect.Effect<string> = Effect.map(
  Effect.all([1, 2, 3, 4].map(() => Random.nextIntBetween(0, 0x7fffffff))),
  (parts) => parts.map((part) => part.toString(36).padStart(6, "0")).join("")
)
