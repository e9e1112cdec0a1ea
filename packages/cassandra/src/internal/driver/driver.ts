/**
 * Uses of the driver beyond its declared types. All of them are here, so that a new release of the driver
 * is checked in one place.
 */
import type { Client, DseClientOptions, metadata } from "cassandra-driver"
import type { ControlConnection, DriverMetadata, PoolHost } from "./control.ts"
import type { LoginOptions } from "./login.ts"

/** The driver's metadata of the ring. */
export type TokenMetadata =
  & Pick<metadata.Metadata, "getReplicas" | "getTokenRanges" | "newToken" | "refreshKeyspace" | "refreshKeyspaces">
  & {
    /** Absent until the partitioner is known, and where the client does not keep up with the metadata. */
    readonly tokenizer?: unknown
    readonly keyspaces: Readonly<Record<string, unknown>>
  }

/** A row of the table of keyspaces. */
export interface KeyspaceRow {
  readonly replication?: unknown
}

/** Schema parsers. Only those for Cassandra 3 and later read replication from a column. */
export interface SchemaParser {
  _parseKeyspace?: (row: KeyspaceRow, virtual?: boolean) => unknown
}

/** The socket options that the driver reads again for every connection and request. */
interface SocketOptions {
  connectTimeout: number
  readTimeout: number
}

interface Internals {
  readonly connected: boolean
  readonly isShuttingDown: boolean
  readonly keyspace: string
  readonly controlConnection: ControlConnection
  readonly log: (level: string, message: string, further?: unknown) => void
  _warmup?: () => Promise<unknown>
  readonly metadata: DriverMetadata & TokenMetadata & {
    /** Absent or empty where the nodes give no tokens. */
    readonly ring?: ReadonlyArray<unknown> | null | undefined
    readonly _schemaParser?: SchemaParser | undefined
    setCassandraVersion?: (version: ReadonlyArray<number>) => void
  }
  readonly options: LoginOptions & {
    readonly contactPoints?: ReadonlyArray<string> | undefined
    readonly localDataCenter?: string | undefined
    readonly encoding: { readonly map?: unknown }
    readonly protocolOptions?: { readonly maxVersion?: number | undefined } | undefined
    readonly policies?: { readonly timestampGeneration?: unknown } | undefined
    readonly pooling: { readonly maxRequestsPerConnection?: number; readonly warmup?: boolean | undefined }
    readonly socketOptions: SocketOptions
  }
  readonly profileManager: { readonly getDistance: (host: PoolHost) => number }
}

/** The same client, seen with what its types do not declare. */
export const internals = (client: Client): Client & Internals => client as Client & Internals

/** Returns true if a keyspace can have this name. The driver puts names of keyspaces between quotes without looking at them. */
export const isKeyspaceName = (name: string): boolean => /^\w+$/.test(name)

/** The driver emits its log as a method of the logging object. */
export type LogEmitter = (
  this: unknown,
  event: string,
  level: string,
  className: string,
  message: unknown,
  further: unknown
) => void

/** The options of a client, with the undeclared one through which it logs. */
export type ClientOptions = DseClientOptions & { readonly logEmitter?: LogEmitter | undefined }
