/**
 * One limiter that is not put together from others: what it has given out, and whether there is room for one more.
 *
 * Plain fields and callbacks: with a limiter every request passes through here twice.
 */
import type { Signal } from "../reasons.ts"
import type { Gate } from "./gate.ts"
import type { Time } from "./time.ts"

/** An abandoned request as one limiter keeps it: load until it is over, one way or the other. */
export interface Abandoned {
  readonly until: number
  over: boolean
}

/** Where a limiter keeps the limiters that it is made of, out of the way of its users. */
export const basicLimiters: unique symbol = Symbol.for("@effect-cql/core/Limiter/basicLimiters")

interface Snapshot {
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
  readonly abandoned: number
  readonly lastMove: string | undefined
}

let made = 0

export abstract class BasicLimiter {
  /** Distinguishes limiters, and puts them in the order in which they were made. */
  readonly id = made++
  readonly time: Time
  /** How long an abandoned request counts as load, in milliseconds. */
  readonly #abandonedFor: number
  inFlight = 0
  abandoned = 0
  #abandoned: Array<Abandoned> = []
  /** What waits for this limiter, and maybe for others as well. */
  readonly gates = new Set<Gate>()
  /** All gates of which this is the youngest limiter, by the limiters that they are made of. */
  readonly known = new Map<string, Gate>()
  #wakeAt = Number.POSITIVE_INFINITY
  #calledOff: (() => void) | undefined

  constructor(time: Time, abandonedFor: number) {
    this.time = time
    this.#abandonedFor = abandonedFor
  }

  /** Requests that may be in flight; infinite where only the rate is bounded. */
  abstract readonly limit: number
  abstract readonly lastMove: string | undefined
  /** Whether it needs to know the time at which requests begin, and their latencies. */
  abstract readonly timed: boolean

  /** A snapshot for users. */
  get state(): Snapshot {
    if (this.abandoned > 0) this.#expire()
    const { abandoned, inFlight, lastMove, limit } = this
    let waiting = 0
    for (const gate of this.gates) waiting += gate.waiting
    return { limit, inFlight, waiting, abandoned, lastMove }
  }

  /** Whether one more request may begin. */
  hasRoom(_now: number): boolean {
    if (this.abandoned > 0) this.#expire()
    return this.inFlight + this.abandoned < this.limit
  }

  take(_now: number): void {
    this.inFlight++
  }

  /** A request has ended. */
  release(_signal: Signal, _latency: number, _now: number): void {
    this.inFlight--
  }

  /** Nobody waits for a request any more, but the server is still busy with it. */
  abandon(_timedOut: boolean, _latency: number, _now: number): Abandoned {
    this.inFlight--
    this.abandoned++
    const entry: Abandoned = { until: this.time.now() + this.#abandonedFor, over: false }
    this.#abandoned.push(entry)
    return entry
  }

  /** The late answer of an abandoned request has come. */
  answered(entry: Abandoned): void {
    if (entry.over) return
    entry.over = true
    if (--this.abandoned === 0) this.#abandoned = []
  }

  // All are kept for the same time, so that they end in their order.
  #expire(): void {
    const now = this.time.now()
    const entries = this.#abandoned
    const left = entries.findIndex((entry) => !entry.over && entry.until > now)
    const ended = left < 0 ? entries : entries.slice(0, left)
    if (ended.length === 0) return
    this.#abandoned = left < 0 ? [] : entries.slice(left)
    for (const entry of ended) this.answered(entry)
  }

  /** When there will be room by the mere passing of time. */
  protected roomAt(): number {
    if (this.abandoned === 0) return Number.POSITIVE_INFINITY
    return this.#abandoned.find((entry) => !entry.over)!.until
  }

  /** When those who wait have to be looked after; infinite when something else does that. */
  #nextLook(): number {
    if (this.gates.size === 0) return Number.POSITIVE_INFINITY
    const now = this.time.now()
    if (!this.hasRoom(now)) return this.roomAt()
    // The timer that is set is about to let them go. Without one it is another limiter that they wait for, or there was no
    // room a moment ago, when they were told to wait, and nobody else would tell them that there is some by now.
    if (this.#wakeAt < Number.POSITIVE_INFINITY) return this.#wakeAt
    for (const gate of this.gates) if (gate.isOpen(now)) return now
    return Number.POSITIVE_INFINITY
  }

  /** Has those who wait looked after when there may be room for them, if time alone can make it. */
  arm(wake: (limiter: BasicLimiter) => void): void {
    const at = this.#nextLook()
    if (at === this.#wakeAt) return
    this.#calledOff?.()
    this.#calledOff = undefined
    this.#wakeAt = at
    if (at === Number.POSITIVE_INFINITY) return
    // Timers count whole milliseconds, and one that is early would find no room.
    const delay = Math.max(1, Math.ceil(at - this.time.now()))
    this.#calledOff = this.time.after(delay, () => {
      this.#calledOff = undefined
      this.#wakeAt = Number.POSITIVE_INFINITY
      wake(this)
    })
  }
}
