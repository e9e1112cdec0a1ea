/**
 * Runs a source of any kind, pulled by its consumer: behind every stream, and behind every source but arrays.
 *
 * Completions fill a ring of slots and pull the next statements in; pulls drain what is ready as arrays. Nothing starts
 * before the first pull. See docs/decisions/engines.md for a diagram, and for why this is not `Stream.mapEffect`.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { SourceError } from "../../SourceError.ts"
import type { Execution } from "../execution/execution.ts"
import { type Any, open, type Source } from "../source/source.ts"
import type { Executable } from "../statement/input.ts"
import type { Environment } from "./environment.ts"
import type { Sink } from "./resultBuffer.ts"
import { type Policy, Run } from "./run.ts"
import type { RunInput } from "./runInput.ts"

type Results = Arr.NonEmptyReadonlyArray<ExecutionResult<unknown>>

export interface Settings {
  readonly concurrency: number
  /** Finished results that may wait, for the consumer or for an earlier index. */
  readonly bufferSize: number
  readonly sink: Sink
  readonly bind: RunInput["bind"]
}

/** An item that is no statement, or that cannot be made one. */
class NoInput {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

export class PullEngine {
  readonly run: Run
  readonly results: ReadonlyArray<ExecutionResult<unknown>>
  readonly #source: Source
  readonly #settings: Settings
  readonly #sink: Sink
  #taken = 0
  #consumed = 0
  #handed = 0
  #sourceEnded = false
  #sourceError: { readonly index: number; readonly error: unknown } | undefined
  #sourceCause: Cause.Cause<unknown> | undefined
  #isClosed = false
  #filling = false
  #parked = false
  #wakeScheduled = false
  #resume: ((effect: Pull.Pull<Results, unknown>) => void) | undefined

  constructor(environment: Environment, policy: Policy, source: Any, settings: Settings) {
    this.#settings = settings
    this.results = settings.sink.results
    this.run = new Run(environment, policy, this)
    this.#sink = settings.sink
    this.#source = open(source, environment, () => this.#fill())
  }

  /** The results that come next, at least one; ends or fails when the run does, after everything that came before. */
  readonly pull: Pull.Pull<Results, unknown> = Effect.suspend(() => {
    this.#consumed += this.#handed
    this.#handed = 0
    this.#fill()
    return this.#next() ?? Effect.callback((resume) => {
      this.#resume = resume
      // An interrupted pull takes nothing with it: what is ready later waits for the next one.
      return Effect.sync(() => {
        this.#resume = undefined
      })
    })
  })

  /** Ready results, or the end; undefined while the consumer has to wait. */
  #next(): Pull.Pull<Results, unknown> | undefined {
    const ready = this.#sink.take()
    if (Arr.isReadonlyArrayNonEmpty(ready)) {
      this.#handed = ready.length
      return Effect.succeed(ready)
    }
    return this.#isOver() ? this.#conclusion : undefined
  }

  /** Finished results that wait for the consumer, or for an earlier index. */
  get buffered(): number {
    const { failed, succeeded } = this.run
    return Math.max(0, succeeded + failed - this.#consumed)
  }

  #isOver(): boolean {
    return this.run.stopping ? this.run.settled : this.run.isComplete
  }

  get hasStartedAll(): boolean {
    // While the buffer is full, the source is not pulled for its end.
    return (this.#sourceEnded || this.#source.hasEnded) && !this.run.isWaiting
  }

  /** Starts statements while there is room and the source has some. */
  #fill(): void {
    // A statement that ends at once calls back into here.
    if (this.#filling) return
    this.#filling = true
    // The items of an array may be those of a proxy. What they throw has to end the run, not the callback that met it.
    try {
      this.#startWhileThereIsRoom()
    } catch (defect) {
      this.run.die(Cause.die(defect))
    }
    this.#filling = false
    this.#signal()
  }

  #startWhileThereIsRoom(): void {
    const run = this.run
    while (this.#hasRoom() && !this.#sourceEnded && !run.stopping) {
      if (run.yieldBudget.isExhausted) return this.#park()
      const found = this.#source.pull()
      if (found === "pending") return
      // That was code of others, which may have stopped the run: what it has given is not started.
      if (found === "item" && run.stopping) return
      if (found === "item") this.#start(this.#source.item)
      else this.#endOfSource(found)
    }
  }

  #hasRoom(): boolean {
    const { bufferSize, concurrency } = this.#settings
    return !this.run.isWaiting && this.run.open < concurrency &&
      this.run.started - this.#consumed < concurrency + bufferSize
  }

  #park(): void {
    if (this.#parked) return
    this.#parked = true
    this.run.yieldBudget.park(() => {
      this.#parked = false
      this.#fill()
    })
  }

  #start(item: unknown): void {
    const index = this.#taken
    const bound = this.#bound(item, index)
    if (bound instanceof NoInput) return this.#refuse(index, bound.error)
    if (this.run.stopping) return
    this.#taken++
    this.run.start(bound, index, item)
  }

  #bound(item: unknown, index: number): Executable | NoInput {
    // Items are made by others and may throw. Plainly caught, for a closure and a Result for each cost a tenth of all.
    try {
      const bound = this.#settings.bind(item, index)
      return bound instanceof InvalidOptions ? new NoInput(bound) : bound
    } catch (error) {
      return new NoInput(error)
    }
  }

  #refuse(index: number, error: unknown): void {
    if (!this.#source.checked) return this.run.die(Cause.die(error))
    this.#sourceError = { index, error }
    this.#source.close()
    this.run.stop()
  }

  #endOfSource(found: "end" | "failed"): void {
    this.#sourceEnded = true
    if (found === "end") return
    const failure = this.#source.failure
    if (failure?._tag === "Threw") this.#sourceError = { index: this.#taken, error: failure.error }
    else if (failure?._tag === "Failed") this.#sourceCause = failure.cause
    this.run.stop()
  }

  onEnded(execution: Execution, result: ExecutionResult<unknown>): void {
    if (!this.#sink.put(execution.index, result)) this.#consumed++
    this.#fill()
  }

  onAdmitted(): void {
    this.#fill()
  }

  onStopping(): void {
    this.#source.close()
    this.#signal()
  }

  onSettled(): void {
    if (this.run.isCutShort) this.#sink.release()
    this.#signal()
  }

  /** Wakes the consumer when there is something for it: once what completes with it has completed as well. */
  #signal(): void {
    if (this.#resume === undefined || this.#wakeScheduled) return
    if (!this.#sink.isReady && !this.#isOver()) return
    this.#wakeScheduled = true
    this.#wakeAfterDrain()
  }

  #wakeAfterDrain(): void {
    this.run.afterDrain(() => {
      this.#wakeScheduled = false
      const resume = this.#resume
      const next = resume === undefined ? undefined : this.#next()
      if (next === undefined) return
      this.#resume = undefined
      resume!(next)
    })
  }

  get #conclusion(): Pull.Pull<never, unknown> {
    return this.#closed.pipe(
      Effect.andThen(this.run.conclusion),
      Effect.andThen(Effect.suspend(() => this.#endOfRun))
    )
  }

  get #endOfRun(): Pull.Pull<never, unknown> {
    if (this.#sourceCause !== undefined) return Effect.failCause(this.#sourceCause)
    const failed = this.#sourceError
    return failed === undefined
      ? Cause.done()
      : Effect.fail(new SourceError({ index: failed.index, cause: failed.error, ...this.run.account }))
  }

  get #closed(): Effect.Effect<unknown> {
    return Effect.suspend(() => {
      this.#source.close()
      // Awaited once, though both the end of the run and that of its scope ask for it.
      return this.#isClosed ? Effect.void : Effect.tap(this.#source.closed, () =>
        Effect.sync(() => {
          this.#isClosed = true
        }))
    })
  }

  /** Stops whatever is still under way, and closes the source. */
  readonly shutdown: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(this.run.interrupt, Effect.asVoid(this.#closed))
  )
}
