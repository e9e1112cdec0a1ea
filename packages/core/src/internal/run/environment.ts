/**
 * The environment of a run, taken from the fiber that starts it: clock, scheduler, and the context of its attempts.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { Limiter } from "../../Limiter.ts"
import type { Options } from "../../Statement.ts"
import { basicLimiters } from "../limiter/basicLimiter.ts"
import { type Gate, gateOf } from "../limiter/gate.ts"
import { nanosecondsOf } from "../nanoseconds.ts"
import type { SessionInternals } from "../session/session.ts"
import type { SessionState } from "../session/state.ts"
import { resolve, Resolver } from "../statement/options.ts"
import { bigintOf, microsecondsOf, nextOf, type Source, sourceOf } from "../timestamps.ts"
import type { Observer } from "../watch/observer.ts"

export class Environment {
  readonly session: SessionState
  /** Resolves the options of statements over those of the session and the run. */
  readonly resolver: Resolver
  /** The limiters of the session and of the run, where there are any. */
  readonly gate: Gate | undefined
  readonly clock: Clock.Clock
  /** Watches the statements. Absent where neither spans nor metrics are on. */
  observer: Observer | undefined
  readonly context: Context.Context<never>
  readonly #timestamps: Source
  // Made when they are needed: most statements that are executed alone need none of them.
  #dispatcher: Scheduler.SchedulerDispatcher | undefined
  #fork: (<A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>) | undefined

  constructor(
    { limiter: ofSession, resolver, session }: SessionInternals,
    context: Context.Context<never>,
    options: Options | undefined,
    ofRun: Limiter | undefined
  ) {
    this.session = session
    this.resolver = options === undefined ? resolver : new Resolver(resolve(options, resolver.behind))
    this.gate = ofSession === undefined && ofRun === undefined
      ? undefined
      : gateOf([...ofSession?.[basicLimiters] ?? [], ...ofRun?.[basicLimiters] ?? []])
    this.clock = Context.get(context, Clock.Clock)
    this.#timestamps = sourceOf(this.clock)
    this.context = context
  }

  /** Milliseconds on the monotonic clock. */
  get now(): number {
    return nanosecondsOf(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }

  /** The timestamp of a write; of a conditional one only the time at which it is first sent. */
  nextTimestamp(conditional: boolean): bigint {
    return bigintOf(conditional ? microsecondsOf(this.clock) : nextOf(this.#timestamps, this.clock))
  }

  /** The keyspace of unqualified tables. */
  get keyspace(): string | undefined {
    return this.session.port.keyspace
  }

  get dispatcher(): Scheduler.SchedulerDispatcher {
    return this.#dispatcher ??= Context.get(this.context, Scheduler.Scheduler).makeDispatcher()
  }

  /** Succeeds once everything that is completing right now, in one synchronous drain, has completed. */
  get drained(): Effect.Effect<void> {
    return Effect.callback((resume) => this.dispatcher.scheduleTask(() => resume(Effect.void), 0))
  }

  /** Runs an effect in a fiber of its own, in the context of the run, until it first waits. */
  get fork(): <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E> {
    return this.#fork ??= Effect.runForkWith(this.context)
  }
}
