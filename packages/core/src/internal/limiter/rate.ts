/**
 * A bound on how many requests begin in a time.
 *
 * Virtual scheduling (the generic cell rate algorithm): each request moves the moment at which the next one is due by an
 * interval, and may begin up to `burst - 1` intervals before it is due. One number is all the state there is, and no
 * rounding adds up.
 */
import { type Abandoned, BasicLimiter } from "./basicLimiter.ts"
import type { Time } from "./time.ts"

/** How far behind its schedule a limiter with waiters may be and still make up for it: timers are late now and then. */
const catchUp = 50

// Differences of large floating point numbers.
const rounding = 1e-6

export class Rate extends BasicLimiter {
  readonly limit = Number.POSITIVE_INFINITY
  readonly lastMove: string | undefined = undefined
  readonly timed = true
  readonly #interval: number
  readonly #ahead: number
  #due = Number.NEGATIVE_INFINITY
  #refused = false

  constructor(time: Time, statements: number, per: number, burst: number) {
    super(time, 0)
    this.#interval = per / statements
    this.#ahead = (burst - 1) * this.#interval + rounding
  }

  override hasRoom(now: number): boolean {
    if (this.#due - this.#ahead <= now) return true
    this.#refused = true
    return false
  }

  override take(now: number): void {
    super.take(now)
    // Who waited was due before now: counting from now would lose what timers are late.
    this.#refused &&= this.gates.size > 0
    const earliest = this.#refused ? now - catchUp : now
    this.#due = Math.max(this.#due, earliest) + this.#interval
  }

  /** What is still in the server does not count: only beginnings do. */
  override abandon(): Abandoned {
    this.inFlight--
    return { until: 0, over: true }
  }

  protected override roomAt(): number {
    return this.#due - this.#ahead
  }
}
