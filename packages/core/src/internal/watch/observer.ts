/**
 * Watches the statements of a run, or one that is executed alone: their times, their spans, their counts.
 *
 * An execution has no observer where neither spans nor metrics are on. With metrics alone each statement costs one reading
 * of the clock and one observation.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type { ExecutionResult, Failure } from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Page } from "../../Port.ts"
import type { Reason } from "../../Reason.ts"
import type { Spans } from "../../Run.ts"
import type { Execution } from "../execution/execution.ts"
import type { Environment } from "../run/environment.ts"
import { CallSpan } from "./callSpan.ts"
import { typeOf } from "./codes.ts"
import { Observed } from "./observed.ts"
import type { Recorder } from "./recorder.ts"
import type { Times } from "./times.ts"
import type { Tracing } from "./tracing.ts"
import { Warnings } from "./warnings.ts"

// A span has room for the events of all of them.
const longestTrail = 60

/** A run, a statement that is executed for a result or a page of it, or a stream of pages. */
export type Watched = "run" | "statement" | "stream"

export class Observer {
  readonly recorder: Recorder | undefined
  readonly #environment: Environment
  readonly #tracing: Tracing | undefined
  /** The share of calls that have a span from their beginning. */
  readonly #share: number
  readonly #spansFailures: boolean
  readonly #of: Watched
  readonly #times: Times
  // The last reading of the clock, and true while nothing but callbacks has run since.
  #at = 0
  #isFresh: boolean
  #indexes: ReadonlyArray<number> | undefined
  // When counts may be due to be handed over.
  #due = 0
  /** Warnings of the server during a run, where there were any. */
  warnings: Warnings | undefined
  applied = 0
  notApplied = 0
  willApply = 0
  unknown = 0

  constructor(
    environment: Environment,
    recorder: Recorder | undefined,
    tracing: Tracing | undefined,
    times: Times,
    spans: Spans,
    of: Watched
  ) {
    this.#environment = environment
    this.recorder = recorder
    this.#tracing = tracing
    this.#share = tracing === undefined ? 0 : spans === "all" ? 1 : typeof spans === "number" ? spans : 0
    this.#spansFailures = tracing !== undefined && spans === "failures"
    this.#of = of
    this.#times = times
    // A statement alone begins now.
    this.#isFresh = of === "statement"
    if (this.#isFresh) this.#at = times.now
  }

  /** A later round of a run begins, whose statements have these indexes in the source. */
  beginRound(indexes: ReadonlyArray<number>): void {
    this.#indexes = indexes
  }

  /** Whole microseconds since its times began. */
  get now(): number {
    return this.#times.now
  }

  /** A statement begins: it has its place, and not yet its first attempt. */
  begin(execution: Execution): void {
    // A statement that follows another begins when that one has ended: one reading serves both.
    const observed = execution.observed ??= new Observed()
    observed.begunAt = this.#isFresh ? this.#at : this.now
    const share = this.#share
    if (share > 0 && observed.span === undefined && (share === 1 || this.#random() < share)) {
      observed.span = this.#open(execution, observed)
    }
  }

  #random(): number {
    return Context.get(this.#environment.context, Random.Random).nextDoubleUnsafe()
  }

  #open(execution: Execution, { begunAt, trail = [] }: Observed): CallSpan | undefined {
    const { resolver, session } = this.#environment
    const index = this.#of === "run" ? this.#indexes?.[execution.index] ?? execution.index : undefined
    const options = resolver.resolve(execution.executable.options)
    const span = CallSpan.begin(this.#tracing!, this.#times, session, execution.executable, begunAt, options, index)
    if (span !== undefined) { for (const event of trail) event(span) }
    return span
  }

  /** Keeps an event for a span that there is not yet. */
  #later(observed: Observed, event: (span: CallSpan) => void): void {
    if (this.#share === 0 && !this.#spansFailures) return
    const trail = observed.trail ??= []
    if (trail.length < longestTrail) trail.push(event)
  }

  /** A statement has ended. Until {@link stale} is called, others that begin share its reading of the clock. */
  ended(execution: Execution, result: ExecutionResult<unknown>): void {
    const now = this.now
    this.#at = now
    this.#isFresh = true
    this.#count(result.outcome)
    const observed = execution.observed!
    const { recorder } = this
    if (recorder !== undefined) {
      recorder.ended(execution.executable, observed, result, now)
      if (now >= this.#due) {
        this.#due = now + Math.ceil(recorder.handOverIfDue(this.#times.millisAt(now)) * 1_000)
      }
    }
    if (result._tag === "Success" && result.value.info.warnings !== undefined && this.#of === "run") {
      this.warnings ??= new Warnings()
      this.warnings.add(result.value.info.warnings)
    }
    const { span } = observed
    if (span !== undefined) {
      // The span of a stream covers all of its pages.
      if (result._tag === "Failure" || this.#of !== "stream" || execution.pageState === undefined) {
        span.ended(execution, result, now)
      }
    } else if (this.#spansFailures && result._tag === "Failure") this.#spanOfFailure(execution, observed, result, now)
  }

  stale(): void {
    this.#isFresh = false
  }

  /** The span of a call that has failed, made when that is known. */
  #spanOfFailure(execution: Execution, observed: Observed, failure: Failure, now: number): void {
    const span = this.#open(execution, observed)
    if (execution.requests > 0) span?.attempt(execution.requests, observed.startOfAttempt)
    span?.ended(execution, failure, now)
  }

  /** A page has come. */
  page({ observed }: Execution, page: Page): void {
    observed!.pages++
    observed!.span?.page(page)
  }

  interrupted(execution: Execution, outcome: Outcome): void {
    this.#count(outcome)
    const observed = execution.observed!
    this.recorder?.interrupted(observed, outcome)
    observed.span?.interrupted(execution, outcome)
  }

  /** The consumer of a stream wants no further page. */
  closed(execution: Execution): void {
    execution.observed?.span?.closed(execution)
  }

  died(execution: Execution, outcome: Outcome, cause: Cause.Cause<unknown>): void {
    this.#count(outcome)
    const observed = execution.observed!
    this.recorder?.interrupted(observed, outcome)
    observed.span?.died(execution, Exit.failCause(cause))
  }

  /** An attempt has failed, and another one will follow. */
  retry(execution: Execution, reason: Reason, delay = 0): void {
    this.recorder?.retried(typeOf(reason))
    const observed = execution.observed!
    if (observed.span !== undefined) observed.span.retry(reason, delay)
    else if (this.#spansFailures) {
      const { now } = this
      const { requests } = execution
      const begun = observed.startOfAttempt
      this.#later(observed, (span) => {
        span.attempt(requests, begun)
        span.retry(reason, delay, now)
      })
    }
  }

  /** A call got the permit that it has waited for since this time. */
  admitted(execution: Execution, since: number): void {
    const now = this.now
    const observed = execution.observed ??= new Observed()
    observed.attemptAt = now
    this.recorder?.waited(now - since)
    const millis = (now - since) / 1_000
    // A statement of a run begins once it has its permit.
    if (observed.span === undefined) this.#later(observed, (span) => span.waited(millis, now))
    else observed.span.waited(millis, now)
  }

  /** An attempt is handed to the port. */
  attempt(execution: Execution, number: number): void {
    const observed = execution.observed!
    if (number > 1) observed.attemptAt = this.now
    observed.span?.attempt(number, observed.startOfAttempt)
  }

  /** Milliseconds since the attempt at hand began. */
  latencyOf({ observed }: Execution): number {
    return (this.now - observed!.startOfAttempt) / 1_000
  }

  #count(outcome: Outcome): void {
    if (outcome === "Applied") this.applied++
    else if (outcome === "NotApplied") this.notApplied++
    else if (outcome === "Unknown") this.unknown++
    else this.willApply++
  }
}
