/**
 * The state of a run: what is in flight, what has been counted, and how it comes to its end.
 *
 * Both engines share it, and so does a statement that is executed alone. Plain fields and callbacks, for the same
 * reason as in `execution.ts`: every statement passes through here.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { DeadlineExceeded } from "../../DeadlineExceeded.ts"
import { ErrorBudgetExhausted } from "../../ErrorBudgetExhausted.ts"
import { type ExecutionResult, type Failure, type Interrupted, isFailure } from "../../ExecutionResult.ts"
import { StatementFailed } from "../../StatementFailed.ts"
import type { Summary } from "../../Summary.ts"
import { Execution } from "../execution/execution.ts"
import type { Host, Paging } from "../execution/host.ts"
import { Permit } from "../execution/permit.ts"
import { Places } from "../execution/places.ts"
import { isBehind, onceRead } from "../execution/reading.ts"
import { Retries } from "../execution/retries.ts"
import type { Executable } from "../statement/input.ts"
import type { Observer } from "../watch/observer.ts"
import type { Account } from "./account.ts"
import { defectOf } from "./defect.ts"
import type { Environment } from "./environment.ts"
import type { Budget } from "./errorBudget.ts"
import type { Measure } from "./measure.ts"
import { YieldBudget } from "./yieldBudget.ts"

/** Handling of failures and of time in a run. */
export interface Policy {
  /** True if the first failure stops the run. */
  readonly failFast: boolean
  /** True if statements in flight may finish after it. */
  readonly settle: boolean
  /** True if statements before the first failure must be emitted first, as in an ordered stream. */
  readonly ordered: boolean
  /** Failures that a collecting run may have. */
  readonly errorBudget: Budget | undefined
  /** Time that the run may take. */
  readonly deadline: Duration.Duration | undefined
  /** Number of the round, where what failed is repeated. */
  readonly round: number | undefined
}

/** Callbacks of an engine. */
export interface Engine {
  /** Results of the run by index; empty if results are emitted or counted on the way. */
  readonly results: ReadonlyArray<ExecutionResult<unknown>>
  /** True if every statement of the source has been started. */
  readonly hasStartedAll: boolean
  /** A statement has ended; its place is free. */
  readonly onEnded: (execution: Execution, result: ExecutionResult<unknown>) => void
  /** The statement that waited for a permit has been started, so that the next one may be. */
  readonly onAdmitted: () => void
  /** Nothing more will be started: the source may be closed. */
  readonly onStopping: () => void
  /** The run has stopped, and nothing that it waits for is in flight any more. */
  readonly onSettled: () => void
}

export class Run implements Host {
  readonly environment: Environment
  readonly yieldBudget: YieldBudget
  readonly retries: Retries
  readonly paging = everyPage
  readonly observer: Observer | undefined

  started = 0
  succeeded = 0
  failed = 0
  /** True if nothing more may be started. */
  stopping = false
  /** True if the run has stopped and everything that it waits for has ended. */
  settled = false
  /** Every failure of a fail-fast run. */
  readonly failures: Array<Failure> = []
  readonly interrupted: Array<Interrupted> = []
  /** Absent if the progress is not reported. */
  measure: Measure | undefined

  readonly #policy: Policy
  readonly #engine: Engine
  #waiting: Permit | undefined
  readonly #inFlight = new Places<Execution>()
  #failure: Failure | undefined
  // The failure that exhausted the error budget.
  #lastStraw: Failure | undefined
  #defect: Cause.Cause<never> | undefined
  #stopScheduled = false
  #isInterrupted = false
  #isOverTime = false
  // After the deadline, until the answers that were there have been read.
  #isReading = false
  #hadStartedAll = false
  #stoppedFibers: Array<Fiber.Fiber<unknown, unknown>> = []

  constructor(environment: Environment, policy: Policy, engine: Engine) {
    this.environment = environment
    this.observer = environment.observer
    this.#policy = policy
    this.#engine = engine
    this.yieldBudget = new YieldBudget(environment.dispatcher)
    this.retries = new Retries(environment.clock)
  }

  /** Statements that hold a place: started, and not yet at their end. */
  get open(): number {
    return this.started - this.succeeded - this.failed - this.interrupted.length
  }

  get summary(): Summary {
    const { round } = this.#policy
    return {
      started: this.started,
      succeeded: this.succeeded,
      failed: this.failed,
      interrupted: this.interrupted.length,
      ...(round === undefined ? undefined : { rounds: round })
    }
  }

  /** Starts a statement, once it has its permit. Its end is reported to the engine, possibly before this returns. */
  start(executable: Executable, index: number, item: unknown): Execution {
    const { gate } = this.environment
    const permit = gate === undefined ? undefined : new Permit(gate)
    const execution = new Execution(this, executable, index, item, permit)
    if (permit === undefined) this.#begin(execution)
    else this.#beginWithPermit(execution, permit)
    return execution
  }

  #beginWithPermit(execution: Execution, permit: Permit): void {
    const isAdmitted = permit.tryTake()
    // Statements of other runs, which came first, may have stopped this one.
    if (this.stopping) permit.giveBack("failed")
    else if (isAdmitted) this.#begin(execution)
    else this.#beginOnceAdmitted(execution, permit)
  }

  #beginOnceAdmitted(execution: Execution, permit: Permit): void {
    this.#waiting = permit
    const { observer } = this
    const since = observer?.now ?? 0
    permit.wait(() => {
      this.#waiting = undefined
      observer?.admitted(execution, since)
      this.#begin(execution)
      this.#engine.onAdmitted()
    })
  }

  #begin(execution: Execution): void {
    this.observer?.begin(execution)
    this.started++
    this.measure?.begin(execution)
    this.yieldBudget.consume()
    execution.start()
  }

  /** True if the deadline ended the run, and no failure did. A run whose statements have all ended met its deadline. */
  get isCutShort(): boolean {
    const isComplete = this.#hadStartedAll && this.interrupted.length === 0
    return this.#isOverTime && !isComplete && this.#failure === undefined && this.#defect === undefined
  }

  /** True if every statement of the source has ended. */
  get isComplete(): boolean {
    return this.#engine.hasStartedAll && this.open === 0
  }

  /** True if a statement waits to be started, for a permit of a limiter: no other should be given to `start` then. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** Calls back when what is completing right now, in one synchronous drain, has completed. */
  afterDrain(task: () => void): void {
    this.environment.dispatcher.scheduleTask(task, 0)
  }

  // Called by executions.

  /** An attempt is in flight. */
  enter(execution: Execution, timeout: number | undefined): void {
    execution.place = this.#inFlight.add(execution)
    if (timeout !== undefined) this.environment.session.sweeper(this.environment).watchSoon(execution)
    // The request that was being sent when it interrupted its own run.
    if (this.#isInterrupted) this.#interruptAfter(-1)
  }

  /** An attempt is no longer in flight. */
  leave(execution: Execution): void {
    this.#inFlight.remove(execution.place)
    execution.place = -1
    execution.sweeper?.unwatch(execution)
  }

  ended(execution: Execution, result: ExecutionResult<unknown>): void {
    this.measure?.end(execution, result)
    if (result._tag === "Success") {
      this.succeeded++
      this.#policy.errorBudget?.take(false)
    } else this.#onFailure(result)
    const { observer } = this
    observer?.ended(execution, result)
    this.#engine.onEnded(execution, result)
    observer?.stale()
    if (this.stopping && this.open === 0) this.#scheduleStop()
  }

  /** Ends the run with a defect of the session, or with an interruption that the run did not request. */
  died(execution: Execution, cause: Cause.Cause<unknown>): void {
    const { interrupted } = execution
    this.interrupted.push(interrupted)
    this.observer?.died(execution, interrupted.outcome, cause)
    this.die(cause)
  }

  #onFailure(failure: Failure): void {
    this.failed++
    if (this.#policy.failFast) {
      this.failures.push(failure)
      this.stop()
      this.#scheduleStop()
    } else if (this.#policy.errorBudget?.take(true) === true && !this.stopping) {
      this.#lastStraw ??= failure
      this.stop()
    }
  }

  // The end of the run.

  /** Dies of a defect once the drain is over; siblings are interrupted then. */
  die(cause: Cause.Cause<unknown>): void {
    this.#defect ??= defectOf(cause)
    this.stop()
    this.#scheduleStop()
  }

  /** Starts nothing more. What is in flight goes on, unless a failure or a defect stops it. */
  stop(): void {
    if (this.stopping) return
    this.stopping = true
    // It has not been started, and now it never will be.
    this.#waiting?.leaveLine()
    this.#waiting = undefined
    this.#engine.onStopping()
    if (this.open === 0) this.#scheduleStop()
  }

  /** Starts the timer of the deadline of a run that began at a time, where there is one. */
  startDeadline(begun: number): Fiber.Fiber<void> | undefined {
    const { deadline } = this.#policy
    if (deadline === undefined || !Duration.isFinite(deadline)) return undefined
    const { clock, fork, now } = this.environment
    const due = begun + Duration.toMillis(deadline)
    return fork(Effect.map(clock.sleep(Duration.millis(due - now)), () => this.#exceedDeadline(due)))
  }

  /** Starts nothing more, and interrupts what is in flight: after a stall, once the answers that are there have been read. */
  #exceedDeadline(due: number): void {
    if (this.settled || this.isComplete) return
    this.#hadStartedAll = this.#engine.hasStartedAll
    this.#isOverTime = true
    this.#isReading = isBehind(this.environment.now, due)
    this.stop()
    if (!this.#isReading) return this.#scheduleStop()
    onceRead(this.environment, () => this.open, () => {
      this.#isReading = false
      this.#scheduleStop()
    })
  }

  #scheduleStop(): void {
    if (this.#stopScheduled) return
    this.#stopScheduled = true
    this.afterDrain(() => {
      this.#stopScheduled = false
      this.#interruptWhatNeedNotFinish()
      if (this.open > 0 || this.settled) return
      this.settled = true
      this.#engine.onSettled()
    })
  }

  #interruptWhatNeedNotFinish(): void {
    if (this.#defect !== undefined) return this.#interruptAfter(-1)
    if (this.#isOverTime && !this.#isReading) this.#interruptAfter(-1)
    if (this.failures.length === 0 || !this.#policy.failFast) return
    // The drain is over: of the failures in it the lowest index wins. In an ordered stream an earlier statement that
    // is still under way may yet fail, and would then come first.
    if (this.#failure === undefined || this.#policy.ordered) this.#failure = lowest(this.failures)
    if (!this.#policy.settle) this.#interruptAfter(this.#policy.ordered ? this.#failure.index : -1)
  }

  #interruptAfter(index: number): void {
    for (const execution of this.#inFlight.items.filter((execution) => execution.index > index)) {
      // The finalizers of one that was interrupted may have ended others.
      if (execution.place < 0) continue
      const fiber = execution.abandon(false)
      if (fiber !== undefined) this.#stoppedFibers.push(fiber)
      this.givenUp(execution)
    }
  }

  givenUp(execution: Execution): void {
    const { interrupted } = execution
    this.interrupted.push(interrupted)
    this.observer?.interrupted(execution, interrupted.outcome)
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted
  }

  /** Interrupts everything at once, for the run itself has been interrupted. */
  get interrupt(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isInterrupted = true
      this.stop()
      this.#interruptAfter(-1)
      // Whatever is still open is between two attempts, in the callback that has interrupted the run.
      return this.open === 0 ? this.#atRest : Effect.andThen(this.environment.drained, this.#atRest)
    })
  }

  // Finalizers of interrupted requests have run, and no timer is left behind.
  get #atRest(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fibers = this.#stoppedFibers
      this.#stoppedFibers = []
      return fibers.length === 0 ? Effect.void : Effect.asVoid(Fiber.awaitAll(fibers))
    })
  }

  /** Succeeds when no statement stopped the run, and fails or dies with what did. */
  get conclusion(): Effect.Effect<void, StatementFailed | ErrorBudgetExhausted | DeadlineExceeded> {
    return Effect.flatMap(this.#atRest, (): Run["conclusion"] => {
      if (this.#defect !== undefined) return Effect.failCause(this.#defect)
      const failure = this.#failure
      if (this.isCutShort) return this.#exceeded(this.#policy.deadline!)
      if (failure === undefined) return this.#lastStraw === undefined ? Effect.void : this.#exhausted(this.#lastStraw)
      const { account } = this
      const others = account.failures.filter((other) => other !== failure)
      return Effect.fail(new StatementFailed({ ...account, failure, reason: failure.error.reason, failures: others }))
    })
  }

  #exceeded(deadline: Duration.Duration): Effect.Effect<never, DeadlineExceeded> {
    return Effect.fail(new DeadlineExceeded({ deadline, ...this.account, results: this.#results }))
  }

  #exhausted(failure: Failure): Effect.Effect<never, ErrorBudgetExhausted> {
    const { started: startedCount, summary } = this
    const results = this.#engine.results.slice(0, startedCount)
    const budget = this.#policy.errorBudget!.options
    return Effect.fail(
      new ErrorBudgetExhausted({ budget, failure, reason: failure.error.reason, startedCount, results, summary })
    )
  }

  // Without the gaps of statements that have none.
  get #results(): ReadonlyArray<ExecutionResult<unknown>> {
    return this.#engine.results.filter((result) => result !== undefined)
  }

  /** The account of a run's statements for its error. */
  get account(): Account {
    const failures = this.#policy.failFast ? this.failures : this.#results.filter(isFailure)
    return {
      startedCount: this.started,
      failures: failures.toSorted(byIndex),
      interrupted: this.interrupted.toSorted(byIndex),
      summary: this.summary
    }
  }
}

const everyPage: Paging = { pages: "all", from: undefined }

const byIndex = (a: { readonly index: number }, b: { readonly index: number }): number => a.index - b.index

const lowest = (failures: ReadonlyArray<Failure>): Failure =>
  failures.reduce((first, failure) => failure.index < first.index ? failure : first)
