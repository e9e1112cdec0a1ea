/**
 * The gauges of the nodes of a session, read from its port when metrics are handed over.
 */
import type * as Context from "effect/Context"
import type * as Metric from "effect/Metric"
import type { Health } from "../../Telemetry.ts"
import { addressOf } from "./address.ts"
import * as Metrics from "./metrics.ts"

type Gauge = Metric.Gauge<number>

interface NodeGauges {
  readonly isUp: Gauge
  readonly inFlight: Gauge
}

// Addresses of nodes that come and go must not add series forever.
const mostNodes = 1_000

export class Nodes {
  readonly #health: Pick<Health, "nodes">
  readonly #own: Metrics.Attributes
  readonly #context: Context.Context<never>
  readonly #nodes = new Map<string, NodeGauges>()
  readonly #idle: Gauge
  readonly #used: Gauge

  constructor(health: Pick<Health, "nodes">, own: Metrics.Attributes, name: string, context: Context.Context<never>) {
    this.#health = health
    this.#own = own
    this.#context = context
    const pool = { ...own, "db.client.connection.pool.name": name }
    this.#idle = Metrics.connections({ ...pool, "db.client.connection.state": "idle" })
    this.#used = Metrics.connections({ ...pool, "db.client.connection.state": "used" })
  }

  handOver(): void {
    let idle = 0
    let used = 0
    const gone = new Set(this.#nodes.keys())
    for (const { address, connections, inFlight, isUp } of this.#health.nodes()) {
      // A connection carries many requests: it is idle only where there are fewer requests than connections.
      used += Math.min(connections, inFlight)
      idle += Math.max(0, connections - inFlight)
      gone.delete(address)
      this.#set(address, isUp, inFlight)
    }
    for (const address of gone) this.#set(address, false, 0)
    this.#idle.updateUnsafe(idle, this.#context)
    this.#used.updateUnsafe(used, this.#context)
  }

  /** The session has closed its connections. */
  close(): void {
    for (const address of this.#nodes.keys()) this.#set(address, false, 0)
    this.#idle.updateUnsafe(0, this.#context)
    this.#used.updateUnsafe(0, this.#context)
  }

  #set(address: string, isUp: boolean, inFlight: number): void {
    let gauges = this.#nodes.get(address)
    if (gauges === undefined) {
      if (this.#nodes.size >= mostNodes) return
      const node = addressOf(address)
      const attributes = { ...this.#own, "server.address": node.address, "server.port": String(node.port) }
      gauges = { isUp: Metrics.nodeUp(attributes), inFlight: Metrics.nodeInFlight(attributes) }
      this.#nodes.set(address, gauges)
    }
    gauges.isUp.updateUnsafe(isUp ? 1 : 0, this.#context)
    gauges.inFlight.updateUnsafe(inFlight, this.#context)
  }
}
