/**
 * Replication of the keyspaces of a client.
 *
 * The driver reads the replication of a keyspace off an object (`lib/metadata/schema-parser.js:695`). Where maps come as a
 * class (`lib/encoder.js:356`), as they do in every session, it finds nothing there and takes each partition for one that
 * stands on a single node: statements would all go to the first of the replicas, also when that hangs, and the ring would
 * omit the others.
 */
import type { Client } from "cassandra-driver"
import { internals, type KeyspaceRow, type SchemaParser } from "./driver.ts"

const patched = new WeakSet<SchemaParser>()

/**
 * Lets a client read replication, with any option for maps. Returns true if the client could not do so before: its keyspaces
 * then have to be read again.
 */
export const fixReplication = (client: Client): boolean => {
  const { metadata, options } = internals(client)
  const set = metadata.setCassandraVersion
  if (options.encoding?.map === undefined || set === undefined) return false
  if (metadata._schemaParser !== undefined && patched.has(metadata._schemaParser)) return false
  repair(metadata._schemaParser)
  // The driver takes another parser once it knows the version of the server (`lib/metadata/index.js:103`).
  metadata.setCassandraVersion = (version) => {
    set.call(metadata, version)
    repair(metadata._schemaParser)
  }
  return true
}

const repair = (parser: SchemaParser | undefined): void => {
  const parse = parser?._parseKeyspace
  if (parser === undefined || parse === undefined || patched.has(parser)) return
  patched.add(parser)
  parser._parseKeyspace = (row, virtual) => parse.call(parser, withReplication(row), virtual)
}

const withReplication = (row: KeyspaceRow): KeyspaceRow => {
  const { replication } = row
  if (!isMap(replication)) return row
  const entries: Array<readonly [unknown, unknown]> = []
  replication.forEach((value, key) => entries.push([key, value]))
  return { ...row, replication: Object.fromEntries(entries.map(([key, value]) => [String(key), value])) }
}

interface SomeMap {
  readonly forEach: (call: (value: unknown, key: unknown) => void) => void
}

// A class of the user's need not descend from Map.
const isMap = (value: unknown): value is SomeMap =>
  typeof value === "object" && value !== null && "forEach" in value && typeof value.forEach === "function"
