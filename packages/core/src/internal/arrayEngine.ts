/**
 * Runs an array of statements on `Effect.forEach`.
 *
 * As many workers as the concurrency take the next index each as soon as their last statement has ended: a sliding
 * window, with one fiber a place instead of one a statement. See docs/decisions/engines.md.
 */
import * as Effect from "effect/Effect"
import type { ExecutionResult } from "../ExecutionResult.ts"
import type { Environment } from "./environment.ts"
import type { Execution } from "./execution.ts"
import type { Executable } from "./input.ts"
import { type Policy, Run } from "./run.ts"

export class ArrayEngine {
  readonly run: Run
  readonly results: Array<ExecutionResult<unknown>> = []
  readonly #items: ReadonlyArray<unknown>
  readonly #bind: (item: unknown, index: number) => Executable
  readonly #resume: Array<(() => void) | undefined> = []
  #next = 0

  constructor(
    environment: Environment,
    policy: Policy,
    items: ReadonlyArray<unknown>,
    bind: (item: unknown, index: number) => Executable
  ) {
    this.#items = items
    this.#bind = bind
    this.run = new Run(environment, policy, this)
  }

  /** Runs all of it at a level; succeeds when nothing is under way any more, however the run ended. */
  execute(concurrency: number): Effect.Effect<void> {
    const workers = Array.from({ length: Math.min(concurrency, this.#items.length) }, (_, worker) => worker)
    return Effect.andThen(
      Effect.forEach(workers, (worker) => this.#work(worker), { concurrency: "unbounded", discard: true }),
      this.#settled
    )
  }

  #work(worker: number): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => this.#next < this.#items.length && !this.run.stopping,
      body: () => this.#step(worker),
      step: () => {}
    })
  }

  #step(worker: number): Effect.Effect<void> {
    const run = this.run
    if (run.turn.isOver) return Effect.callback((resume) => run.turn.park(() => resume(Effect.void)))
    const index = this.#next++
    const execution = run.start(this.#bind(this.#items[index], index), index)
    if (this.results[index] !== undefined) return Effect.void
    execution.owner = worker
    return Effect.callback((resume) => {
      this.#resume[worker] = () => resume(Effect.void)
    })
  }

  onEnded(execution: Execution, result: ExecutionResult<unknown>): void {
    this.results[execution.index] = result
    // No owner yet: it ended within `start`, and its worker goes on by itself.
    if (execution.owner >= 0) this.#wake(execution.owner)
  }

  onStopping(): void {}

  /** Of a run that has stopped the end is decided when the drain that stopped it is over, maybe after its workers. */
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
