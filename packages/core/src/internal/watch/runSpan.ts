/**
 * The span of a run.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { isTagged } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { isErrorBudgetExhausted } from "../../ErrorBudgetExhausted.ts"
import type { Failure } from "../../ExecutionResult.ts"
import { isStatementFailed } from "../../StatementFailed.ts"
import type { Gate } from "../limiter/gate.ts"
import type { Run } from "../run/run.ts"
import type { SessionInternals } from "../session/session.ts"
import { typeOf } from "./codes.ts"
import type { Observer } from "./observer.ts"
import { shownError } from "./shownError.ts"
import { Tracing } from "./tracing.ts"

const name = "cql.concurrent.run"

interface Started {
  readonly session: SessionInternals
  readonly concurrency: number
}

export class RunSpan {
  readonly #tracing: Tracing
  readonly #clock: Clock.Clock
  readonly #span: Tracer.Span
  /** The context of the run: its spans are children of this one. */
  readonly context: Context.Context<never>

  private constructor(tracing: Tracing, clock: Clock.Clock, span: Tracer.Span, context: Context.Context<never>) {
    this.#tracing = tracing
    this.#clock = clock
    this.#span = span
    this.context = Context.add(context, Tracer.ParentSpan, span)
  }

  /** Begins the span of a run. Undefined where the session or the context has no spans. */
  static begin(
    { concurrency, session: { session } }: Started,
    source: unknown,
    context: Context.Context<never>
  ): RunSpan | undefined {
    const tracing = session.spans ? Tracing.of(session, context) : undefined
    const clock = Context.get(context, Clock.Clock)
    const span = tracing?.begin(name, "internal", clock.currentTimeNanosUnsafe())
    if (tracing === undefined || span === undefined) return undefined
    const self = new RunSpan(tracing, clock, span, context)
    self.#set("db.system.name", "cassandra")
    self.#set("cql.session.name", session.name)
    self.#set("cql.concurrent.source", kindOf(source))
    // OpenTelemetry has no number for it.
    self.#set("cql.concurrent.concurrency", Number.isFinite(concurrency) ? concurrency : "unbounded")
    return self
  }

  #set(key: string, value: unknown): void {
    this.#tracing.attribute(this.#span, key, value)
  }

  /** Counts the statements of a run, of all its rounds. */
  count(runs: ReadonlyArray<Run>, observer: Observer | undefined): void {
    const total = (count: (run: Run) => number): number => runs.reduce((sum, run) => sum + count(run), 0)
    this.#set("cql.concurrent.started", total(({ started }) => started))
    this.#set("cql.concurrent.succeeded", total(({ succeeded }) => succeeded))
    this.#set("cql.concurrent.failed", total(({ failed }) => failed))
    this.#set("cql.concurrent.interrupted", total(({ interrupted }) => interrupted.length))
    this.#set("cql.concurrent.requests", total(({ retries }) => retries.requests))
    this.#set("cql.concurrent.retries", total(({ retries }) => retries.retried))
    if (observer === undefined) return
    this.#set("cql.concurrent.applied", observer.applied)
    this.#set("cql.concurrent.not_applied", observer.notApplied)
    this.#set("cql.concurrent.will_apply", observer.willApply)
    this.#set("cql.concurrent.unknown", observer.unknown)
  }

  /** Describes the limiter at the end of the run. */
  describeLimit(gate: Gate): void {
    const { abandoned, lastMove, limit } = gate.tightest
    if (Number.isFinite(limit)) this.#set("cql.concurrent.limit", limit)
    this.#set("cql.concurrent.limit.abandoned", abandoned)
    if (lastMove === undefined) return
    this.#set("cql.concurrent.limit.reason", lastMove.reason)
    this.#set("cql.concurrent.limit.from", lastMove.from)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    const failure = failureOf(exit)
    const type = failure === undefined ? typeOfRun(exit) : typeOf(failure.error.reason)
    if (type !== undefined) this.#set("error.type", type)
    this.#tracing.end(this.#span, shownExit(exit, failure), this.#clock.currentTimeNanosUnsafe())
  }
}

// An exporter keeps an exit for a while: that of a success would keep all results.
const shownExit = (exit: Exit.Exit<unknown, unknown>, failure: Failure | undefined): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return Exit.void
  return failure === undefined ? exit : Exit.fail(shownError(failure.error, failure.statement))
}

const kindOf = (source: unknown): string => {
  if (Array.isArray(source)) return "array"
  if (Stream.isStream(source)) return "stream"
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source ? "async iterable" : "iterable"
}

/** The type of an error that is none of a statement. An interruption is no error. */
const typeOfRun = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return undefined
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return isTagged(error, "DeadlineExceeded") || isTagged(error, "SourceError") ? error._tag : "_OTHER"
}

/** The failed statement that stopped a run. */
const failureOf = (exit: Exit.Exit<unknown, unknown>): Failure | undefined => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return isStatementFailed(error) || isErrorBudgetExhausted(error) ? error.failure : undefined
}
