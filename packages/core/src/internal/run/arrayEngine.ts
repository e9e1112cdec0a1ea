/**
 * Runs an array of statements on `Effect.forEach`.
 *
 * There are as many workers as the concurrency. Each takes the next index when its last statement has ended: a sliding
 * window, with one fiber for each place and not for each statement. See docs/decisions/engines.md.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Execution } from "../execution/execution.ts"
import type { Environment } from "./environment.ts"
import { type Policy, Run } from "./run.ts"
import type { RunInput } from "./runInput.ts"

export class ArrayEngine {
  readonly run: Run
  readonly results: Array<ExecutionResult<unknown>>
  readonly #items: ReadonlyArray<unknown>
  // Taken once: an array that changes its length meanwhile is a run of what it held at first.
  readonly #length: number
  readonly #bind: RunInput["bind"]
  readonly #resume: Array<(() => void) | undefined> = []
  // Workers without a statement, while that of another waits for a permit.
  readonly #idle: Array<number> = []
  #next = 0

  constructor(
    environment: Environment,
    policy: Policy,
    items: ReadonlyArray<unknown>,
    bind: RunInput["bind"]
  ) {
    this.#items = items
    this.#length = items.length
    this.#bind = bind
    // Filled, for with gaps it would become a dictionary. `Array.from` takes several times as long.
    this.results = []
    this.results.length = this.#length
    this.results.fill(undefined!)
    this.run = new Run(environment, policy, this)
  }

  /** Runs all statements at a concurrency. Succeeds when none is in flight any more, however the run ended. */
  execute(concurrency: number): Effect.Effect<void> {
    const workers = Array.from({ length: Math.min(concurrency, this.#length) }, (_, worker) => worker)
    return Effect.andThen(
      Effect.forEach(workers, (worker) => this.#work(worker), { concurrency: "unbounded", discard: true }),
      this.#settled
    )
  }

  #work(worker: number): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#resume[worker] = () => resume(Effect.void)
      this.#take(worker)
      // An interrupted run starts nothing more, from its first moment on.
      return Effect.sync(() => this.run.stop())
    })
  }

  /**
   * Gives a worker its next statement, and lets it go when there is none. Called at the end of the one before, for waking
   * the fiber of the worker at each would cost as much again as the fiber of an attempt.
   */
  #take(worker: number): void {
    const run = this.run
    while (this.#next < this.#length && !run.stopping) {
      if (run.yieldBudget.isExhausted) return this.#park(worker)
      if (run.isWaiting) {
        this.#idle.push(worker)
        return
      }
      const index = this.#next++
      const execution = this.#start(index)
      if (execution === undefined) break
      if (this.results[index] === undefined) {
        execution.owner = worker
        return
      }
    }
    this.#wake(worker)
  }

  // Apart from `#take`, which each statement calls: a closure in it would be made, in part, at each call.
  #park(worker: number): void {
    this.run.yieldBudget.park(() => this.#take(worker))
  }

  /** The statement of the item at an index; undefined if the item is invalid, which ends the run with a defect. */
  #start(index: number): Execution | undefined {
    // Items are made by others and may throw. Plainly caught, for a closure and a Result for each cost a tenth of all.
    try {
      const item = this.#items[index]
      const bound = this.#bind(item, index)
      // That was code of others, which may have stopped the run.
      if (this.run.stopping) return undefined
      if (!(bound instanceof InvalidOptions)) return this.run.start(bound, index, item)
      this.run.die(Cause.die(bound))
    } catch (defect) {
      this.run.die(Cause.die(defect))
    }
    return undefined
  }

  get hasStartedAll(): boolean {
    return this.#next >= this.#length && !this.run.isWaiting
  }

  onEnded(execution: Execution, result: ExecutionResult<unknown>): void {
    this.results[execution.index] = result
    // No owner yet: it ended within `start`, and its worker goes on by itself.
    if (execution.owner >= 0) this.#take(execution.owner)
  }

  onAdmitted(): void {
    // One after the other, for the first of them may be the next to wait.
    while (this.#idle.length > 0 && !this.run.isWaiting) this.#take(this.#idle.pop()!)
  }

  onStopping(): void {}

  /** Waits until a stopped run has decided its end: after the drain that stopped it, possibly later than its workers. */
  get #settled(): Effect.Effect<void> {
    return Effect.suspend(() =>
      !this.run.stopping || this.run.settled ? Effect.void : Effect.callback((resume) => {
        this.#resume.push(() => resume(Effect.void))
      })
    )
  }

  onSettled(): void {
    // The workers of statements that were interrupted, or that died, still wait.
    for (const worker of this.#resume.keys()) this.#wake(worker)
  }

  #wake(worker: number): void {
    const resume = this.#resume[worker]
    this.#resume[worker] = undefined
    resume?.()
  }
}
