/**
 * One timer for the timeouts of everything that a session runs under one Clock.
 *
 * An `Effect.timeout` around each statement would cost ten times what the engine costs, so the statements in flight are
 * swept now and then instead: at their deadline where sweeps are rare, and never more than `max(50 ms, 10 % of the timeout)`
 * late. Without a statement in flight there is no timer.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Environment } from "../run/environment.ts"
import type { Execution } from "./execution.ts"
import { Places } from "./places.ts"
import { isBehind, onceRead } from "./reading.ts"

export class Sweeper {
  readonly #environment: Environment
  readonly #onIdle: () => void
  readonly #watched = new Places<Execution>()
  // Those that have begun in this turn of the event loop, and have no deadline yet.
  #undated: Array<Execution> = []
  #timer: Fiber.Fiber<void> | undefined
  #isStopping = false
  #isReading = false
  #wakeAt = Number.POSITIVE_INFINITY
  #lastSweep = Number.NEGATIVE_INFINITY
  #granularity = Number.POSITIVE_INFINITY

  /** The environment is that of the first statement: all that are watched share its Clock. */
  constructor(environment: Environment, onIdle: () => void) {
    this.#environment = environment
    this.#onIdle = onIdle
  }

  /** Sets the deadline of the attempt that an execution has just begun. */
  watch(execution: Execution, timeout: number): void {
    this.#enlist(execution)
    const { now } = this.#environment
    this.#cover(now, this.#date(execution, timeout, now))
  }

  /** The same, where many begin: from the end of this turn of the event loop on, by one reading of the clock for all of them. */
  watchSoon(execution: Execution): void {
    this.#enlist(execution)
    if (this.#undated.push(execution) === 1) this.#dateAllSoon()
  }

  #dateAllSoon(): void {
    this.#environment.dispatcher.scheduleTask(() => this.#dateAll(), 0)
  }

  #enlist(execution: Execution): void {
    execution.deadline = undefined
    execution.sweeper = this
    execution.slot = this.#watched.add(execution)
  }

  #date(execution: Execution, timeout: number, now: number): number {
    this.#granularity = Math.min(this.#granularity, Math.max(50, timeout / 10))
    return execution.deadline = now + timeout
  }

  #dateAll(): void {
    const undated = this.#undated
    this.#undated = []
    const { now } = this.#environment
    let earliest = Number.POSITIVE_INFINITY
    for (const execution of undated) {
      // Some have ended in their turn, and some of those have begun another attempt.
      if (execution.sweeper !== this || execution.deadline !== undefined) continue
      earliest = Math.min(earliest, this.#date(execution, execution.request!.options.requestTimeout!, now))
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#cover(now, earliest)
  }

  /** The attempt of an execution is over. */
  unwatch(execution: Execution): void {
    this.#watched.remove(execution.slot)
    execution.sweeper = undefined
    if (this.#watched.size === 0) this.#stopSoon()
  }

  // Deadlines mostly come in their order, so that the timer that is set already covers this one.
  #cover(now: number, deadline: number): void {
    if (this.#timer === undefined || deadline + this.#granularity < this.#wakeAt) this.#set(now, deadline)
  }

  // Of statements that run one after the other each finds the timer of the one before.
  #stopSoon(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#environment.dispatcher.scheduleTask(() => {
      this.#isStopping = false
      if (this.#watched.size > 0) return
      this.#stop()
      this.#onIdle()
    }, 0)
  }

  #stop(): void {
    const timer = this.#timer
    this.#timer = undefined
    timer?.interruptUnsafe()
  }

  #set(now: number, deadline: number): void {
    if (this.#isReading) return
    this.#stop()
    this.#wakeAt = Math.max(deadline, this.#lastSweep + this.#granularity)
    const millis = Math.max(1, Math.ceil(this.#wakeAt - now))
    const { clock, fork } = this.#environment
    this.#timer = fork(Effect.map(clock.sleep(Duration.millis(millis)), () => this.#wake(now + millis)))
  }

  #wake(due: number): void {
    const { now } = this.#environment
    this.#timer = undefined
    if (!isBehind(now, due)) return this.#sweep(now)
    this.#isReading = true
    const late = () => this.#watched.items.filter((execution) => isLate(execution, now)).length
    onceRead(this.#environment, late, () => {
      this.#isReading = false
      this.#sweep(now)
    })
  }

  #sweep(now: number): void {
    this.#lastSweep = now
    const late: Array<Execution> = []
    let earliest = Number.POSITIVE_INFINITY
    for (const execution of this.#watched.items) {
      if (isLate(execution, now)) late.push(execution)
      else earliest = Math.min(earliest, execution.deadline ?? earliest)
    }
    // The end of one that was late may have been the end of another one, or the beginning of its next attempt.
    for (const execution of late.sort((a, b) => a.index - b.index)) {
      if (execution.sweeper !== undefined && isLate(execution, now)) execution.timeOut()
    }
    // Statements that start in the places of these set the timer for themselves, not for those that were there before.
    if (earliest < Number.POSITIVE_INFINITY) this.#cover(now, earliest)
  }
}

const isLate = ({ deadline }: Execution, now: number): boolean => deadline !== undefined && deadline <= now
