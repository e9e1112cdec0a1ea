/**
 * Shared bounds on requests in flight and on their rate.
 *
 * `concurrency` limits the statements of one run. A limiter limits the requests of all runs that share it. A permit is
 * for one attempt. It is returned before the wait for a retry, and is never held while a source is pulled or a consumer
 * works. Requests get their permits in the order in which they ask, across all runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Check from "./Check.ts"
import { Adaptive } from "./internal/limiter/adaptive.ts"
import { aLimiter, type BasicLimiter, basicLimiters } from "./internal/limiter/basicLimiter.ts"
import { drain } from "./internal/limiter/drain.ts"
import { Fixed } from "./internal/limiter/fixed.ts"
import { tightestOf } from "./internal/limiter/gate.ts"
import { abandonedFrom, numbersOf, rateOf } from "./internal/limiter/numbers.ts"
import { Rate } from "./internal/limiter/rate.ts"
import { type Time, time } from "./internal/limiter/time.ts"
import * as TypeIds from "./internal/typeIds.ts"

/**
 * A limit on requests, shared by all runs that use it.
 *
 * If a request meets the same limiter twice, from its run and from its session or inside of {@link all}, it takes one
 * permit. A request that timed out or was interrupted is still processed by the server. It counts as load until its
 * answer arrives, or for the time `abandonedFor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limiter {
  /** The current state. */
  readonly state: Effect.Effect<State>
  readonly [TypeIds.Limiter]: typeof TypeIds.Limiter
  readonly [basicLimiters]: ReadonlyArray<BasicLimiter>
}

/**
 * A snapshot of a limiter. A combined limiter returns the snapshot of its fullest part.
 *
 * @category models
 * @since 0.1.0
 */
export interface State {
  /** Requests that may be in flight; infinite for {@link rate}. */
  readonly limit: number
  /** Requests in flight. */
  readonly inFlight: number
  /** Requests that wait for a permit. */
  readonly waiting: number
  /** Abandoned requests that still count as load. */
  readonly abandoned: number
  /** The last change of the limit. Undefined before the first change, and for limits that do not change. */
  readonly lastMove: Move | undefined
}

/**
 * Reason for a move of an {@link adaptive} limit.
 *
 * - `"LatencyLow"`: latency was near its baseline and requests waited: more are allowed
 * - `"LatencyHigh"`: latency was more than twice its baseline: fewer are allowed
 * - `"Refused"`: requests were refused as overloaded, or timed out: fewer are allowed
 * - `"GrowthUseless"`: more in flight brought no more answers: the growth is undone
 * - `"CutTooCostly"`: fewer in flight brought too few answers: the cut is undone
 * - `"ServerSlower"`: fewer in flight did not lower the latency, so that it is the server's own: the cut is undone
 * - `"HalfEnough"`: half the limit brought as many answers
 * - `"Collapsed"`: the server did much less than before, and half the limit brought as many answers
 *
 * @category models
 * @since 0.1.0
 */
export const MoveReason = Schema.Literals([
  "LatencyLow",
  "LatencyHigh",
  "Refused",
  "GrowthUseless",
  "CutTooCostly",
  "ServerSlower",
  "HalfEnough",
  "Collapsed"
])

/**
 * @category models
 * @since 0.1.0
 */
export type MoveReason = typeof MoveReason.Type

/**
 * A move of an {@link adaptive} limit, and the measurements that led to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Move {
  /** Limit before the move. */
  readonly from: number
  /** Limit after the move. */
  readonly to: number
  readonly reason: MoveReason
  /** Time since the move. */
  readonly age: Duration.Duration
  /** Latency before the move, relative to the latency without a queue. NaN if no request was answered. */
  readonly latency: number
  /** Answers a second before the move. */
  readonly throughput: number
  /** Share of the requests before the move that were refused as overloaded or timed out, from 0 to 1. */
  readonly refused: number
}

/**
 * Common options of limits on requests in flight.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Time for which an unanswered abandoned request counts as load. Default: 5 seconds. */
  readonly abandonedFor?: Duration.Input | undefined
}

/**
 * Options of {@link rate}.
 *
 * @category options
 * @since 0.1.0
 */
export interface RateOptions {
  /** Number of requests that may start per period `per`. Retries and further pages count as requests. */
  readonly statements: number
  /** The period in which `statements` requests may start. */
  readonly per: Duration.Input
  /** Number of requests that may start at once after an idle period. Default: the number due in 10 milliseconds, at least 1. */
  readonly burst?: number | undefined
}

/**
 * Bounds that can be changed while requests run; see {@link adjustable}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Bounds {
  /** Maximum number of requests in flight, at least 0. With 0, nothing starts. Default: no limit. */
  readonly inFlight?: number | undefined
  /** Rate at which requests start. Default: no limit. */
  readonly rate?: RateOptions | undefined
}

/**
 * A limiter whose limits can be changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Adjustable extends Limiter {
  /**
   * Changes the limits at once, also for waiting requests. Requests in flight are not interrupted: after a reduction,
   * nothing starts until there is room. Dies with `InvalidOptions` like {@link adjustable}.
   */
  readonly adjust: (bounds: Bounds) => Effect.Effect<void>
}

/**
 * Options of {@link adaptive}.
 *
 * @category options
 * @since 0.1.0
 */
export interface AdaptiveOptions extends Options {
  /** Minimum of the limit. */
  readonly min: number
  /** Maximum of the limit. */
  readonly max: number
  /** Limit at the beginning. Default: 20, or the nearest number that `min` and `max` allow. */
  readonly initial?: number | undefined
}

/**
 * Limits the number of requests in flight.
 *
 * Dies with `InvalidOptions` if `limit` is not a positive integer.
 *
 * **Example** (A bound that several runs share)
 *
 * ```ts
 * import { Limiter } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const limiter = yield* Limiter.fixed(64)
 *   const { inFlight, limit } = yield* limiter.state
 *   console.assert(limit === 64 && inFlight === 0)
 * })
 * await Effect.runPromise(program)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (limit: number, options: Options = {}): Effect.Effect<Limiter> =>
  making(() => {
    Check.value("limit", limit, Check.positiveInteger)
    const abandonedFor = abandonedFrom(Check.options(options, { abandonedFor: Check.positiveFiniteDuration }))
    return (time) => new Fixed(time, limit, abandonedFor)
  })

/**
 * Limits the rate at which requests start, evenly: in any time `t`, at most `burst + statements x t / per` requests
 * start.
 *
 * A limiter whose timers were late makes up for at most 50 milliseconds. The time is the monotonic one: a jump of the
 * clock on the wall changes nothing. Dies with `InvalidOptions` when a number is not a positive integer, or the time is
 * not positive.
 *
 * **Example** (At most a thousand a second)
 *
 * ```ts
 * import { Limiter } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const limiter = yield* Limiter.rate({ statements: 1_000, per: "1 second" })
 *   const { limit, waiting } = yield* limiter.state
 *   console.assert(limit === Infinity && waiting === 0)
 * })
 * await Effect.runPromise(program)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const rate = (options: RateOptions): Effect.Effect<Limiter> =>
  making(() => {
    const numbers = rateOf(options)
    return (time) => new Rate(time, ...numbers)
  })

/**
 * Bounds the requests in flight by a limit that follows the capacity of the servers.
 *
 * **When to use**
 *
 * Use it if the right number is not known or changes: other load, repairs, nodes that come and go.
 *
 * **Details**
 *
 * The law is AIMD with trials. It is led by delay, since Cassandra answers overload mostly by slowing down. The limit grows
 * by small steps while latency is near that without a queue. It is cut if latency rises above twice that, or if requests
 * are refused as `Overloaded` or time out. Each move is a trial: growth that brings no more answers is undone, and so is
 * a cut that loses too many. Now and then, half the limit is tried for a moment. This shows the latency without a queue.
 *
 * Dies with `InvalidOptions` if `min`, `initial` and `max` are not positive integers in this order.
 *
 * **Example** (Between 4 and 512)
 *
 * ```ts
 * import { Limiter } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const limiter = yield* Limiter.adaptive({ min: 4, max: 512, initial: 32 })
 *   const { lastMove, limit } = yield* limiter.state
 *   console.assert(limit === 32 && lastMove === undefined)
 * })
 * await Effect.runPromise(program)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const adaptive = (options: AdaptiveOptions): Effect.Effect<Limiter> =>
  making(() => {
    const { max, min } = Check.options(options, {
      min: Check.positiveInteger,
      max: Check.positiveInteger,
      initial: Check.positiveInteger,
      abandonedFor: Check.positiveFiniteDuration
    })
    Check.value("min", min, Check.positiveInteger)
    Check.value("max", max, Check.integer(min, Number.MAX_SAFE_INTEGER))
    const initial = Check.value("initial", options.initial ?? Math.min(max, Math.max(min, 20)), Check.integer(min, max))
    const abandonedFor = abandonedFrom(options)
    return (time) => new Adaptive(time, { min, max, initial }, abandonedFor)
  })

/**
 * Bounds the requests in flight, their rate, or both, by numbers that can be changed at any time.
 *
 * Dies with `InvalidOptions` when `inFlight` is not an integer of at least 0, or when the rate is refused as in {@link rate}.
 *
 * **Example** (Slower by day)
 *
 * ```ts
 * import { Limiter } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const limiter = yield* Limiter.adjustable({ inFlight: 512 })
 *   yield* limiter.adjust({ inFlight: 16, rate: { statements: 1_000, per: "1 second" } })
 *   console.assert((yield* limiter.state).limit === 16)
 * })
 * await Effect.runPromise(program)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const adjustable = (bounds: Bounds, options: Options = {}): Effect.Effect<Adjustable> =>
  Effect.suspend(() => {
    const { inFlight, rate } = numbersOf(bounds)
    const abandonedFor = abandonedFrom(Check.options(options, { abandonedFor: Check.positiveFiniteDuration }))
    return Effect.map(time, (time) => {
      const fixed = new Fixed(time, inFlight, abandonedFor)
      const paced = new Rate(time, ...rate)
      const parts = [fixed, paced]
      return {
        ...of(parts),
        adjust: (bounds: Bounds) =>
          Effect.sync(() => {
            const { inFlight, rate } = numbersOf(bounds)
            fixed.limit = inFlight
            paced.set(...rate)
            drain(parts)
          })
      }
    })
  })

/**
 * Combines limiters: a request has to satisfy all of them.
 *
 * A request takes its permits from all of them in one step, when all have room. While it waits for one limiter, it
 * holds no permit of another.
 *
 * **Example** (In flight and rate)
 *
 * ```ts
 * import { Limiter } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const limiter = Limiter.all([
 *     yield* Limiter.fixed(64),
 *     yield* Limiter.rate({ statements: 1_000, per: "1 second" })
 *   ])
 *   console.assert((yield* limiter.state).limit === 64)
 * })
 * await Effect.runPromise(program)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (limiters: ReadonlyArray<Limiter>): Limiter =>
  of(
    Check.value("limiters", limiters, limiterList).flatMap((limiter, index) =>
      Check.value(`limiters[${index}]`, limiter, aLimiter)[basicLimiters]
    )
  )

const limiterList = Check.rule("an array of limiters", Array.isArray)

const of = (parts: ReadonlyArray<BasicLimiter>): Limiter => {
  const distinct = [...new Set(parts)]
  return {
    [TypeIds.Limiter]: TypeIds.Limiter,
    state: Effect.sync(() => tightestOf(distinct)),
    [basicLimiters]: distinct
  }
}

/** Checks the options when the effect runs, so that the effect dies if they are invalid. */
const making = (check: () => (time: Time) => BasicLimiter): Effect.Effect<Limiter> =>
  Effect.suspend(() => {
    const make = check()
    return Effect.map(time, (time) => of([make(time)]))
  })

/**
 * Returns true if a value is a {@link Limiter}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLimiter = (value: unknown): value is Limiter =>
  hasProperty(value, TypeIds.Limiter) && hasProperty(value, basicLimiters)
