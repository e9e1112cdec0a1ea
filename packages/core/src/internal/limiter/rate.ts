/**
 * A bound on the number of requests that begin in a time.
 *
 * Virtual scheduling (the generic cell rate algorithm): each request moves the time at which the next one is due by an
 * interval. A request may begin up to `burst - 1` intervals before it is due. The state is one number, and no rounding
 * adds up.
 */
import { type Abandoned, BasicLimiter } from "./basicLimiter.ts"
import type { Time } from "./time.ts"

/** Maximum delay in milliseconds that a limiter with waiters makes up for, since timers can be late. */
const maxCatchUp = 50

/** Tolerance for differences of large floating point numbers. */
const rounding = 1e-6

export class Rate extends BasicLimiter {
  readonly limit = Number.POSITIVE_INFINITY
  readonly lastMove = undefined
  readonly timed = true
  #interval: number
  #ahead: number
  #due = Number.NEGATIVE_INFINITY
  #refused = false

  constructor(time: Time, statements: number, per: number, burst: number) {
    super(time, 0)
    this.#interval = per / statements
    this.#ahead = (burst - 1) * this.#interval + rounding
  }

  /** Sets another rate. The wait for the next request is scaled, so that a request that was due late is due sooner at a higher rate. */
  set(statements: number, per: number, burst: number): void {
    const interval = per / statements
    const now = this.time.now()
    const wait = this.#due - now
    if (wait > 0) this.#due = now + (this.#interval > 0 ? wait * (interval / this.#interval) : 0)
    this.#interval = interval
    this.#ahead = (burst - 1) * interval + rounding
  }

  override hasRoom(now: number): boolean {
    if (this.#due - this.#ahead <= now) return true
    this.#refused = true
    return false
  }

  override take(now: number): void {
    super.take(now)
    // A waiter was due before now. Counting from now would lose the delay of the timer.
    this.#refused &&= this.gates.size > 0
    const earliest = this.#refused ? now - maxCatchUp : now
    this.#due = Math.max(this.#due, earliest) + this.#interval
  }

  /** Only beginnings count, so that a request that is still in the server does not. */
  override abandon(): Abandoned {
    this.inFlight--
    return { until: 0, over: true }
  }

  protected override roomAt(): number {
    return this.#due - this.#ahead
  }
}
