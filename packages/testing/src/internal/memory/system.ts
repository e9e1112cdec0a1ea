/**
 * The tables that the server keeps of itself: what is asked of them when a schema is read, compared or waited for.
 */
import { parse } from "./cql/parser.ts"
import { define } from "./definitions.ts"
import type { Environment } from "./environment.ts"
import { type Column, isSystemKeyspace, Schema, type Table } from "./schema.ts"
import { sizesOf } from "./sizes.ts"
import { writeTime } from "./store.ts"
import { utf8 } from "./values/bytes.ts"
import { schemaText, withoutUdts } from "./values/types.ts"

const texts = [
  `CREATE TABLE system_schema.keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean,
    replication frozen<map<text, text>>)`,
  `CREATE TABLE system_schema.tables (keyspace_name text, table_name text, additional_write_policy text,
    bloom_filter_fp_chance double, caching frozen<map<text, text>>, cdc boolean, comment text,
    compaction frozen<map<text, text>>, compression frozen<map<text, text>>, crc_check_chance double,
    dclocal_read_repair_chance double, default_time_to_live int, extensions frozen<map<text, blob>>,
    flags frozen<set<text>>, gc_grace_seconds int, id uuid, max_index_interval int, memtable text,
    memtable_flush_period_in_ms int, min_index_interval int, read_repair text, read_repair_chance double,
    speculative_retry text, PRIMARY KEY (keyspace_name, table_name))`,
  `CREATE TABLE system_schema.columns (keyspace_name text, table_name text, column_name text, clustering_order text,
    column_name_bytes blob, kind text, position int, type text,
    PRIMARY KEY (keyspace_name, table_name, column_name))`,
  `CREATE TABLE system_schema.dropped_columns (keyspace_name text, table_name text, column_name text,
    dropped_time timestamp, kind text, type text, PRIMARY KEY (keyspace_name, table_name, column_name))`,
  `CREATE TABLE system_schema.types (keyspace_name text, type_name text, field_names frozen<list<text>>,
    field_types frozen<list<text>>, PRIMARY KEY (keyspace_name, type_name))`,
  `CREATE TABLE system_schema.indexes (keyspace_name text, table_name text, index_name text, kind text,
    options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, index_name))`,
  `CREATE TABLE system_schema.views (keyspace_name text, view_name text, base_table_id uuid, base_table_name text,
    include_all_columns boolean, where_clause text, PRIMARY KEY (keyspace_name, view_name))`,
  `CREATE TABLE system_schema.functions (keyspace_name text, function_name text, argument_types frozen<list<text>>,
    argument_names frozen<list<text>>, body text, called_on_null_input boolean, language text, return_type text,
    PRIMARY KEY (keyspace_name, function_name, argument_types))`,
  `CREATE TABLE system_schema.aggregates (keyspace_name text, aggregate_name text, argument_types frozen<list<text>>,
    final_func text, initcond text, return_type text, state_func text, state_type text,
    PRIMARY KEY (keyspace_name, aggregate_name, argument_types))`,
  `CREATE TABLE system_schema.triggers (keyspace_name text, table_name text, trigger_name text,
    options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, trigger_name))`,
  `CREATE TABLE system.local (key text PRIMARY KEY, bootstrapped text, broadcast_address inet, broadcast_port int,
    cluster_name text, cql_version text, data_center text, host_id uuid, listen_address inet, listen_port int,
    native_protocol_version text, partitioner text, rack text, release_version text, rpc_address inet, rpc_port int,
    schema_version uuid, tokens set<text>)`,
  `CREATE TABLE system.peers (peer inet PRIMARY KEY, data_center text, host_id uuid, preferred_ip inet, rack text,
    release_version text, rpc_address inet, schema_version uuid, tokens set<text>)`,
  `CREATE TABLE system.peers_v2 (peer inet, peer_port int, data_center text, host_id uuid, native_address inet,
    native_port int, rack text, release_version text, schema_version uuid, tokens set<text>,
    PRIMARY KEY (peer, peer_port))`,
  `CREATE TABLE system.size_estimates (keyspace_name text, table_name text, range_start text, range_end text,
    mean_partition_size bigint, partitions_count bigint,
    PRIMARY KEY (keyspace_name, table_name, range_start, range_end))`
]

const local: Readonly<Record<string, unknown>> = {
  key: "local",
  bootstrapped: "COMPLETED",
  broadcast_address: "127.0.0.1",
  broadcast_port: 7000,
  cluster_name: "Memory",
  cql_version: "3.4.7",
  data_center: "datacenter1",
  host_id: "00000000-0000-4000-8000-000000000001",
  listen_address: "127.0.0.1",
  listen_port: 7000,
  native_protocol_version: "5",
  partitioner: "org.apache.cassandra.dht.Murmur3Partitioner",
  rack: "rack1",
  release_version: "5.0.8",
  rpc_address: "127.0.0.1",
  rpc_port: 9042
}

/** Adds the tables of the server to a schema. */
export const addSystemTables = (schema: Schema, environment: Environment): void => {
  for (const name of ["system", "system_schema"]) {
    schema.keyspaces.set(name, {
      name,
      replication: [["class", "org.apache.cassandra.locator.LocalStrategy"]],
      durableWrites: true,
      tables: new Map(),
      types: new Map()
    })
  }
  const builder = new Schema()
  for (const name of ["system", "system_schema"]) {
    builder.keyspaces.set(`build_${name}`, { ...schema.keyspaces.get(name)!, name, tables: new Map() })
  }
  for (const text of texts) {
    const statement = parse(text.replace("TABLE system", "TABLE build_system"))
    if (statement._tag === "CreateTable") define(statement, { ...environment, schema: builder })
  }
  for (const name of ["system", "system_schema"]) {
    for (const table of builder.keyspaces.get(`build_${name}`)?.tables.values() ?? []) {
      schema.keyspaces.get(name)?.tables.set(table.name, table)
    }
  }
}

/** Seconds between two estimates of a server. */
const estimatesEvery = 300

/** Brings the tables of the server up to date with the schema. */
export class SystemTables {
  readonly #schema: Schema
  #version = -1
  // The second of the last estimate of sizes.
  #estimatedAt = Number.NEGATIVE_INFINITY

  constructor(schema: Schema) {
    this.#schema = schema
  }

  /** The server has started. */
  start(second: number): void {
    this.#estimatedAt = second
  }

  refresh(table: string, second: number): void {
    this.#refreshSchema()
    if (table === "size_estimates" && second - this.#estimatedAt >= estimatesEvery) this.#estimate(second)
  }

  #estimate(second: number): void {
    this.#estimatedAt = second
    this.#schema.keyspaces.get("system")?.tables.get("size_estimates")?.store.clear()
    for (const keyspace of this.#schema.keyspaces.values()) {
      if (isSystemKeyspace(keyspace.name)) continue
      for (const table of keyspace.tables.values()) {
        for (const { end, mean, partitions, start } of sizesOf(table, second)) {
          this.#put("system", "size_estimates", {
            keyspace_name: keyspace.name,
            table_name: table.name,
            range_start: String(start),
            range_end: String(end),
            mean_partition_size: BigInt(mean),
            partitions_count: BigInt(partitions)
          })
        }
      }
    }
  }

  #refreshSchema(): void {
    if (this.#version === this.#schema.version) return
    this.#version = this.#schema.version
    for (const name of ["system", "system_schema"]) {
      for (const table of this.#schema.keyspaces.get(name)?.tables.values() ?? []) {
        if (table.name !== "size_estimates") table.store.clear()
      }
    }
    const version = `00000000-0000-4000-8000-${this.#version.toString(16).padStart(12, "0")}`
    this.#put("system", "local", { ...local, schema_version: version, tokens: undefined })
    for (const keyspace of this.#schema.keyspaces.values()) {
      this.#put("system_schema", "keyspaces", {
        keyspace_name: keyspace.name,
        durable_writes: keyspace.durableWrites,
        replication: new Map(keyspace.replication)
      })
      for (const [name, fields] of keyspace.types) {
        this.#put("system_schema", "types", {
          keyspace_name: keyspace.name,
          type_name: name,
          field_names: fields.map((field) => field.name),
          field_types: fields.map((field) => schemaText(field.type))
        })
      }
      for (const table of keyspace.tables.values()) this.#describe(table, keyspace.name)
    }
  }

  #describe(table: Table, keyspace: string): void {
    const of = { keyspace_name: keyspace, table_name: table.name }
    this.#put("system_schema", "tables", { ...of, ...optionsOf(table, isSystemKeyspace(keyspace)) })
    for (const column of table.columns) {
      this.#put("system_schema", "columns", {
        ...of,
        column_name: column.name,
        clustering_order: orderOf(column),
        column_name_bytes: utf8(column.name),
        kind: column.kind,
        position: column.position,
        type: schemaText(column.type)
      })
    }
    for (const { at, kind, name, type } of table.dropped.values()) {
      this.#put("system_schema", "dropped_columns", {
        ...of,
        column_name: name,
        dropped_time: at,
        kind,
        type: schemaText(withoutUdts(type, table.fieldsOf))
      })
    }
    for (const index of table.indexes.values()) {
      const target = index.target === "values" && !isCollectionColumn(table, index.column)
        ? index.column
        : `${index.target}(${index.column})`
      const options = new Map([
        ...(index.className === undefined ? [] : [["class_name", index.className] as const]),
        ["target", target] as const,
        ...index.options
      ])
      this.#put("system_schema", "indexes", {
        ...of,
        index_name: index.name,
        kind: index.className === undefined ? "COMPOSITES" : "CUSTOM",
        options
      })
    }
  }

  #put(keyspace: string, name: string, row: Readonly<Record<string, unknown>>): void {
    const table = this.#schema.keyspaces.get(keyspace)?.tables.get(name)
    if (table === undefined) return
    const clustering = table.clustering.map((column) => row[column.name])
    const life = { time: writeTime(0n), ttl: 0, expiresAt: undefined }
    table.store.apply({
      table,
      key: table.partition.map((column) => row[column.name]),
      changes: [
        { _tag: "Liveness", clustering, life },
        ...table.regulars.filter((column) => row[column.name] !== undefined).map((column) => ({
          _tag: "Cell" as const,
          clustering,
          column: column.name,
          type: column.type,
          cell: { ...life, value: row[column.name], isTombstone: false }
        }))
      ]
    })
  }
}

const orderOf = ({ isDescending, kind }: Column): string =>
  kind === "clustering" ? (isDescending ? "desc" : "asc") : "none"

const isCollectionColumn = (table: Table, name: string): boolean => {
  const tag = table.find(name)?.type._tag
  return tag === "List" || tag === "Set" || tag === "Map"
}

const optionsOf = (table: Table, isSystem: boolean): Readonly<Record<string, unknown>> => {
  const text = (name: string, other: string) => table.properties.get(name) ?? other
  const map = (name: string, other: Readonly<Record<string, string>>) => {
    const given = table.properties.get(name)
    const record = given === undefined ? other : Object(JSON.parse(given))
    return new Map(Object.entries(record).map(([key, value]) => [key, String(value)]))
  }
  return {
    additional_write_policy: text("additional_write_policy", "99p"),
    bloom_filter_fp_chance: Number(text("bloom_filter_fp_chance", "0.01")),
    caching: map("caching", { keys: "ALL", rows_per_partition: "NONE" }),
    cdc: table.properties.has("cdc") ? text("cdc", "") === "true" : undefined,
    comment: text("comment", ""),
    compaction: map("compaction", {
      class: "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy",
      max_threshold: "32",
      min_threshold: "4"
    }),
    compression: map("compression", {
      chunk_length_in_kb: "16",
      class: "org.apache.cassandra.io.compress.LZ4Compressor"
    }),
    crc_check_chance: Number(text("crc_check_chance", "1")),
    default_time_to_live: table.defaultTtl,
    extensions: new Map(),
    flags: new Set(table.isCounter ? ["compound", "counter"] : ["compound"]),
    gc_grace_seconds: Number(text("gc_grace_seconds", isSystem ? "0" : "864000")),
    id: table.id,
    max_index_interval: Number(text("max_index_interval", "2048")),
    memtable_flush_period_in_ms: Number(text("memtable_flush_period_in_ms", "0")),
    min_index_interval: Number(text("min_index_interval", "128")),
    read_repair: text("read_repair", "BLOCKING"),
    speculative_retry: text("speculative_retry", "99p")
  }
}
