/**
 * The nodes that the driver knows, with their connections, and the events of its client.
 */
import type { Telemetry } from "@effect-cql/core"
import type { Client, Host } from "cassandra-driver"
import { withBrackets, withoutBrackets } from "./address.ts"
import { internals } from "./driver.ts"

interface Emitter {
  readonly on: (event: string, listener: (...values: ReadonlyArray<unknown>) => void) => unknown
  readonly removeListener: (event: string, listener: (...values: ReadonlyArray<unknown>) => void) => unknown
}

/**
 * The parts of a client that stand-ins of tests may lack. Its control connection is an emitter of `newConnection`
 * (`lib/control-connection.js:507`, and `lib/control-connection.js:481` for a failure).
 */
interface Parts extends Partial<Emitter> {
  readonly hosts?:
    | { readonly values: () => ReadonlyArray<Host>; readonly get?: (endpoint: string) => Host | undefined }
    | undefined
  readonly controlConnection?: Partial<Emitter> | undefined
}

/** The events of a client (`lib/client.js:1040`), which its documentation describes, by the names that metrics give them. */
const events: ReadonlyArray<readonly [event: string, name: string]> = [
  ["hostUp", "node_up"],
  ["hostDown", "node_down"],
  ["hostAdd", "node_added"],
  ["hostRemove", "node_removed"]
]

/** A node, and what it was made of: the id of a host takes long to print. */
interface Known extends Pick<Host, "datacenter" | "hostId"> {
  readonly node: Telemetry.Node
}

const nodeOf = ({ datacenter, hostId }: Host): Telemetry.Node => ({
  id: hostId === undefined || hostId === null ? undefined : String(hostId),
  dataCenter: datacenter ?? undefined
})

/** The health of a client. */
export const healthOf = (client: Client): Telemetry.Health => {
  const parts: Parts = client
  const hosts = (): ReadonlyArray<Host> => parts.hosts?.values() ?? []
  const known = new WeakMap<Host, Known>()
  return {
    nodes: () => {
      const state = client.getState()
      return hosts().map((host) => ({
        address: withBrackets(host.address),
        isUp: host.isUp(),
        connections: state.getOpenConnections(host),
        inFlight: state.getInFlightQueries(host)
      }))
    },
    node: (address) => {
      const host = parts.hosts?.get?.(withoutBrackets(address))
      if (host === undefined) return undefined
      const { datacenter, hostId } = host
      const before = known.get(host)
      // A node that replaces another at its address has the same host in the driver, with another id.
      if (before !== undefined && before.hostId === hostId && before.datacenter === datacenter) return before.node
      const node = nodeOf(host)
      known.set(host, { datacenter, hostId, node })
      return node
    },
    onEvent: (listener) => {
      const listeners = events.map(([event, name]) => [event, () => listener(name)] as const)
      for (const [event, emit] of listeners) parts.on?.(event, emit)
      const control = parts.controlConnection
      const onConnection = (error: unknown): void => listener(error ? "control_lost" : "control_connected")
      control?.on?.("newConnection", onConnection)
      return () => {
        for (const [event, emit] of listeners) parts.removeListener?.(event, emit)
        control?.removeListener?.("newConnection", onConnection)
      }
    }
  }
}

/**
 * Over all live hosts, what their connections can carry. Streams in use beyond those of awaited requests belong to
 * requests that were interrupted or timed out, and carry nothing new until they are answered.
 */
export const capacityOf = (client: Client, awaited: number): number | undefined => {
  const perConnection = internals(client).options.pooling.maxRequestsPerConnection
  if (perConnection === undefined) return undefined
  const state = client.getState()
  let streams = 0
  let inFlight = 0
  for (const host of state.getConnectedHosts()) {
    if (!host.isUp()) continue
    streams += state.getOpenConnections(host) * perConnection
    inFlight += state.getInFlightQueries(host)
  }
  // Without a connection there is nothing to count, and a run should not be held to one at a time by an outage.
  return streams === 0 ? undefined : Math.max(1, streams - Math.max(0, inFlight - awaited))
}

/** Returns true for the `host_id` of a node that the client knows to be down. */
export const isDownIn = (client: Client) => (hostId: string): boolean =>
  client.hosts.values().some((host) => String(host.hostId) === hostId && !host.isUp())
