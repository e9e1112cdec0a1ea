/**
 * One statement under way, from its first attempt to its end.
 *
 * Plain callbacks and fields rather than effects: this is the step that every statement of every run passes through, and
 * a chain of combinators for each would cost more than all else that the library does.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { CqlError } from "../../CqlError.ts"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Page, PageState, Request } from "../../Port.ts"
import type * as Reason from "../../Reason.ts"
import { standard } from "../../RetryPolicy.ts"
import { carrying, internals } from "../internals.ts"
import { afterAttempt, isBusy, isRetryable, outcomeOf, wasSent } from "../reasons.ts"
import type { Environment } from "../run/environment.ts"
import { bind, isRequest, subjectOf } from "../statement/binding.ts"
import type { Executable } from "../statement/input.ts"
import { timestampOf } from "../statement/request.ts"
import { areRows } from "../statement/rowsDecoder.ts"
import { microsecondsOf, nextMillisecond } from "../timestamps.ts"
import type { Observed } from "../watch/observed.ts"
import { checkedPage, refusalOf, signalOf, timedOut } from "./answer.ts"
import { Attempt } from "./attempt.ts"
import { completed, delayed } from "./completion.ts"
import { withoutApplied } from "./condition.ts"
import { Earlier } from "./earlier.ts"
import type { Host } from "./host.ts"
import { hintAtIdempotence } from "./idempotenceHint.ts"
import { keep, type Kept } from "./kept.ts"
import { altered, behind, Pages } from "./pages.ts"
import type { Permit } from "./permit.ts"
import { Failure, Interrupted, Success } from "./results.ts"
import type { Sweeper } from "./sweeper.ts"

export class Execution {
  readonly index: number
  readonly executable: Executable
  /** The item of the source that it was made of. */
  readonly item: unknown
  readonly #run: Host
  #request: Request | undefined
  // The pages before the last one, where all of them are fetched.
  #pages: Pages | undefined
  #pageState: PageState | undefined
  // Rows of the pages that were given to the caller before.
  #rowsBefore = 0
  #hasEnded = false
  // True while the effect of the last attempt is undetermined: it is in flight, or was abandoned after it was sent.
  #isSent = false
  /** Requests so far, those included that were not sent. */
  requests = 0
  // Most executions have none.
  #earlier: Earlier | undefined
  #attempt: Attempt | undefined
  // The wait before the next attempt, except for a permit: a sleep, or another turn of the event loop.
  #wait: Fiber.Fiber<unknown, unknown> | "turn" | undefined
  readonly #permit: Permit | undefined
  /** For the sweeper: itself, while an attempt with a timeout is in flight, and where the execution stands in it. */
  sweeper: Sweeper | undefined
  slot = -1
  // Without a value until they have one: V8 would make a number on the heap for each of these that may be no integer.
  /** When that attempt is over its time, in milliseconds on the monotonic clock. */
  deadline: number | undefined
  /** For the run: where it stands among those in flight; negative when it is not. */
  place = -1
  /** For the engine: which of its workers waits for the end. */
  owner = -1
  /** For the observer, where there is one. */
  observed: Observed | undefined

  constructor(run: Host, executable: Executable, index: number, item: unknown, permit: Permit | undefined) {
    this.#run = run
    this.#permit = permit
    this.executable = executable
    this.index = index
    this.item = item
    this.#pageState = run.paging.from
  }

  /** Where the next page begins, when only one was asked for. */
  get pageState(): PageState | undefined {
    return this.#pageState
  }

  get environment(): Environment {
    return this.#run.environment
  }

  get request(): Request | undefined {
    return this.#request
  }

  get attempts(): number {
    return this.#earlier === undefined ? this.requests : this.requests - this.#earlier.unsent
  }

  /**
   * Binds the statement and makes its first attempt. It may end before this returns. After its end it goes on with the next
   * page, where only one was asked for.
   */
  start(): void {
    this.#hasEnded = false
    this.#advance(undefined)
  }

  /**
   * Takes the exit of the last attempt, if there was one, and makes the next, until the statement ends or waits. It may not be
   * sent before the time in microseconds, where there is one.
   */
  #advance(last: Exit.Exit<Page, CqlError> | undefined, notBefore?: number): void {
    const run = this.#run
    // Schemas and ports are code of others. What they throw has to end the run, not the callback that met it.
    try {
      // Pages that come at once are fetched in a loop: a result of many would overflow the stack.
      let exit = last
      let sendFrom = notBefore
      while (exit === undefined || this.#take(exit)) {
        if (this.#request === undefined) {
          const { environment } = run
          const request = bind(this.executable, environment.resolver.resolve(this.executable.options), environment)
          if (!isRequest(request)) {
            this.#permit?.giveBack("failed")
            return this.#end(this.#failure(this.#errorOf(request)))
          }
          this.#request = request
          if (request.conditional && environment.session.port.datesConditionalWrites === true) {
            sendFrom = nextMillisecond(environment.clock)
          }
        }
        if (this.#isGivenUp() || (exit !== undefined && this.#waitsForTurn())) return
        if (sendFrom !== undefined && this.#waitsForTime(sendFrom)) return
        sendFrom = undefined
        if (this.#permit !== undefined && (!this.#hasPermit(this.#permit) || this.#isGivenUp())) return
        this.requests++
        this.#isSent = true
        run.retries.requests++
        run.observer?.attempt(this, this.requests)
        exit = this.#send(this.#request)
        if (exit === undefined) return
      }
    } catch (defect) {
      this.#permit?.giveBack("failed")
      this.#dies(Cause.die(defect))
    }
  }

  /** Returns true if a callback, a schema, or a statement that got its permit first has interrupted the run. */
  #isGivenUp(): boolean {
    if (!this.#run.isInterrupted) return false
    this.#permit?.giveBack("failed")
    this.#hasEnded = true
    this.#run.givenUp(this)
    return true
  }

  /** A server that dates the write itself must not give it the time of a write before it. */
  #waitsForTime(micros: number): boolean {
    const { clock, fork } = this.#run.environment
    const missing = micros - microsecondsOf(clock)
    if (missing <= 0) return false
    const sleep = clock.sleep(Duration.millis(Math.ceil(missing / 1_000)))
    // A timer may be early.
    this.#pauses(fork(sleep), () => this.#advance(undefined, micros))
    return true
  }

  /** Waits for a fiber in its place: whatever stops the run stops the wait as well. */
  #pauses<A, E>(wait: Fiber.Fiber<A, E>, resume: (exit: Exit.Exit<A, E>) => void): void {
    this.#wait = wait
    this.#run.enter(this, undefined)
    wait.addObserver((exit) => {
      if (this.#wait !== wait) return
      this.#wait = undefined
      this.#run.leave(this)
      resume(exit)
    })
  }

  /** A result of endless pages that come at once must leave the event loop a turn as well. */
  #waitsForTurn(): boolean {
    const run = this.#run
    if (!run.yieldBudget.isExhausted) {
      run.yieldBudget.consume()
      return false
    }
    this.#wait = "turn"
    run.enter(this, undefined)
    run.yieldBudget.park(() => {
      if (this.#wait !== "turn") return
      this.#wait = undefined
      run.leave(this)
      this.#advance(undefined)
    })
    return true
  }

  /** A defect: of this statement, or of what its end has set off. */
  #dies(cause: Cause.Cause<unknown>): void {
    if (this.#hasEnded) return this.#run.die(cause)
    this.#hasEnded = true
    this.#run.died(this, cause)
  }

  /** Returns true if it may make an attempt now. Otherwise it waits for a permit, and keeps its place in the run. */
  #hasPermit(permit: Permit): boolean {
    if (permit.isHeld || permit.tryTake()) return true
    const { observer } = this.#run
    const since = observer?.now ?? 0
    this.#run.enter(this, undefined)
    if (this.place < 0) return false
    permit.wait(() => {
      this.#run.leave(this)
      observer?.admitted(this, since)
      this.#advance(undefined)
    })
    return false
  }

  /** Makes one attempt. Returns its exit if it has ended at once, and nothing if it is in flight. */
  #send(request: Request): Exit.Exit<Page, CqlError> | undefined {
    const run = this.#run
    const refusal = run.environment.session.refusal(request)
    if (refusal !== undefined) return refusal
    const attempt = new Attempt(this)
    if (!attempt.send(request, this.#pageState)) return attempt.exit
    this.#attempt = attempt
    run.enter(this, request.options.requestTimeout)
    return undefined
  }

  /** Takes the answer to the attempt in flight. */
  answered(exit: Exit.Exit<Page, CqlError>): void {
    this.#attempt = undefined
    this.#run.leave(this)
    this.#advance(exit)
  }

  /** Takes the exit of an attempt. Returns true if another page has to be fetched. */
  #take(exit: Exit.Exit<Page, CqlError>): boolean {
    this.#isSent = false
    this.#permit?.end(signalOf(exit))
    const wantsMore = this.#wantsMore(exit)
    // Not sooner: a failure that stops the run has to do so before its permit can start another statement.
    this.#permit?.giveBackEnded()
    return wantsMore
  }

  #wantsMore(exit: Exit.Exit<Page, CqlError>): boolean {
    if (exit._tag === "Failure") {
      const error = refusalOf(exit.cause)
      if (error === undefined) this.#dies(exit.cause)
      else this.#refused(error)
      return false
    }
    const page = checkedPage(exit.value)
    this.#run.observer?.page(this, page)
    if (this.#earlier !== undefined) this.#earlier.steps = undefined
    const next = page.pageState ?? undefined
    if (next === undefined || this.#run.paging.pages === "one") {
      this.#succeeded(page)
      return false
    }
    this.#pages = (this.#pages ?? new Pages()).add(page, this.#pageState)
    this.#pageState = next
    return true
  }

  #succeeded(answer: Page): void {
    // A condition is answered on one page.
    const { conditional } = subjectOf(this.executable)
    const page = conditional ? withoutApplied(answer) : this.#pages?.join(answer, this.#pageState) ?? answer
    const { rows } = page
    const first = this.#rowsBefore
    this.#rowsBefore += rows.length
    const decode = this.executable._tag === "Statement" ? this.executable[internals].codec.decode : undefined
    if (decode === undefined) return this.#end(this.#success(page, rows))
    const decoded = decode(rows, this.#pages === undefined ? page.columns : this.#pages.columnsOfAll, first)
    if (areRows(decoded)) return this.#end(this.#success(page, decoded))
    if (this.#pages !== undefined) this.#pageState = this.#pages.positionOf(decoded.row)
    const reason = this.#pages?.isAltered === true ? altered(decoded) : decoded
    this.#end(this.#failure(this.#errorOf(reason), this.#outcomeOf(page)))
  }

  #success(page: Page, rows: ReadonlyArray<unknown>): ExecutionResult<unknown> {
    this.#pageState = page.pageState ?? undefined
    const value = this.#run.environment.session.resultSets.of(page, rows)
    const outcome = this.#outcomeOf(page)
    const success = new Success(this, value, outcome, this.attempts)
    return outcome === "Unknown" ? carrying(success, this.#request) : success
  }

  // A condition that does not hold after an attempt of unknown outcome may have met what that attempt wrote.
  #outcomeOf(page: Page): Outcome {
    return page.wasApplied === false ? this.#earlier?.outcome ?? "NotApplied" : "Applied"
  }

  /** Ends with a failed attempt, or makes another one after a wait. */
  #refused(error: CqlError): void {
    const failure = this.#failure(behind(this.#rowsBefore + (this.#pages?.length ?? 0), error))
    const { environment, retries } = this.#run
    const policy = environment.resolver.resolve(this.executable.options).retry
    const busy = isBusy(error.reason)
    if (!retries.allows(policy, failure.error, busy)) return this.#givesUp(failure)
    const earlier = this.#earlier ??= new Earlier()
    earlier.outcome = failure.outcome
    const wait = environment.fork(retries.wait(policy, failure.error, busy, earlier.steps ??= {}))
    const exit = wait.pollUnsafe()
    if (exit !== undefined) return this.#waited(exit, failure, earlier)
    this.#pauses(wait, (exit) => this.#waited(exit, failure, earlier))
  }

  /** Makes the next attempt after a wait, or ends where the schedule had none. */
  #waited(exit: Exit.Exit<boolean>, failure: Failure, earlier: Earlier): void {
    if (exit._tag === "Failure") return this.#dies(exit.cause)
    if (!exit.value) return this.#givesUp(failure)
    const delay = earlier.steps?.delay
    earlier.history = delayed(failure.error, delay)
    this.#run.observer?.retry(this, failure.error.reason, delay)
    this.#advance(undefined)
  }

  #givesUp(failure: Failure): void {
    const { environment } = this.#run
    const { retry } = environment.resolver.resolve(this.executable.options)
    // A predicate of the user is asked only about errors that may be retried.
    if (retry.while === standard.while) hintAtIdempotence(environment, this.executable, failure.error)
    this.#end(failure)
  }

  /** The outcome of a failure, which may be known already if the server has answered. */
  #failure(error: CqlError, known?: Outcome): Failure {
    const subject = subjectOf(this.executable)
    const attempt = outcomeOf(error.reason, subject)
    const outcome = known === undefined || subject.kind === "read"
      ? afterAttempt(this.#earlier?.outcome, attempt)
      : known
    if (this.#request !== undefined && !wasSent(error.reason)) (this.#earlier ??= new Earlier()).unsent++
    const mayRepeat = isRetryable(error.reason, attempt, this.#request?.options.idempotent ?? false)
    return new Failure(this, completed(error, outcome, this.attempts, mayRepeat, this.#kept), outcome)
  }

  /** The private state of the error of the last attempt. */
  get #kept(): Kept {
    const { environment, observer } = this.#run
    const options = environment.resolver.resolve(this.executable.options)
    const earlier = this.#earlier?.history
    const latency = observer?.latencyOf(this)
    const rest = earlier ?? latency ?? this.#pageState
    const more = rest === undefined ? undefined : { earlier, latency, pageState: this.#pageState }
    return keep(this.executable, options, this.#request, more)
  }

  /** The account of the statement if it is interrupted now. */
  get interrupted(): Interrupted {
    const isOpen = this.#isSent && subjectOf(this.executable).kind !== "read"
    const outcome = isOpen ? "Unknown" : this.#earlier?.outcome ?? "NotApplied"
    const request = this.requests === 0 ? undefined : this.#request
    return carrying(new Interrupted(this, outcome, request && timestampOf(request)), request)
  }

  #errorOf(reason: Reason.Reason): CqlError {
    return new CqlError({ reason, query: this.executable.text })
  }

  #end(result: ExecutionResult<unknown>): void {
    this.#hasEnded = true
    this.#run.ended(this, result)
  }

  /** Gives up an attempt that is over its time. */
  timeOut(): void {
    this.abandon(true)
    const isSent = this.#isSent
    this.#isSent = false
    // The retry policy is code of others as well.
    try {
      this.#refused(this.#errorOf(timedOut(this.#request!.options.requestTimeout!, isSent)))
    } catch (defect) {
      this.#dies(Cause.die(defect))
    }
  }

  /** Gives up the attempt in flight, or the wait for one. Returns the fiber that was interrupted by that. */
  abandon(timedOut: boolean): Fiber.Fiber<unknown, unknown> | undefined {
    const attempt = this.#attempt
    const wait = this.#wait
    this.#attempt = undefined
    this.#wait = undefined
    this.#run.leave(this)
    this.#permit?.leaveLine()
    if (attempt !== undefined) this.#isSent = attempt.abandon(this.#permit, timedOut)
    if (typeof wait !== "object") return attempt?.fiber
    wait.interruptUnsafe()
    return wait
  }
}
