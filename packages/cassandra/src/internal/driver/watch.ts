/**
 * Finds connections that no longer receive anything.
 *
 * The driver sends a heartbeat when nothing was *written* for the heartbeat interval (`lib/connection.js:589`), so a
 * connection that is dead and in use is never asked. This watch asks when nothing was *read* for nearly that long while
 * answers are due, and ends the connection when the request timeout is over without a byte: at most the heartbeat interval
 * and the timeout after the last one.
 */
import type { DriverConnection } from "./connection.ts"
import { ping } from "./ping.ts"
import { after, now } from "./timer.ts"

interface State {
  bytesRead: number
  /** Since when nothing was read while an answer was due, as far as the checks could see: at most a period too late. */
  since: number
  /** When the heartbeat was sent. */
  askedAt: number | undefined
}

export class Watch {
  readonly #connections: () => Iterable<DriverConnection>
  readonly #heartbeat: number
  readonly #timeout: number
  readonly #period: number
  readonly #states = new WeakMap<DriverConnection, State>()
  #last = now()
  #wasLate = false
  #cancel = () => {}

  /** `heartbeat` and `timeout` in milliseconds; with an infinite heartbeat nothing is watched. */
  constructor(connections: () => Iterable<DriverConnection>, heartbeat: number, timeout: number) {
    this.#connections = connections
    this.#heartbeat = heartbeat
    this.#timeout = Number.isFinite(timeout) ? timeout : heartbeat
    this.#period = Math.max(shortestPeriod, Math.min(longestPeriod, Math.min(heartbeat, this.#timeout) / 6))
    if (Number.isFinite(heartbeat)) this.#next()
  }

  #next(): void {
    this.#cancel = after(this.#period, () => {
      const at = now()
      // The event loop was blocked, and timers run before sockets are read. What came meanwhile is seen by the next check.
      const isLate = at - this.#last > 2 * this.#period
      if (!isLate || this.#wasLate) this.#check(at)
      this.#wasLate = isLate && !this.#wasLate
      this.#last = at
      this.#next()
    })
  }

  #check(at: number): void {
    for (const connection of this.#connections()) this.#look(connection, at)
  }

  #look(connection: DriverConnection, at: number): void {
    const { netClient } = connection
    if (!connection.connected || netClient === undefined || netClient.destroyed) return
    const { bytesRead } = netClient
    const state = this.#states.get(connection)
    if (state === undefined || state.bytesRead !== bytesRead || connection.getInFlight() === 0) {
      this.#states.set(connection, { bytesRead, since: at, askedAt: undefined })
      return
    }
    if (state.askedAt === undefined) {
      // The silence began up to a period before it was seen; this check and the last come up to a period late.
      if (at - state.since < this.#heartbeat - 3 * this.#period) return
      state.askedAt = at
      ping(connection)
    } else if (at - state.askedAt >= this.#timeout) {
      netClient.destroy(new Error(`no answer for ${Math.round(at - state.since)} ms`))
    }
  }

  stop(): void {
    this.#cancel()
  }
}

const shortestPeriod = 20
const longestPeriod = 1_000
