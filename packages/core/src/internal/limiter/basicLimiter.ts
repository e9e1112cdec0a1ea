/**
 * A limiter that is not a combination of others: its load, and the room for one more request.
 *
 * Plain fields and callbacks: with a limiter, every request passes through here twice.
 */
import { hasProperty } from "effect/Predicate"
import * as Check from "../../Check.ts"
import type { Move, MoveReason, State } from "../../Limiter.ts"
import type { Signal } from "../reasons.ts"
import type { Gate } from "./gate.ts"
import { shared } from "./shared.ts"
import type { Time } from "./time.ts"

/** An abandoned request of one limiter: load until its answer comes or its time is over. */
export interface Abandoned {
  readonly until: number
  over: boolean
}

/** Key of the basic limiters that a limiter consists of, hidden from its users. */
export const basicLimiters: unique symbol = Symbol.for("@effect-cql/core/Limiter/basicLimiters")

export abstract class BasicLimiter {
  /** Identifies the limiter. Limiters made later have higher ones. */
  readonly id = shared.made++
  readonly time: Time
  /** Time for which an abandoned request counts as load, in milliseconds. */
  readonly #abandonedFor: number
  inFlight = 0
  abandoned = 0
  #abandoned: Array<Abandoned> = []
  /** Gates with waiters that need this limiter, and possibly others. */
  readonly gates = new Set<Gate>()
  /** All gates in which this is the newest limiter, by the identifiers of their limiters. */
  readonly known = new Map<string, Gate>()
  /** Moves of the limit that no metric has counted yet. */
  readonly moves = new Map<MoveReason, number>()
  #wakeAt = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(time: Time, abandonedFor: number) {
    this.time = time
    this.#abandonedFor = abandonedFor
  }

  /** Maximum number of requests in flight. Infinite if only the rate is bounded. */
  abstract readonly limit: number
  abstract readonly lastMove: Move | undefined
  /** The limiter needs the times at which requests begin, and their latencies. */
  abstract readonly timed: boolean

  /** Snapshot for users. */
  get state(): State {
    if (this.abandoned > 0) this.#expire()
    const { abandoned, inFlight, lastMove, limit } = this
    let waiting = 0
    for (const gate of this.gates) waiting += gate.waiting
    return { limit, inFlight, waiting, abandoned, lastMove }
  }

  /** Returns true if one more request may begin. */
  hasRoom(_now: number): boolean {
    if (this.abandoned > 0) this.#expire()
    return this.inFlight + this.abandoned < this.limit
  }

  take(_now: number): void {
    this.inFlight++
  }

  /** Counts a request that has ended. */
  release(_signal: Signal, _latency: number, _now: number): void {
    this.inFlight--
  }

  /** Counts a request that timed out or was interrupted, and on which the server still works. */
  abandon(_timedOut: boolean, _latency: number, _now: number): Abandoned {
    this.inFlight--
    this.abandoned++
    const entry: Abandoned = { until: this.time.now() + this.#abandonedFor, over: false }
    this.#abandoned.push(entry)
    return entry
  }

  /** Counts the late answer of an abandoned request. */
  answered(entry: Abandoned): void {
    if (entry.over) return
    entry.over = true
    if (--this.abandoned === 0) this.#abandoned = []
  }

  // All of them count for the same time, so that they end in their order.
  #expire(): void {
    const now = this.time.now()
    const entries = this.#abandoned
    const left = entries.findIndex((entry) => !entry.over && entry.until > now)
    const ended = left < 0 ? entries : entries.slice(0, left)
    if (ended.length === 0) return
    this.#abandoned = left < 0 ? [] : entries.slice(left)
    for (const entry of ended) this.answered(entry)
  }

  /** Returns the time at which there will be room even if no request ends. */
  protected roomAt(): number {
    if (this.abandoned === 0) return Number.POSITIVE_INFINITY
    return this.#abandoned.find((entry) => !entry.over)!.until
  }

  /** Returns the time at which the waiters need a look. Infinite if an event will bring it. */
  #nextLook(): number {
    if (this.gates.size === 0) return Number.POSITIVE_INFINITY
    const now = this.time.now()
    if (!this.hasRoom(now)) return this.roomAt()
    // A timer that is set will resume them. Without one, they wait for another limiter, or room came between the refusal
    // and the wait, and no event will report it.
    if (this.#wakeAt < Number.POSITIVE_INFINITY) return this.#wakeAt
    for (const gate of this.gates) if (gate.isOpen(now)) return now
    return Number.POSITIVE_INFINITY
  }

  /** Sets the timer that calls `wake` when there may be room for the waiters, if time alone can make it. */
  arm(wake: (limiter: BasicLimiter) => void): void {
    const at = this.#nextLook()
    if (at === this.#wakeAt) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#wakeAt = at
    if (at === Number.POSITIVE_INFINITY) return
    // Timers count whole milliseconds. An early one would find no room.
    const delay = Math.max(1, Math.ceil(at - this.time.now()))
    this.#cancelTimer = this.time.after(delay, () => {
      this.#cancelTimer = undefined
      this.#wakeAt = Number.POSITIVE_INFINITY
      wake(this)
    })
  }
}

/** The rule of a limiter. A value that is not one, such as the effect that makes one, would silently limit nothing. */
export const aLimiter = Check.rule(
  "a Limiter, such as the result of `yield* Limiter.fixed(n)`",
  (value) => hasProperty(value, basicLimiters)
)
