/**
 * The properties of keyspaces and tables.
 */
import type { Properties } from "./cql/ast.ts"
import { configError, invalid, syntaxError } from "./failures.ts"
import type { Keyspace } from "./schema.ts"

type Entries = ReadonlyArray<readonly [string, string]>

/** The replication of a keyspace, with the full name of its class. */
export const replicationOf = (
  properties: Properties,
  before: Keyspace | undefined
): Pick<Keyspace, "replication" | "durableWrites"> => {
  const unknown = properties.find(([name]) => name !== "replication" && name !== "durable_writes")
  if (unknown !== undefined) throw syntaxError(`Unknown property '${unknown[0]}'`)
  const find = (name: string) => properties.find(([each]) => each === name)?.[1]
  const replication = find("replication") ?? before?.replication
  if (replication === undefined) throw invalid("Missing mandatory option 'replication'")
  if (typeof replication === "string") {
    throw configError("Missing mandatory replication strategy class")
  }
  const durable = find("durable_writes")
  return {
    replication: checkedReplication(replication),
    durableWrites: typeof durable === "string" ? durable.toLowerCase() === "true" : before?.durableWrites ?? true
  }
}

const strategies = new Map(
  ["SimpleStrategy", "NetworkTopologyStrategy", "LocalStrategy", "EverywhereStrategy"].map((name) => [
    name,
    `org.apache.cassandra.locator.${name}`
  ])
)

const checkedReplication = (entries: Entries): Entries => {
  const given = entries.find(([name]) => name === "class")?.[1]
  if (given === undefined) throw configError("Missing mandatory replication strategy class")
  const name = given.replace("org.apache.cassandra.locator.", "")
  const className = strategies.get(name)
  if (className === undefined) {
    throw configError(`Unable to find replication strategy class 'org.apache.cassandra.locator.${name}'`)
  }
  const factors = entries.filter(([key]) => key !== "class")
  const bad = factors.find(([, value]) => !/^\d+(?:\/\d+)?$/.test(value))
  if (bad !== undefined) {
    throw configError("Replication factor must be numeric and non-negative, found '" + bad[1] + "'")
  }
  // The default of a server.
  const isUnsaid = name === "SimpleStrategy" && !factors.some(([key]) => key === "replication_factor")
  return [["class", className], ...factors, ...isUnsaid ? [["replication_factor", "1"] as const] : []]
}

const known: ReadonlySet<string> = new Set([
  "additional_write_policy",
  "allow_auto_snapshot",
  "bloom_filter_fp_chance",
  "caching",
  "cdc",
  "comment",
  "compaction",
  "compression",
  "crc_check_chance",
  "default_time_to_live",
  "extensions",
  "gc_grace_seconds",
  "id",
  "incremental_backups",
  "max_index_interval",
  "memtable",
  "memtable_flush_period_in_ms",
  "min_index_interval",
  "read_repair",
  "speculative_retry"
])

const compactions: ReadonlySet<string> = new Set(
  ["LeveledCompaction", "SizeTieredCompaction", "TimeWindowCompaction", "UnifiedCompaction"].map((name) =>
    `org.apache.cassandra.db.compaction.${name}Strategy`
  )
)

const checkCompaction = (entries: Entries): void => {
  const given = entries.find(([name]) => name === "class")?.[1]
  const className = given?.includes(".") === false ? `org.apache.cassandra.db.compaction.${given}` : given
  if (className === undefined || compactions.has(className)) return
  throw configError(`Unable to find compaction strategy class '${className}'`)
}

/** Twenty years. */
export const maxTtl = 630_720_000

const integers: ReadonlySet<string> = new Set(["default_time_to_live", "gc_grace_seconds"])

/** The properties of a table by their names; those that are more than one value are kept as they came. */
export const checkProperties = (properties: Properties): ReadonlyMap<string, string> => {
  const checked = new Map<string, string>()
  for (const [name, value] of properties) {
    if (!known.has(name)) throw syntaxError(`Unknown property '${name}'`)
    if (name === "compaction" && typeof value !== "string") checkCompaction(value)
    const text = typeof value === "string" ? value : JSON.stringify(Object.fromEntries(value))
    if (integers.has(name) && !/^-?\d+$/.test(text)) {
      throw syntaxError(`Invalid integer value ${text} for '${name}'`)
    }
    if (integers.has(name) && Number(text) < 0) {
      throw configError(`${name} must be greater than or equal to 0 (got ${text})`)
    }
    if (name === "default_time_to_live" && Number(text) > maxTtl) {
      throw configError(`${name} must be less than or equal to ${maxTtl} (got ${text})`)
    }
    checked.set(name, text)
  }
  return checked
}
