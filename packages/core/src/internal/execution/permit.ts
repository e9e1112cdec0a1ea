/**
 * The permits of one statement: one for each attempt.
 *
 * Only made if there is a limiter, so that a run without one has no cost.
 */
import type { Abandoned, Gate } from "../limiter/gate.ts"
import type { Signal } from "../reasons.ts"

export class Permit {
  readonly #gate: Gate
  #since: number | undefined
  #leaveLine: (() => void) | undefined
  // How its last attempt has ended, until it is given back for that.
  #ended: Signal | undefined

  constructor(gate: Gate) {
    this.#gate = gate
  }

  get isHeld(): boolean {
    return this.#since !== undefined
  }

  /** Takes a permit if one is free and no statement waits before this one. */
  tryTake(): boolean {
    const now = this.#gate.now
    if (!this.#gate.tryAcquire(now)) return false
    this.#since = now
    return true
  }

  /** Stands in line, after `tryTake` has refused; calls back with the permit in hand. */
  wait(resume: () => void): void {
    this.#leaveLine = this.#gate.wait((now) => {
      this.#leaveLine = undefined
      this.#since = now
      resume()
    })
  }

  /** Leaves the line; whether it stood in one. */
  leaveLine(): boolean {
    const leave = this.#leaveLine
    this.#leaveLine = undefined
    leave?.()
    return leave !== undefined
  }

  /** Its attempt has ended so. It is given back by {@link giveBackEnded}. */
  end(signal: Signal): void {
    this.#ended = signal
  }

  /** Gives it back for the attempt that has ended, once: not for another one that has begun since. */
  giveBackEnded(): void {
    const signal = this.#ended
    this.#ended = undefined
    if (signal !== undefined) this.giveBack(signal)
  }

  /** Returns the permit at the end of its attempt, with the signal about the load. */
  giveBack(signal: Signal): void {
    if (this.#since === undefined) return
    const now = this.#gate.now
    const latency = now - this.#since
    this.#since = undefined
    this.#gate.release(signal, latency, now)
  }

  /** Gives back the permit of an abandoned attempt, which the server still has. */
  abandon(timedOut: boolean): Abandoned | undefined {
    if (this.#since === undefined) return undefined
    const now = this.#gate.now
    const latency = now - this.#since
    this.#since = undefined
    return this.#gate.abandon(timedOut, latency, now)
  }
}
