/**
 * The nodes that the driver knows, in the order in which a request tries them.
 */
import type { Request } from "@effect-cql/core/Port"
import type { Client } from "cassandra-driver"
import { internals } from "./driver.ts"
import { after } from "./timer.ts"
import type { WireConnection } from "./wire.ts"

/** A node. Its type declares all but the methods that concern its pool. */
export interface DriverHost {
  readonly address: string
  readonly isUp: () => boolean
  /** `lib/host.js:296`. Throws if no connection is open, or if all are busy (`lib/host-connection-pool.js:106`). */
  readonly borrowConnection: () => WireConnection
  /** `lib/host.js:361`: called where a connection fails while a request is on it. */
  readonly removeFromPool: (connection: WireConnection) => void
  /** `lib/host.js:349`: called where a request on a connection times out. Removes it from the pool after too many. */
  readonly checkHealth: (connection: WireConnection) => void
}

/**
 * A load-balancing policy as the driver calls it: without options where a statement is prepared
 * (`lib/prepare-handler.js:108`).
 */
interface LoadBalancing {
  readonly newQueryPlan: (
    keyspace: string | undefined,
    options: object | null,
    callback: (error: Error | null | undefined, hosts: Iterator<DriverHost>) => void
  ) => void
}

/** A profile with its policy (`lib/execution-profile.js:157`) and the defaults of its requests. The driver declares them. */
export interface Profile {
  readonly name: string
  readonly loadBalancing: LoadBalancing
  readonly consistency?: number | undefined
  readonly serialConsistency?: number | undefined
}

type Inner = ReturnType<typeof internals>

// A node that is not to be used (`lib/types/index.js:214`).
const ignored = 2

/** Milliseconds that a policy has for a plan that the adapter needs for itself. */
export const planPatience = 1_000

const noPlan = new Error("the policy gave no plan")

/** The profile of this name, or the default one. */
export const profileOf = (client: Client, name: string | undefined): Profile | undefined =>
  internals(client).profileManager.getProfile(name)

interface WithPools {
  readonly hosts: { readonly values: () => Iterable<DriverHost> }
}

/** The nodes that a client knows. Each is a `Host`, with the methods of its pool. */
const nodesOf = (client: Client): Iterable<DriverHost> => {
  const { hosts }: WithPools = client as Client & WithPools
  return hosts.values()
}

/** Result of a tried node: an error, or undefined if the node was skipped. */
export type Tried = Map<string, unknown>

/** All nodes that could take a request were tried, and none answered. */
export class NoHost {
  readonly tried: Tried

  constructor(tried: Tried) {
    this.tried = tried
  }
}

/** Where a request goes next. */
export interface Next {
  readonly host: DriverHost
  readonly connection: WireConnection
}

/** The nodes that a request tries after all others. */
export interface Avoided {
  /** True if there is none for any request. */
  readonly isEmpty: boolean
  readonly has: (host: DriverHost, request: Request | undefined) => boolean
  /** Takes in that a node owes an answer, whatever request it is to. */
  readonly mark: (next: Next) => void
  /** Returns true for a marked node from which nothing was read since. */
  readonly isSilent: (host: DriverHost) => boolean
}

/** The nodes for one request, in the order of a query plan. */
export class Plan {
  readonly tried: Tried = new Map()
  readonly #client: Inner
  readonly #hosts: Iterator<DriverHost>
  readonly #avoided: Avoided
  readonly #request: Request | undefined
  #last: Array<DriverHost> | undefined

  private constructor(
    client: Inner,
    hosts: Iterator<DriverHost>,
    avoided: Avoided,
    request: Request | undefined
  ) {
    this.#client = client
    this.#hosts = hosts
    this.#avoided = avoided
    this.#request = request
  }

  /**
   * Asks the policy of a profile. `done` is called once: immediately, unless the policy takes its time. It gets what a policy
   * throws.
   */
  static make(
    client: Client,
    profile: Profile,
    avoided: Avoided,
    options: { readonly request: Request } | null,
    done: (plan: Plan | undefined, error?: unknown) => void
  ): void {
    const inner = internals(client)
    let isDone = false
    // A second plan would send a request twice. One closure, because this is done for each request.
    const answer = (error: unknown, hosts?: Iterator<DriverHost> | null): void => {
      if (isDone) return
      isDone = true
      if (hosts === undefined || hosts === null || (error !== null && error !== undefined)) {
        done(undefined, error ?? noPlan)
      } else done(new Plan(inner, hosts, avoided, options?.request))
    }
    // Policies are code of the user's as well.
    try {
      profile.loadBalancing.newQueryPlan(inner.keyspace, options, answer)
    } catch (error) {
      answer(error)
    }
  }

  /**
   * Asks the default policy for a request of the adapter itself, which concerns no partition. If the policy gives no plan in
   * time, all nodes that it does not ignore are the plan. `done` is called once, and never after the wait was ended by
   * what this returns.
   */
  static makeOfAdapter(
    client: Client,
    avoided: Avoided,
    done: (plan: Plan | undefined, error?: unknown) => void,
    patience = planPatience
  ): () => void {
    const inner = internals(client)
    const profile = profileOf(client, undefined)
    if (profile === undefined) {
      done(undefined, new NoHost(new Map()))
      return () => {}
    }
    let isOver = false
    const isFirst = (): boolean => {
      if (isOver) return false
      isOver = true
      stopTimer()
      return true
    }
    const stopTimer = after(patience, () => {
      if (isFirst()) done(new Plan(inner, Array.from(nodesOf(client)).values(), avoided, undefined))
    })
    Plan.make(client, profile, avoided, null, (plan, error) => {
      if (isFirst()) done(plan, error)
    })
    return isFirst
  }

  /** The same as `next` for a request that is only an extra: undefined also if the policy throws. */
  nextOfExtra(): Next | undefined {
    // Policies are code of the user's as well.
    try {
      return this.next()
    } catch {
      return undefined
    }
  }

  /** The next node with a connection that can take a request; undefined when there is none. May throw what a policy throws. */
  next(): Next | undefined {
    const { profileManager } = this.#client
    for (;;) {
      const item = this.#hosts.next()
      if (item.done === true) return this.#nextOfLast()
      const host = item.value
      if (profileManager.getDistance(host) === ignored) continue
      if (!host.isUp()) {
        this.tried.set(host.address, undefined)
        continue
      }
      if (!this.#avoided.isEmpty && this.#avoided.has(host, this.#request)) {
        ;(this.#last ??= []).push(host)
        continue
      }
      const connection = this.borrow(host)
      if (connection !== undefined) return { host, connection }
    }
  }

  #nextOfLast(): Next | undefined {
    for (let host = this.#last?.shift(); host !== undefined; host = this.#last?.shift()) {
      const connection = this.borrow(host)
      if (connection !== undefined) return { host, connection }
    }
    return undefined
  }

  /** A connection of this node; undefined if it has none that can take a request. */
  borrow(host: DriverHost): WireConnection | undefined {
    // The driver throws where a host is down or busy. This is done for each request.
    try {
      return host.borrowConnection()
    } catch (error) {
      this.tried.set(host.address, error)
      return undefined
    }
  }

  get keyspace(): string | undefined {
    return this.#client.keyspace
  }
}

/**
 * Brings a connection into the keyspace of its client (`lib/connection.js:463`). `entered` is called at once if it is there
 * already.
 */
export const enterKeyspace = (
  client: Client,
  connection: WireConnection,
  entered: (error?: unknown) => void
): void => {
  const { keyspace } = client
  if (!keyspace || keyspace === connection.keyspace) return entered()
  connection.changeKeyspace(keyspace).then(() => entered(), entered)
}
