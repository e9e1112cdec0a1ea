/**
 * The control connection of a client (`control-connection.js`), as far as the adapter uses it and replaces parts of it.
 */
import type { Host, HostMap, metadata } from "cassandra-driver"
import * as Effect from "effect/Effect"
import type { DriverConnection } from "./connection.ts"
import { settled } from "./effects.ts"

/** A row of `system.local`, `system.peers` or `system.peers_v2`, as the driver reads it. */
export type NodeRow = Readonly<Record<string, unknown>>

export interface NodeRows {
  readonly rows?: ReadonlyArray<NodeRow> | undefined
}

interface Translator {
  readonly translate: (address: string, port: number, callback: (endpoint: string) => void) => void
}

/** A host, with what its type does not declare. */
export type PoolHost = Host & {
  /** Closes all connections. With `drain`, waits for the requests in flight first, in the background. */
  shutdown?: (drain: boolean) => Promise<void>
  /** The requests in flight on all connections of its pool. */
  readonly getInFlight?: (() => number) | undefined
  readonly warmupPool?: ((keyspace: string | undefined) => Promise<void>) | undefined
  readonly initializePool?: (() => void) | undefined
}

export type DriverMetadata = metadata.Metadata & {
  readonly buildTokens?: ((hosts: HostMap) => void) | undefined
  readonly keyspaces: Readonly<Record<string, { replicas?: unknown }>>
}

/** A node that logs a status event: `address` and `port` if the server reported it. */
export interface StatusEvent {
  readonly up?: boolean | undefined
  readonly inet?: { readonly address?: unknown; readonly port?: unknown } | undefined
}

export interface ControlConnection {
  connection: DriverConnection | null
  host: PoolHost | null
  readonly hosts: HostMap
  readonly initialized: boolean
  readonly metadata: DriverMetadata
  readonly _isShuttingDown: boolean
  readonly _contactPoints: ReadonlySet<string>
  _triedHosts: Record<string, unknown> | null
  readonly _reconnectionSchedule: { readonly next: () => { readonly value: number } }
  readonly _profileManager: {
    readonly getDistance: (host: Host) => number
    readonly getDefaultLoadBalancing: () => {
      readonly newQueryPlan: (
        keyspace: null,
        options: null,
        callback: (error: unknown, plan: Iterator<Host>) => void
      ) => void
    }
  }
  _addressTranslator: Translator
  readonly log: (level: string, message: string, further?: unknown) => void
  readonly emit: (event: "newConnection", error: unknown) => void
  readonly _addContactPoint: (address: string | null, port: string | null, name: string, isIPv6: boolean) => void
  /** Adds the addresses of a contact point. Awaited for all of them before the first connection is opened. */
  _parseContactPoint?: (name: string) => Promise<void>
  /** Opens one connection, and nothing more. */
  _createConnection?: (endpoint: string) => Promise<DriverConnection>
  /** Makes the first connection that opens the control connection: one after the other, in the order of the iterator. */
  _borrowFirstConnection?: (endpoints: Iterator<string>) => Promise<void>
  /** Finds a new control connection; where it fails, the driver tries again after a timer that nothing clears. */
  _refreshControlConnection?: (plan: Iterator<Host>) => Promise<void>
  /**
   * Finds a new control connection, reads the nodes on it, and listens to its events: called without a plan when the
   * connection is lost, and with the plan of a call that goes on.
   */
  _refresh?: (plan?: Iterator<Host>) => Promise<void>
  _setLocalInfo?: (initializing: boolean, isCurrent: boolean, connection: DriverConnection, result: NodeRows) => void
  setPeersInfo?: (initializing: boolean, result: NodeRows) => Promise<void>
  getAddressForPeerHost?: (row: NodeRow, port: number) => Promise<string | null>
  _nodeStatusChangeHandler?: (event: StatusEvent) => void
  /** Reads the table of nodes again, once events have ceased for a second. */
  readonly _nodeTopologyChangeHandler?: ((event: StatusEvent) => void) | undefined
  /** Reads the table of nodes again, after a moment. */
  readonly _scheduleRefreshHosts?: (() => Promise<void>) | undefined
  /** Asks on the control connection, which is `this.connection`. */
  readonly query?: ((text: string, waitForReconnection: boolean) => Promise<NodeRows>) | undefined
}

// The very text that the driver uses, which whatever resembles Cassandra has to answer.
const selectLocal = "SELECT * FROM system.local WHERE key='local'"

/** Identity of a node, as read on a connection to it. */
export const localRowOf = (
  control: ControlConnection,
  connection: DriverConnection
): Effect.Effect<NodeRow | undefined, unknown> => {
  const { query } = control
  if (query === undefined) return Effect.undefined
  // `query` asks on the connection of its `this`.
  const asked = { connection, _isShuttingDown: false }
  return Effect.map(
    settled(() => query.call(asked, selectLocal, false)),
    ({ rows }) => rows?.[0]
  )
}

/** A value of a row as a text; absent where there is none. */
export const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value)
