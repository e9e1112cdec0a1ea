/**
 * One timer for all the timeouts of a run.
 *
 * The driver is asked to time out by itself; this is for what it misses. An `Effect.timeout` around each statement would
 * cost ten times what the engine costs, so the statements in flight are swept now and then instead: at their deadline
 * where sweeps are rare, and never more than `max(50 ms, 10 % of the timeout)` late.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Execution } from "./execution.ts"

export class Sweeper {
  readonly #clock: Clock.Clock
  readonly #fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly #inFlight: ReadonlyArray<Execution>
  #isClosed = false
  #timer: Fiber.Fiber<void> | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #lastSweep = Number.NEGATIVE_INFINITY
  #granularity = Number.POSITIVE_INFINITY

  constructor(
    clock: Clock.Clock,
    fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>,
    inFlight: ReadonlyArray<Execution>
  ) {
    this.#clock = clock
    this.#fork = fork
    this.#inFlight = inFlight
  }

  /** Sets the deadline of the attempt that an execution has just begun. */
  watch(execution: Execution, timeout: number): void {
    if (this.#isClosed) return
    const now = this.#now()
    const deadline = now + timeout
    execution.deadline = deadline
    this.#granularity = Math.min(this.#granularity, Math.max(50, timeout / 10))
    this.#cover(now, deadline)
  }

  // Deadlines mostly come in their order, so that the timer that is set already covers this one.
  #cover(now: number, deadline: number): void {
    if (this.#timer === undefined || deadline + this.#granularity < this.#wakeAt) this.#set(now, deadline)
  }

  /** Sweeps no more. */
  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  #stop(): void {
    const timer = this.#timer
    this.#timer = undefined
    timer?.interruptUnsafe()
  }

  #set(now: number, deadline: number): void {
    this.#stop()
    this.#wakeAt = Math.max(deadline, this.#lastSweep + this.#granularity)
    const sleep = this.#clock.sleep(Duration.millis(Math.max(1, Math.ceil(this.#wakeAt - now))))
    this.#timer = this.#fork(Effect.map(sleep, () => this.#sweep()))
  }

  #sweep(): void {
    const now = this.#now()
    this.#timer = undefined
    this.#lastSweep = now
    const late: Array<Execution> = []
    let earliest = Number.POSITIVE_INFINITY
    for (const execution of this.#inFlight) {
      if (execution.deadline === undefined) continue
      if (execution.deadline <= now) late.push(execution)
      else earliest = Math.min(earliest, execution.deadline)
    }
    // Statements that start in the places of these set the timer for themselves, not for those that were there before.
    for (const execution of late.sort((a, b) => a.index - b.index)) if (isStillLate(execution, now)) execution.timeOut()
    if (earliest < Number.POSITIVE_INFINITY) this.#cover(now, earliest)
  }

  #now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6
  }
}

// The end of one that was late may have been the end of another one, or the beginning of its wait for a retry.
const isStillLate = ({ deadline, place }: Execution, now: number): boolean =>
  place >= 0 && deadline !== undefined && deadline <= now
