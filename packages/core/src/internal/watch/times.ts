/**
 * The times of a run, or of the statements of a session that are executed alone: by one reading of the clock for metrics and
 * spans.
 */
import type * as Clock from "effect/Clock"
import { nanosecondsOf } from "../nanoseconds.ts"

// Microseconds after which the two clocks are compared again: the wall clock of a machine is corrected now and then.
const anchorFor = 1_000_000

const longest = 2 ** 29

export class Times {
  readonly #clock: Clock.Clock
  /** Microseconds on the monotonic clock. Times are counted from here: small integers need no memory. */
  readonly #begun: number
  // Nanoseconds since the epoch where times begin, and until when that holds.
  #epoch = 0n
  #anchoredUntil = 0
  #last = 0
  // The last conversion: a call and its first attempt begin together.
  #converted = -1
  #nanos = 0n

  constructor(clock: Clock.Clock) {
    this.#clock = clock
    this.#begun = this.#microseconds()
  }

  #microseconds(): number {
    return nanosecondsOf(this.#clock.monotonicTimeNanosUnsafe()) / 1_000
  }

  /** Whole microseconds since this was made. */
  get now(): number {
    return this.#last = Math.trunc(this.#microseconds() - this.#begun)
  }

  /** True if these are the times of a clock, and still small integers. */
  serves(clock: Clock.Clock): boolean {
    return this.#clock === clock && this.#last < longest
  }

  /** Milliseconds on the monotonic clock at a time. */
  millisAt(time: number): number {
    return (this.#begun + time) / 1_000
  }

  /** Nanoseconds since the epoch at a time. */
  nanosAt(time: number): bigint {
    if (time === this.#converted) return this.#nanos
    if (time >= this.#anchoredUntil) {
      this.#epoch = this.#clock.currentTimeNanosUnsafe() - BigInt(this.now) * 1_000n
      this.#anchoredUntil = time + anchorFor
    }
    this.#converted = time
    return this.#nanos = this.#epoch + BigInt(time) * 1_000n
  }
}
