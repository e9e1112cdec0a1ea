/**
 * What a run takes from the fiber that starts it: clock, scheduler, and the context of its attempts.
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
import type { Seat } from "../session/session.ts"
import type { SessionState } from "../session/state.ts"
import { resolve, type ResolvedOptions } from "../statement/options.ts"

export interface Environment {
  readonly session: SessionState
  /** Options of the session, with those of the run laid over them. */
  readonly options: ResolvedOptions
  /** The limiters of the session and of the run, where there are any. */
  readonly gate: Gate | undefined
  readonly clock: Clock.Clock
  readonly dispatcher: Scheduler.SchedulerDispatcher
  /** Runs an effect in a fiber of its own, in the context of the run, until it first waits. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
}

export const makeEnvironment = (
  { limiter: ofSession, session }: Seat,
  options: Options | undefined,
  ofRun: Limiter | undefined
): Effect.Effect<Environment> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.succeed({
      session,
      options: resolve(options, session.defaults),
      gate: gateOf([...ofSession?.[basicLimiters] ?? [], ...ofRun?.[basicLimiters] ?? []]),
      clock: Context.get(context, Clock.Clock),
      dispatcher: Context.get(context, Scheduler.Scheduler).makeDispatcher(),
      fork: Effect.runForkWith(context)
    })
  )
