/**
 * Watches a run as a whole: its span, its counts, and what its statements had in common.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { hasProperty, isTagged } from "effect/Predicate"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { isCqlError } from "../../CqlError.ts"
import type { Failure } from "../../ExecutionResult.ts"
import type { Gate } from "../limiter/gate.ts"
import type { Environment } from "../run/environment.ts"
import type { Run } from "../run/run.ts"
import type { SessionInternals } from "../session/session.ts"
import { errorWithoutLiterals } from "./callSpan.ts"
import type { Buffering } from "./recorder.ts"
import { Tracing } from "./tracing.ts"

/** The name of the span of a run. */
export const runSpan = "cql.concurrent.run"

interface Started {
  readonly session: SessionInternals
  readonly concurrency: number
}

/** The attributes that a run has from its beginning. */
export const attributesOf = ({ concurrency, session }: Started, source: unknown): Record<string, unknown> => ({
  "db.system.name": "cassandra",
  "cql.session.name": session.session.name,
  "cql.concurrent.source": kindOf(source),
  // OpenTelemetry has no number for it.
  "cql.concurrent.concurrency": Number.isFinite(concurrency) ? concurrency : "unbounded"
})

const kindOf = (source: unknown): string => {
  if (Array.isArray(source)) return "array"
  if (Stream.isStream(source)) return "stream"
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source ? "async iterable" : "iterable"
}

/** The context of a run: its spans are children of that of the run. */
export const contextOf = (
  context: Context.Context<never>,
  span: Tracer.Span | undefined
): Context.Context<never> =>
  span === undefined || !Context.get(context, References.TracerEnabled)
    ? context
    : Context.add(context, Tracer.ParentSpan, span)

const notBuffering: Buffering = { buffered: 0 }

export class RunWatch {
  readonly #environment: Environment
  readonly #span: Tracer.Span | undefined
  // One for each round.
  readonly #runs: Array<Run> = []
  #buffering = notBuffering

  constructor(environment: Environment, span: Tracer.Span | undefined) {
    this.#environment = environment
    this.#span = span
    environment.session.driverEvents.begin()
  }

  /** The run, or a round of it, begins. Its results may wait. */
  begin(run: Run, buffering: Buffering = notBuffering): void {
    this.#runs.push(run)
    this.#buffering = buffering
    this.#environment.observer?.recorder?.began(buffering, undefined)
  }

  /** Hands over the counts, and gives the span what is known at the end of the run. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#end(exit)
      const { observer, session } = this.#environment
      const events = session.driverEvents.end(session)
      const { warnings } = observer ?? {}
      return warnings === undefined ? events : Effect.andThen(warnings.summary(session), events)
    })
  }

  #end(exit: Exit.Exit<unknown, unknown>): void {
    const { clock, context, gate, observer } = this.#environment
    observer?.recorder?.finished(this.#buffering)
    const span = this.#span
    if (span === undefined) return
    const total = (count: (run: Run) => number): number => this.#runs.reduce((sum, run) => sum + count(run), 0)
    span.attribute("cql.concurrent.started", total(({ started }) => started))
    span.attribute("cql.concurrent.succeeded", total(({ succeeded }) => succeeded))
    span.attribute("cql.concurrent.failed", total(({ failed }) => failed))
    span.attribute("cql.concurrent.interrupted", total(({ interrupted }) => interrupted.length))
    span.attribute("cql.concurrent.requests", total(({ retries }) => retries.requests))
    span.attribute("cql.concurrent.retries", total(({ retries }) => retries.retried))
    if (observer !== undefined) {
      span.attribute("cql.concurrent.applied", observer.applied)
      span.attribute("cql.concurrent.not_applied", observer.notApplied)
      span.attribute("cql.concurrent.will_apply", observer.willApply)
      span.attribute("cql.concurrent.unknown", observer.unknown)
    }
    if (gate !== undefined) describeLimit(span, gate)
    const failure = failureOf(exit)
    if (failure === undefined) return
    span.attribute("error.type", failure.error.reason._tag)
    Tracing.of(context)?.end(span, Exit.fail(errorWithoutLiterals(failure)), clock.currentTimeNanosUnsafe())
  }
}

/** The failed statement that stopped a run. */
const failureOf = (exit: Exit.Exit<unknown, unknown>): Failure | undefined => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return (isTagged(error, "StatementFailed") || isTagged(error, "ErrorBudgetExhausted")) &&
      hasProperty(error, "failure")
      && hasProperty(error.failure, "error") && isCqlError(error.failure.error)
    ? error.failure as Failure
    : undefined
}

const describeLimit = (span: Tracer.Span, gate: Gate): void => {
  const { abandoned, lastMove, limit } = gate.tightest
  if (Number.isFinite(limit)) span.attribute("cql.concurrent.limit", limit)
  span.attribute("cql.concurrent.limit.abandoned", abandoned)
  if (lastMove === undefined) return
  span.attribute("cql.concurrent.limit.reason", lastMove.reason)
  span.attribute("cql.concurrent.limit.from", lastMove.from)
}
