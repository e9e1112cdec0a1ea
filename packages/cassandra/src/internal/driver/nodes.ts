/**
 * The nodes of a cluster: which are there, at which port, and that each is the node that it is taken for.
 *
 * The driver reads `system.peers` (`lib/control-connection.js:384`), which has no ports, and takes one port for all
 * (`lib/control-connection.js:789`). A node of another cluster at an address
 * of this one would get statements, and answer them.
 */
import type { Client, Host, HostMap } from "cassandra-driver"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { addressOf, portOf } from "./address.ts"
import type { DriverConnection } from "./connection.ts"
import type { ContactPoints } from "./contactPoints.ts"
import { type ControlConnection, localRowOf, type NodeRow, type NodeRows, textOf } from "./control.ts"
import { internals } from "./driver.ts"
import { orAfterReading, settled, WrongNode } from "./effects.ts"
import type { Overrides } from "./override.ts"
import { after, now } from "./timer.ts"

export interface NodesOptions {
  /** The port that the user gave for all nodes. */
  readonly port: number | undefined
  /** True if addresses are translated by a policy of the user's: ports are those of the cluster then. */
  readonly isTranslated: boolean
}

// With version 4 came `system.peers_v2`, which has ports.
const withPorts = 4
const selectPeers = "SELECT * FROM system.peers_v2"

// The tokens of a node that joins may come after the node itself, and a translator may know an address later.
const tokensWait = 2_000
const mostWaits = 30

// Time in milliseconds of a translator of the user's for the address of a node.
const translation = 1_000

// At most so often are the nodes asked for because connections fail.
const refreshPause = 10_000

export class Nodes {
  readonly #control: ControlConnection
  readonly #contactPoints: ContactPoints
  readonly #options: NodesOptions
  /** The ports of the nodes, by their addresses, for events that name none. */
  readonly #ports = new Map<string, number>()
  /** The port at which the control connection's node was reached, where it announces another for the same address. */
  #portOfAll: number | undefined
  /** The port of the node that an event is about, while the driver asks for its endpoint. */
  #portOfEvent: number | undefined
  /** True if the address of a node could not be translated when the nodes were read. */
  #hasUntranslated = false
  #ring = ""
  #waits = 0
  #cancel = () => {}
  #isStopped = false
  #refreshedAt = Number.NEGATIVE_INFINITY

  constructor(client: Client, contactPoints: ContactPoints, overrides: Overrides, options: NodesOptions) {
    const control = internals(client).controlConnection
    this.#control = control
    this.#contactPoints = contactPoints
    this.#options = options
    overrides.method(control, "_setLocalInfo", (original) => (initializing, isCurrent, connection, result) => {
      this.#local(connection, result.rows?.[0])
      original(initializing, isCurrent, connection, result)
    })
    overrides.method(control, "setPeersInfo", (original) => (initializing, result) =>
      Effect.runPromise(
        Effect.flatMap(this.#peers(result), (peers) =>
          Effect.map(
            settled(() => original(initializing, peers)),
            () => this.#follow()
          ))
      ))
    overrides.method(
      control,
      "getAddressForPeerHost",
      (original) => (row, port) =>
        Effect.runPromise(
          orAfterReading(
            settled(() => original({ ...row, rpc_address: addressIn(row) }, this.#portOf(row) ?? port)),
            translation,
            this.#untranslated(row, `within ${translation} ms`)
          ).pipe(Effect.catchCause((cause) => this.#untranslated(row, `(${String(Cause.squash(cause))})`)))
        )
    )
    overrides.method(control, "_nodeStatusChangeHandler", (original) => (event) => {
      const address = textOf(event.inet?.address) ?? ""
      const port = event.inet?.port
      // Several nodes may share an address.
      this.#portOfEvent = typeof port === "number" && this.#isHost(address, port) ? port : this.#ports.get(address)
      // The translator is code of the user's, and this is called from within the streams of the connection.
      try {
        original(event)
      } catch (error) {
        control.log("warning", `Status event for ${address} could not be handled: ${String(error)}`, error)
      } finally {
        this.#portOfEvent = undefined
      }
      // A node that came back with another address is up there, and no server reports that it has moved.
      if (event.up === true && !this.#isAddress(address)) control._nodeTopologyChangeHandler?.(event)
    })
    const translator = control._addressTranslator
    control._addressTranslator = {
      translate: (address, port, callback) => translator.translate(address, this.#portOfEvent ?? port, callback)
    }
  }

  /**
   * Where a node is whose address could not be translated: where it was, or nowhere yet. Without an answer for a node the driver
   * would read no other, and a session would not open. All are asked for again.
   */
  #untranslated(row: NodeRow, why: string): Effect.Effect<string | null> {
    return Effect.sync(() => {
      const node = textOf(addressIn(row)) ?? "a node"
      const id = textOf(row["host_id"])
      const known = id === undefined
        ? undefined
        : this.#control.hosts.values().find(({ hostId }) => textOf(hostId) === id)
      const then = known === undefined ? "It is left out" : "It keeps the one that it had"
      this.#control.log("warning", `Address of ${node} was not translated ${why}. ${then}`)
      this.#hasUntranslated = true
      return known?.address ?? null
    })
  }

  #isHost(address: string, port: number): boolean {
    return this.#control.hosts.get(`${address}:${port}`) !== undefined
  }

  #isAddress(address: string): boolean {
    return this.#control.hosts.values().some((host) => addressOf(host.address) === address)
  }

  /** A connection to a node failed: it may be elsewhere by now, without an event that was seen. */
  readonly connectFailed = (): void => {
    const { connection, initialized } = this.#control
    if (!initialized || connection === null || now() - this.#refreshedAt < refreshPause) return
    this.#refreshedAt = now()
    this.#refresh()
  }

  #refresh(): void {
    if (!this.#isStopped) this.#control._scheduleRefreshHosts?.().catch(() => {})
  }

  #local(connection: DriverConnection, row: NodeRow | undefined): void {
    this.#contactPoints.clusterName ??= textOf(row?.["cluster_name"])
    const announced = row?.["rpc_port"]
    const port = portOf(connection.endpoint)
    const isItself = textOf(row?.["rpc_address"]) === addressOf(connection.endpoint)
    this.#portOfAll = isItself && typeof announced === "number" && announced !== port ? port : undefined
  }

  #portOf(row: NodeRow): number | undefined {
    const announced = row["native_port"]
    return this.#options.port ?? (this.#options.isTranslated ? undefined : this.#portOfAll) ??
      (typeof announced === "number" && announced > 0 ? announced : undefined)
  }

  #peers(result: NodeRows): Effect.Effect<NodeRows> {
    const control = this.#control
    const { query } = control
    if (query === undefined || (control.host?.getCassandraVersion()[0] ?? 0) < withPorts) return Effect.succeed(result)
    // Whatever resembles Cassandra may have the version without the table.
    const asked = Effect.orElseSucceed(Effect.tryPromise(() => query.call(control, selectPeers, false)), () => result)
    return Effect.map(asked, ({ rows }) => {
      if (rows === undefined || rows.length < (result.rows?.length ?? 0)) return result
      const peers = rows.map((row): NodeRow => ({ ...row, rpc_address: row["native_address"] }))
      this.#ports.clear()
      for (const row of peers) {
        const [address, port] = [textOf(addressIn(row)), this.#portOf(row)]
        if (address !== undefined && port !== undefined) this.#ports.set(address, port)
      }
      return { rows: peers }
    })
  }

  /**
   * Builds the ring again where nodes or tokens have changed. The driver does it when it connects
   * (`lib/control-connection.js:414`), and never again, and remembers the replicas of each keyspace
   * (`lib/metadata/index.js:286`).
   */
  #follow(): void {
    const { hosts, initialized, metadata } = this.#control
    const ring = ringOf(hosts)
    const isNew = ring !== this.#ring
    const hasUntranslated = this.#hasUntranslated
    this.#ring = ring
    this.#hasUntranslated = false
    if (initialized && isNew) {
      metadata.buildTokens?.(hosts)
      for (const keyspace of Object.values(metadata.keyspaces)) keyspace.replicas = undefined
      this.#waits = 0
    }
    const lacksTokens = initialized && hosts.values().some((host) => tokensOf(host).length === 0)
    if ((!lacksTokens && !hasUntranslated) || this.#waits >= mostWaits) return
    this.#waits++
    this.#cancel()
    if (!this.#isStopped) this.#cancel = after(tokensWait, () => this.#refresh())
  }

  /** Ends what waits. */
  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  /** True if the node at the other end is the one that the cluster says is there; one of the cluster, where it says no id. */
  readonly check = (connection: DriverConnection): Effect.Effect<void, unknown> => {
    const { connection: controlling, hosts, initialized } = this.#control
    // Without a control connection the contact points are checked, which know less.
    if (!initialized || controlling === null) return Effect.void
    const expected = textOf(hosts.get(connection.endpoint)?.hostId)
    return Effect.flatMap(localRowOf(this.#control, connection), (row) => {
      const found = textOf(row?.["host_id"])
      const cluster = textOf(row?.["cluster_name"])
      const isKnown = expected !== undefined && found !== undefined
      if (isKnown ? found === expected : this.#contactPoints.isOfCluster(cluster)) return Effect.void
      // The node may have been replaced under its address, without an event that was seen: the next connection finds out.
      this.#refresh()
      return Effect.fail(
        new WrongNode({
          message: `is the node ${found ?? "unknown"} of the cluster "${cluster ?? "unknown"}", where ${
            expected === undefined ? "one of this cluster" : `the node ${expected}`
          } was expected`
        })
      )
    })
  }
}

/** The address of a peer. One that listens at all addresses may announce none of them: its peers know it by another. */
const addressIn = (row: NodeRow): unknown => {
  const { peer, rpc_address } = row
  return unspecified.has(textOf(rpc_address) ?? "") ? peer : rpc_address
}

// The driver knows the first of them (`lib/control-connection.js:879`).
const unspecified: ReadonlySet<string> = new Set(["0.0.0.0", "::"])

const ringOf = (hosts: HostMap): string =>
  hosts.values().map((host) => `${host.address}=${tokensOf(host).join()}`).sort().join(";")

// An instance of the class that `encoding.set` names (`lib/encoder.js:324`), against its type; null until the row of the node
// was read (`lib/host.js:92`).
const tokensOf = ({ tokens }: Host): ReadonlyArray<string> => {
  const all: Iterable<string> | null = tokens
  return all === null ? [] : Array.from(all)
}
