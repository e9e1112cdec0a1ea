/**
 * The first connection of a client, and the first after all were lost.
 *
 * The driver resolves all names before it connects (`lib/control-connection.js:194`), by DNS servers and not as the system does
 * (`lib/control-connection.js:910`), and tries one address after the other (`lib/control-connection.js:304`): one silent server
 * or name service takes the time of all others. Here names are resolved by the
 * system, each independently. Addresses are tried side by side, each a moment after the one before, and the first that
 * answers wins.
 */
import { type Client, errors } from "cassandra-driver"
import * as Effect from "effect/Effect"
import dns from "node:dns"
import { canonical, type ContactPoint, parseContactPoint } from "./address.ts"
import { type DriverConnection, end } from "./connection.ts"
import type { Connections } from "./connections.ts"
import { type ControlConnection, localRowOf, textOf } from "./control.ts"
import { internals } from "./driver.ts"
import { WrongNode } from "./effects.ts"
import { once } from "./once.ts"
import type { Overrides } from "./override.ts"
import { after, afterReading } from "./timer.ts"

/** Time limits of a round of connecting, in milliseconds. */
export interface Pace {
  /** After this long the next address is tried, beside those under way. */
  readonly stagger: number
  /** After this long a name counts as not resolved. */
  readonly lookup: number
}

/** One attempt to connect. */
interface Attempt {
  readonly endpoint: string
  readonly connection: DriverConnection | undefined
}

/** The attempt that won. */
interface Won {
  readonly endpoint: string
  readonly connection: DriverConnection
}

/** The addresses of one round, and how far it got. */
interface Round {
  readonly endpoints: Iterator<string>
  readonly tried: Set<string>
  /** The connection that won before, and then failed to describe the cluster. */
  winner: DriverConnection | undefined
}

export class ContactPoints {
  /** Why names could not be resolved. */
  readonly unresolved = new Map<string, Error>()
  /** The cluster that the client belongs to, once it is known. */
  clusterName: string | undefined
  readonly #control: ControlConnection
  readonly #connections: Connections
  readonly #pace: (addresses: number) => Pace
  readonly #rounds = new WeakMap<Iterator<string>, Round>()
  readonly #waiters = new Set<() => void>()
  #lookups = 0
  #won: Won | undefined

  /** `pace` is asked for the time limits again whenever the number of addresses may have changed. */
  constructor(client: Client, connections: Connections, overrides: Overrides, pace: (addresses: number) => Pace) {
    const control = internals(client).controlConnection
    this.#control = control
    this.#connections = connections
    this.#pace = pace
    overrides.method(control, "_parseContactPoint", () => (text) => this.#resolve(text))
    overrides.method(control, "_createConnection", (original) => (endpoint) => {
      const won = this.#won
      this.#won = undefined
      return won?.endpoint === endpoint ? Promise.resolve(won.connection) : original(endpoint)
    })
    const create = control._createConnection
    overrides.method(
      control,
      "_borrowFirstConnection",
      (original) => (endpoints) =>
        create === undefined ? original(endpoints) : this.#borrow(endpoints, create, original)
    )
  }

  #paceNow(): Pace {
    return this.#pace(this.#control._contactPoints.size)
  }

  #resolve(text: string): Promise<void> {
    const point = parseContactPoint(text.trim())
    if (point === undefined || point.isAddress) {
      this.#add(text, point, point?.host ?? text)
      return Promise.resolve()
    }
    this.#lookups++
    let isOver = false
    const ended = once((error: Error | null, addresses: ReadonlyArray<dns.LookupAddress>) => {
      isOver = true
      this.#lookups--
      if (addresses.length > 0) this.unresolved.delete(text)
      else this.unresolved.set(text, error ?? new Error("the name has no address"))
      for (const { address } of addresses) this.#add(text, point, address)
      if (addresses.length === 0) this.#control._addContactPoint(null, null, text, false)
      this.#notify()
    })
    return Effect.runPromise(Effect.callback<void>((resume) => {
      const { lookup } = this.#paceNow()
      const cancel = afterReading(
        lookup,
        () => ended(new Error(`the name service did not answer within ${lookup} ms`), [])
      )
      dns.lookup(point.host, { all: true, order: "verbatim" }, (error, addresses) => {
        cancel()
        ended(error, addresses ?? [])
      })
      // One address is enough to begin with. The others join when they are known.
      const proceed = () => {
        if (!isOver && this.#control._contactPoints.size === 0) return void this.#waiters.add(proceed)
        resume(Effect.void)
      }
      proceed()
    }))
  }

  #add(text: string, point: ContactPoint | undefined, address: string): void {
    const port = point?.port === undefined ? null : String(point.port)
    const host = canonical(address)
    this.#control._addContactPoint(host, port, text, host.includes(":"))
    this.#notify()
  }

  #notify(): void {
    const waiters = Array.from(this.#waiters)
    this.#waiters.clear()
    for (const each of waiters) each()
  }

  #borrow(
    endpoints: Iterator<string>,
    create: (endpoint: string) => Promise<DriverConnection>,
    original: (endpoints: Iterator<string>) => Promise<void>
  ): Promise<void> {
    const round = this.#rounds.get(endpoints) ?? { endpoints, tried: new Set(), winner: undefined }
    this.#rounds.set(endpoints, round)
    // The driver leaves it open, and asks for another (`lib/control-connection.js:543`).
    if (round.winner !== undefined) end(round.winner)
    return this.#race(round, create).then((won) => {
      round.winner = won.connection
      this.#won = won
      return original([won.endpoint][Symbol.iterator]())
    })
  }

  #next({ endpoints, tried }: Round): string | undefined {
    for (let item = endpoints.next(); item.done !== true; item = endpoints.next()) {
      if (!tried.has(item.value)) return item.value
    }
    return Array.from(this.#control._contactPoints).find((endpoint) => !tried.has(endpoint))
  }

  #race(
    round: Round,
    create: (endpoint: string) => Promise<DriverConnection>
  ): Promise<Won> {
    const control = this.#control
    return Effect.runPromise(Effect.callback<Won, unknown>((resume) => {
      const underWay = new Set<Attempt>()
      let cancel = () => {}
      let isOver = false

      const finish = (exit: Parameters<typeof resume>[0]) => {
        isOver = true
        cancel()
        this.#waiters.delete(more)
        resume(exit)
      }
      const lost = ({ endpoint }: Attempt, error: unknown) => {
        // As the driver does (`lib/control-connection.js:315`).
        if (control._triedHosts !== null) control._triedHosts[endpoint] = error
        more()
      }
      const won = (attempt: Attempt, connection: DriverConnection) => {
        for (const { connection, endpoint } of underWay) {
          if (endpoint === attempt.endpoint) continue
          // It has not had its time, and may be needed where the winner turns out to be of no use.
          round.tried.delete(endpoint)
          if (connection !== undefined) end(connection)
        }
        finish(Effect.succeed({ endpoint: attempt.endpoint, connection }))
      }
      const begin = (endpoint: string) => {
        round.tried.add(endpoint)
        const { connection, opened } = this.#connections.opening(() => create(endpoint))
        const attempt: Attempt = { endpoint, connection }
        underWay.add(attempt)
        const leave = <A>(value: A): A => {
          underWay.delete(attempt)
          return value
        }
        opened.then((connection) => Effect.runPromise(Effect.as(this.#check(connection), connection))).then(
          (connection) => isOver ? end(leave(connection)) : won(leave(attempt), connection),
          (error: unknown) => {
            leave(attempt)
            if (!isOver) lost(attempt, error)
          }
        )
      }
      /** Begins the next attempt; waits for one that is under way, or for a name, where there is none to begin. */
      const more = (): void => {
        if (isOver) return
        cancel()
        const endpoint = this.#next(round)
        if (endpoint !== undefined) begin(endpoint)
        else if (underWay.size === 0 && this.#lookups === 0) {
          return finish(Effect.fail(new errors.NoHostAvailableError(control._triedHosts ?? {})))
        }
        this.#waiters.add(more)
        if (endpoint !== undefined) cancel = after(this.#paceNow().stagger, more)
      }
      more()
    }))
  }

  /** After an outage a contact point may have become the address of another cluster. */
  #check(connection: DriverConnection): Effect.Effect<void, unknown> {
    const { clusterName } = this
    if (clusterName === undefined) return Effect.void
    return Effect.flatMap(localRowOf(this.#control, connection), (row) => {
      const name = textOf(row?.["cluster_name"])
      if (this.isOfCluster(name)) return Effect.void
      end(connection)
      return Effect.fail(new WrongNode({ message: `belongs to the cluster "${name}", and not to "${clusterName}"` }))
    })
  }

  /** Returns false for the name of another cluster. */
  isOfCluster(name: string | undefined): boolean {
    return name === undefined || this.clusterName === undefined || name === this.clusterName
  }
}
