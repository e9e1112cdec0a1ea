/**
 * The control connection of a client (`lib/control-connection.js:51`), as far as the adapter uses it and replaces parts of it.
 */
import type { Host, HostMap, metadata } from "cassandra-driver"
import * as Effect from "effect/Effect"
import type { DriverConnection } from "./connection.ts"
import { settled } from "./effects.ts"

/** A row of `system.local`, `system.peers` or `system.peers_v2`, as the driver reads it (`lib/control-connection.js:762`). */
export type NodeRow = Readonly<Record<string, unknown>>

export interface NodeRows {
  readonly rows?: ReadonlyArray<NodeRow> | undefined
}

/** A policy that translates addresses (`lib/control-connection.js:893`). The driver declares it. */
interface Translator {
  readonly translate: (address: string, port: number, callback: (endpoint: string) => void) => void
}

/** A host, with what its type does not declare. */
export type PoolHost = Host & {
  /** Closes all connections. With `drain`, waits for the requests in flight first, in the background (`lib/host.js:206`). */
  shutdown?: (drain: boolean) => Promise<void>
  /** The requests in flight on all connections of its pool (`lib/host.js:371`). */
  readonly getInFlight?: (() => number) | undefined
  /** Opens the connections of its pool, and waits for them (`lib/host.js:306`). */
  readonly warmupPool?: ((keyspace: string | undefined) => Promise<void>) | undefined
  /** Opens a connection in the background, if its pool lacks one (`lib/host.js:315`). */
  readonly initializePool?: (() => void) | undefined
}

export type DriverMetadata = metadata.Metadata & {
  /** Makes the ring of the tokens of these hosts (`lib/metadata/index.js:144`). */
  readonly buildTokens?: ((hosts: HostMap) => void) | undefined
  /** The keyspaces, each with its replicas once they were asked for (`lib/metadata/index.js:288`). */
  readonly keyspaces: Readonly<Record<string, { replicas?: unknown }>>
}

/** An event about a node (`lib/readers.js:490`): `address` and `port` if the server reported them. */
export interface StatusEvent {
  readonly up?: boolean | undefined
  readonly inet?: { readonly address?: unknown; readonly port?: unknown } | undefined
}

export interface ControlConnection {
  /** Null while there is none (`lib/control-connection.js:85`). */
  connection: DriverConnection | null
  /** The node of the connection (`lib/control-connection.js:773`). */
  host: PoolHost | null
  /** The hosts of the client (`lib/control-connection.js:64`). */
  readonly hosts: HostMap
  /** True once the first connection has described the cluster (`lib/control-connection.js:550`). */
  readonly initialized: boolean
  /** The metadata of the client (`lib/control-connection.js:72`). */
  readonly metadata: DriverMetadata
  /** Set by a shutdown, and while a failed connect is undone (`lib/control-connection.js:995`). */
  readonly _isShuttingDown: boolean
  /** The endpoints of the contact points that were resolved (`lib/control-connection.js:130`). */
  readonly _contactPoints: ReadonlySet<string>
  /** The endpoints that failed in this round, each with its error (`lib/control-connection.js:315`). */
  _triedHosts: Record<string, unknown> | null
  /** The delays between rounds, from the policy (`lib/control-connection.js:478`). */
  readonly _reconnectionSchedule: { readonly next: () => { readonly value: number } }
  /** The profiles of the client (`lib/control-connection.js:95`). */
  readonly _profileManager: {
    /** `lib/execution-profile.js:181`. */
    readonly getDistance: (host: Host) => number
    /** The policy of the default profile (`lib/control-connection.js:469`). */
    readonly getDefaultLoadBalancing: () => {
      readonly newQueryPlan: (
        keyspace: null,
        options: null,
        callback: (error: unknown, plan: Iterator<Host>) => void
      ) => void
    }
  }
  /** Asked for the endpoint of each peer, and of each node of a status event (`lib/control-connection.js:595`). */
  _addressTranslator: Translator
  /** `lib/control-connection.js:66`. */
  readonly log: (level: string, message: string, further?: unknown) => void
  /** Ends the wait of queries for a connection (`lib/control-connection.js:950`). */
  readonly emit: (event: "newConnection", error: unknown) => void
  /** Adds an endpoint; none for a name without an address (`lib/control-connection.js:121`). */
  readonly _addContactPoint: (address: string | null, port: string | null, name: string, isIPv6: boolean) => void
  /**
   * Adds the addresses of a contact point. Awaited for all of them before the first connection is opened
   * (`lib/control-connection.js:194`).
   */
  _parseContactPoint?: (name: string) => Promise<void>
  /** Opens one connection, and nothing more (`lib/control-connection.js:340`). */
  _createConnection?: (endpoint: string) => Promise<DriverConnection>
  /**
   * Makes the first connection that opens the control connection: one after the other, in the order of the iterator
   * (`lib/control-connection.js:301`).
   */
  _borrowFirstConnection?: (endpoints: Iterator<string>) => Promise<void>
  /**
   * Finds a new control connection (`lib/control-connection.js:426`); where it fails, the driver tries again after a timer that
   * nothing clears (`lib/control-connection.js:480`).
   */
  _refreshControlConnection?: (plan: Iterator<Host>) => Promise<void>
  /**
   * Finds a new control connection, reads the nodes on it, and listens to its events: called without a plan when the
   * connection is lost (`lib/control-connection.js:248`), and with the plan of a call that goes on
   * (`lib/control-connection.js:502`).
   */
  _refresh?: (plan?: Iterator<Host>) => Promise<void>
  /** Reads the row of the connected node (`lib/control-connection.js:378`). */
  _setLocalInfo?: (initializing: boolean, isCurrent: boolean, connection: DriverConnection, result: NodeRows) => void
  /** Reads the rows of the other nodes (`lib/control-connection.js:385`). */
  setPeersInfo?: (initializing: boolean, result: NodeRows) => Promise<void>
  /** The endpoint of a row; null leaves the node out (`lib/control-connection.js:797`). */
  getAddressForPeerHost?: (row: NodeRow, port: number) => Promise<string | null>
  /** Called for each event of a node that went up or down (`lib/control-connection.js:567`). */
  _nodeStatusChangeHandler?: (event: StatusEvent) => void
  /** Reads the table of nodes again, once events have ceased for a second (`lib/control-connection.js:576`). */
  readonly _nodeTopologyChangeHandler?: ((event: StatusEvent) => void) | undefined
  /** Reads the table of nodes again, after a moment (`lib/control-connection.js:720`). */
  readonly _scheduleRefreshHosts?: (() => Promise<void>) | undefined
  /** Asks on the control connection, which is `this.connection` (`lib/control-connection.js:972`). */
  readonly query?: ((text: string, waitForReconnection: boolean) => Promise<NodeRows>) | undefined
}

// The very text that the driver uses (`lib/control-connection.js:36`), which whatever resembles Cassandra has to answer.
const selectLocal = "SELECT * FROM system.local WHERE key='local'"

/** Identity of a node, as read on a connection to it. */
export const localRowOf = (
  control: ControlConnection,
  connection: DriverConnection
): Effect.Effect<NodeRow | undefined, unknown> => {
  const { query } = control
  if (query === undefined) return Effect.undefined
  // `query` asks on the connection of its `this` (`lib/control-connection.js:967`).
  const asked = { connection, _isShuttingDown: false }
  return Effect.map(
    settled(() => query.call(asked, selectLocal, false)),
    ({ rows }) => rows?.[0]
  )
}

/** A value of a row as a text; absent where there is none. */
export const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value)
