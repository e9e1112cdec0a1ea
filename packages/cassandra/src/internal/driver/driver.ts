/**
 * The undeclared parts of a client of the driver.
 *
 * All uses of the driver beyond its declared types are in this folder. Each cites the line of cassandra-driver 4.10.0 that it
 * relies on. If a release of the driver changes one of them, `test/driver.conformance.test.ts` fails, and
 * `test/driver.lines.test.ts` shows the lines that differ.
 */
import type { auth, Client, DseClientOptions, metadata } from "cassandra-driver"
import type { SpeculativePolicy } from "./client.ts"
import type { SocketWaits } from "./connection.ts"
import type { ControlConnection, DriverMetadata, PoolHost } from "./control.ts"
import type { DriverHost, Profile } from "./hosts.ts"

/** The driver's metadata of the ring. */
export type TokenMetadata =
  & Pick<metadata.Metadata, "getReplicas" | "getTokenRanges" | "newToken" | "refreshKeyspace" | "refreshKeyspaces">
  & {
    /** Makes tokens of keys (`lib/metadata/index.js:136`). Absent until the client knows the partitioner of its cluster. */
    readonly tokenizer?: unknown
    /** By their names (`lib/metadata/index.js:233`). */
    readonly keyspaces: Readonly<Record<string, unknown>>
  }

/** A row of the table of keyspaces (`lib/metadata/schema-parser.js:689`). */
export interface KeyspaceRow {
  readonly replication?: unknown
}

/** Schema parsers. Only those for Cassandra 3 and later read replication from a column. */
export interface SchemaParser {
  /** Called for each row of the table of keyspaces (`lib/metadata/schema-parser.js:688`). */
  _parseKeyspace?: (row: KeyspaceRow, virtual?: boolean) => unknown
}

/** Options of every query of a client. The driver declares them, without `executeAs` (`lib/execution-options.js:403`). */
export interface QueryDefaults {
  readonly consistency?: number | undefined
  readonly serialConsistency?: number | undefined
  readonly fetchSize?: number | undefined
  readonly customPayload?: Readonly<Record<string, Uint8Array>> | undefined
  readonly executeAs?: string | undefined
}

interface Internals {
  /** Set at the end of a connect (`lib/client.js:541`), and reset at the beginning of a shutdown. */
  readonly connected: boolean
  /** Set by a shutdown of a connected client, and never reset (`lib/client.js:899`). */
  readonly isShuttingDown: boolean
  /** `lib/client.js:406`. */
  readonly controlConnection: ControlConnection
  /** Gives a line to the `logEmitter` of the options (`lib/utils.js:140`). */
  readonly log: (level: string, message: string, further?: unknown) => void
  /** Called once by a connect, to open the pools (`lib/client.js:525`). */
  _warmup?: () => Promise<unknown>
  readonly metadata: DriverMetadata & TokenMetadata & {
    /** The tokens of all nodes, in their order (`lib/metadata/index.js:178`). Absent or empty where the nodes give none. */
    readonly ring?: ReadonlyArray<unknown> | null | undefined
    /** `lib/metadata/index.js:91`. */
    readonly _schemaParser?: SchemaParser | undefined
    /** Called by a connect, to set the parser for a server of this version (`lib/control-connection.js:413`). */
    setCassandraVersion?: (version: ReadonlyArray<number>) => void
  }
  /** The options that the client was made with, and the defaults of the others (`lib/client.js:404`). */
  readonly options: {
    /** Read for each login (`lib/connection.js:395`). */
    authProvider?: auth.AuthProvider | null | undefined
    readonly contactPoints?: ReadonlyArray<string> | undefined
    readonly localDataCenter?: string | undefined
    readonly encoding: { readonly map?: unknown }
    readonly maxPrepared?: number | undefined
    readonly prepareOnAllHosts?: boolean | undefined
    readonly protocolOptions?: { readonly maxVersion?: number | undefined } | undefined
    readonly policies?: {
      readonly speculativeExecution?: SpeculativePolicy | undefined
      readonly timestampGeneration?: unknown
    } | undefined
    /** The driver sets the default of `maxRequestsPerConnection` by a connect (`lib/client-options.js:351`). */
    readonly pooling: { readonly maxRequestsPerConnection?: number; readonly warmup?: boolean | undefined }
    readonly queryOptions?: QueryDefaults | undefined
    readonly socketOptions: SocketWaits
  }
  /** `lib/client.js:405`. */
  readonly profileManager: {
    /** The profile of this name, or the default one (`lib/execution-profile.js:203`). */
    readonly getProfile: (name: string | undefined) => Profile | undefined
    /** Sets the distance of a host as well, and with it the size of its pool (`lib/execution-profile.js:181`). */
    readonly getDistance: (host: PoolHost | DriverHost) => number
  }
}

/** The same client, seen with what its types do not declare. */
export const internals = (client: Client): Client & Internals => client as Client & Internals

/**
 * Returns true if a keyspace can have this name. The driver puts names of keyspaces between quotes without looking at them
 * (`lib/connection.js:475`, `lib/metadata/schema-parser.js:41`).
 */
export const isKeyspaceName = (name: string): boolean => /^\w+$/.test(name)

/** The driver emits its log as a method of the logging object (`lib/utils.js:140`). */
export type LogEmitter = (
  this: unknown,
  event: string,
  level: string,
  className: string,
  message: unknown,
  further: unknown
) => void

/** The options of a client, with the undeclared one through which it logs (`lib/utils.js:138`). */
export type ClientOptions = DseClientOptions & { readonly logEmitter?: LogEmitter | undefined }
