/**
 * What the adapter uses of the driver beyond its declared types. All of it is here, so that a new release of the driver
 * is checked in one place.
 */
import type { Client, DseClientOptions, metadata } from "cassandra-driver"
import type { Socket } from "node:net"
import type { Transform } from "node:stream"
import { StreamTable } from "./streamTable.ts"

/** A connection of the driver, as far as its end is concerned. */
export interface DriverConnection {
  readonly endpoint: string
  /** Whether it is open, logged in, and in use. */
  readonly connected: boolean
  /** Whether the TCP connection stands. */
  readonly isSocketOpen: boolean
  readonly netClient?: Pick<Socket, "destroy" | "destroyed" | "on"> | undefined
  readonly close: () => void
  /** Called when the TCP connection stands, to make the streams that read from it. */
  bindSocketListeners: () => void
  /** The requests in flight. Another release may keep them otherwise. */
  _operations?: unknown
  readonly protocol?: Pick<Transform, "on"> | undefined
  readonly parser?: Pick<Transform, "on"> | undefined
}

/**
 * Ends a connection on which bytes come that cannot be read. The streams of the driver fail with an error then, to which it
 * does not listen: the whole process would end.
 */
export const endWhenUnreadable = (connection: DriverConnection): void => {
  const bind = connection.bindSocketListeners
  connection.bindSocketListeners = () => {
    bind.call(connection)
    for (const stream of [connection.protocol, connection.parser]) {
      stream?.on("error", (error) => connection.netClient?.destroy(error))
    }
  }
}

/** Gives a connection a {@link StreamTable}, before its first request. */
export const tabulate = (connection: Pick<DriverConnection, "_operations">): void => {
  const operations = connection._operations
  if (operations instanceof Map && operations.size === 0) connection._operations = new StreamTable()
}

/** What the driver knows of the ring. */
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

/** What reads the schema. Only those for Cassandra 3 and later read replication off a column. */
export interface SchemaParser {
  _parseKeyspace?: (row: KeyspaceRow, virtual?: boolean) => unknown
}

/** The socket options that the driver reads anew for every connection and request. */
interface SocketOptions {
  connectTimeout: number
  readTimeout: number
}

interface Internals {
  readonly connected: boolean
  readonly isShuttingDown: boolean
  readonly keyspace: string
  readonly metadata: TokenMetadata & {
    /** Absent or empty where the nodes give no tokens. */
    readonly ring?: ReadonlyArray<unknown> | null | undefined
    readonly _schemaParser?: SchemaParser | undefined
    setCassandraVersion?: (version: ReadonlyArray<number>) => void
  }
  readonly options: {
    readonly contactPoints?: ReadonlyArray<string> | undefined
    readonly encoding: { readonly map?: unknown }
    readonly protocolOptions?: { readonly maxVersion?: number | undefined } | undefined
    readonly pooling: { readonly maxRequestsPerConnection?: number }
    readonly socketOptions: SocketOptions
  }
  readonly profileManager: { readonly getProfile: (name: string) => unknown }
}

/** The same client, seen with what its types do not declare. */
export const internals = (client: Client): Client & Internals => client as Client & Internals

/** Whether a keyspace can have this name. The driver puts names of keyspaces between quotes without looking at them. */
export const isKeyspaceName = (name: string): boolean => /^\w+$/.test(name)

/** How the driver hands over its log: as a method of what logs. */
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

/** Whether what logs is a connection. The driver tells nobody of a connection before it is ready, other than so. */
export const isConnection = (source: unknown, className: string): source is DriverConnection =>
  className === "Connection" && typeof source === "object" && source !== null
