/**
 * A budget of statements for each turn of the event loop.
 *
 * A session may answer synchronously, forever: without a bound nothing else in the process would run again, not even
 * the interruption of the run.
 */
import type * as Scheduler from "effect/Scheduler"

const statementsPerTurn = 2_048

// The turn's end is asked for only then: most turns have fewer statements, and the next ones go on counting.
const askedForBelow = statementsPerTurn - 256

export class YieldBudget {
  readonly #dispatcher: Scheduler.SchedulerDispatcher
  #left = statementsPerTurn
  #parked: Array<() => void> = []

  constructor(dispatcher: Scheduler.SchedulerDispatcher) {
    this.#dispatcher = dispatcher
  }

  /** True if the budget of this turn is exhausted. */
  get isExhausted(): boolean {
    // Below zero as well: a statement that has its permit begins, whatever is left.
    return this.#left <= 0
  }

  /** Takes one statement off the budget. */
  consume(): void {
    if (this.#left-- === askedForBelow) this.#askForEnd()
  }

  // A scheduled task marks the end of the turn; reading the clock would cost more. Apart from `consume`, for V8 makes the closure
  // whenever the method that has it is called.
  #askForEnd(): void {
    this.#dispatcher.scheduleTask(() => this.#next(), 0)
  }

  /** Calls back in a turn with budget left, in the order of parking. */
  park(resume: () => void): void {
    this.#parked.push(resume)
  }

  #next(): void {
    this.#left = statementsPerTurn
    const parked = this.#parked
    this.#parked = []
    let index = 0
    while (index < parked.length && !this.isExhausted) parked[index++]!()
    if (index < parked.length) this.#parked = parked.slice(index).concat(this.#parked)
  }
}
