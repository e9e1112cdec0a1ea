/**
 * A turn of the event loop, as a run sees it: a budget of statements, and a time that they may share.
 *
 * A session may answer synchronously, for ever: without a bound nothing else in the process would run again, not even
 * the interruption of the run.
 */
import type * as Clock from "effect/Clock"
import type * as Scheduler from "effect/Scheduler"

const statementsPerTurn = 2_048

export class Turn {
  readonly #dispatcher: Scheduler.SchedulerDispatcher
  #left = statementsPerTurn
  #parked: Array<() => void> = []
  #millisecond: number | undefined

  constructor(dispatcher: Scheduler.SchedulerDispatcher) {
    this.#dispatcher = dispatcher
  }

  /** True if the budget of this turn is exhausted. */
  get isExhausted(): boolean {
    return this.#left === 0
  }

  /** Takes one statement off the budget. */
  consume(): void {
    // A task scheduled at the first statement of a turn marks the end of the turn; reading the clock would cost more.
    if (this.#left-- === statementsPerTurn) this.#dispatcher.scheduleTask(() => this.#next(), 0)
  }

  /** Whole milliseconds since the epoch: the same for all statements of the turn that have been taken off its budget. */
  millisecondOf(clock: Clock.Clock): number {
    return this.#millisecond ??= Math.floor(clock.currentTimeMillisUnsafe())
  }

  /** Calls back in a turn with budget left, in the order of parking. */
  park(resume: () => void): void {
    this.#parked.push(resume)
  }

  #next(): void {
    this.#left = statementsPerTurn
    this.#millisecond = undefined
    const parked = this.#parked
    this.#parked = []
    let index = 0
    while (index < parked.length && !this.isExhausted) parked[index++]!()
    if (index < parked.length) this.#parked = parked.slice(index).concat(this.#parked)
  }
}
