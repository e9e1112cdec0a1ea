/**
 * Faults that a mock session injects: according to a plan, or every fault at every request.
 *
 * @since 0.1.0
 */
import type { Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import type { Request } from "@effect-cql/core/Port"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { checkFaults, checkSeed, refuseKind } from "./internal/arguments.ts"
import { exploreWith } from "./internal/explore.ts"
import { allFaults, faultsOf } from "./internal/faults.ts"
import { randomOf } from "./internal/random.ts"
import { at } from "./internal/rules.ts"
import type { MemoryOptions, MockSession } from "./MockSession.ts"

/**
 * Faults of a request:
 *
 * - `overloaded`: refused by the coordinator (`Overloaded`); not applied.
 * - `unavailable`: too few replicas are alive (`Unavailable`); not applied.
 * - `dropped`: the connection is lost before the request is executed (`ConnectionClosed`).
 * - `timeout`: timed out on the server (`ReadTimeout`, `WriteTimeout`); not applied.
 * - `lost`: applied, and the connection lost before the answer came (`ConnectionClosed`).
 * - `timeoutApplied`: applied, and timed out on the server.
 * - `late`: fails as `dropped`, and is applied 30 seconds later.
 * - `commitTimeout`: of a conditional write whose condition held: decided and applied, and only the commit timed out.
 *
 * @category models
 * @since 0.1.0
 */
export const Fault = Schema.Literals([
  "overloaded",
  "unavailable",
  "dropped",
  "timeout",
  "lost",
  "timeoutApplied",
  "late",
  "commitTimeout"
])

/**
 * @category models
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type

/**
 * The circumstances of a request that a rule decides on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Circumstances {
  /** Position among all requests of the session, from 0. */
  readonly index: number
  /** Milliseconds on the Clock since the first request. */
  readonly millis: number
  /** A number from 0 up to but not including 1, the same for the same seed. */
  readonly random: () => number
}

/**
 * Decides on the fault of a request; `undefined` leaves the request to the next rule.
 *
 * @category models
 * @since 0.1.0
 */
export type Rule = (request: Request, circumstances: Circumstances) => Fault | undefined

/**
 * A seed and rules. The first rule with a fault that the request can meet decides: reads are never applied, definitions meet no
 * timeout and enough replicas, and only conditional writes meet `commitTimeout`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FaultPlan {
  /** Makes the faults of a new session. */
  readonly start: () => (request: Request, index: number, millis: number) => Fault | undefined
}

/**
 * Makes a plan. The same seed injects the same faults into the same requests.
 *
 * **Example** (One write in ten is applied, and its answer lost)
 *
 * ```ts
 * import { executeConcurrent } from "@effect-cql/core"
 * import { FaultPlan, MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const faults = FaultPlan.make([FaultPlan.rate(0.1, ["lost"])], { seed: 7 })
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"], { faults })
 * const inserts = Array.from({ length: 100 }, (_, id) => ["INSERT INTO app.users (id) VALUES (?)", [id]] as const)
 * const results = await Effect.runPromise(
 *   executeConcurrent(inserts, { raiseOnFirstError: false }).pipe(Effect.provide(session))
 * )
 * const unknown = results.filter(({ outcome }) => outcome === "Unknown").length
 * console.assert(unknown > 0 && unknown < 30)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (rules: ReadonlyArray<Rule>, options?: { readonly seed?: number | undefined }): FaultPlan => {
  if (!Array.isArray(rules)) refuseKind("rules", rules, "a list of rules")
  const seed = checkSeed(options)
  return {
    start: () => {
      const random = randomOf(seed)
      return (request, index, millis) => {
        const possible = faultsOf(request)
        for (const rule of rules) {
          const fault = rule(request, { index, millis, random })
          if (fault !== undefined && possible.includes(fault)) return fault
        }
        return undefined
      }
    }
  }
}

/**
 * A fault of the request at a position, counted from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface FaultAt {
  readonly at: number
  readonly fault: Fault
}

/**
 * Makes a plan with faults at positions.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromList = (faults: ReadonlyArray<FaultAt>): FaultPlan =>
  make(faults.map(({ at: index, fault }) => at(index, fault)))

/**
 * A schema of faults at positions, for property tests. A list that breaks a program shrinks to the fewest and earliest
 * faults.
 *
 * **Example** (The smallest list of faults that breaks an insert)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { FaultPlan, MockSession } from "@effect-cql/testing"
 * import { Arbitrary, Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id) VALUES (1)").pipe(Effect.retry({ times: 1 }))
 * const result = await Effect.runPromise(Arbitrary.checkEffect(
 *   Arbitrary.schema(FaultPlan.list({ requests: 5, most: 5, kinds: ["unavailable", "overloaded"] })),
 *   (faults) =>
 *     Effect.match(insert, { onFailure: () => false, onSuccess: () => true }).pipe(
 *       Effect.provide(MockSession.layer({ faults: FaultPlan.fromList(faults) }))
 *     ),
 *   { seed: 1, runs: 500 }
 * ))
 * console.assert(result._tag === "Falsified" && result.shrunkInput.length === 2)
 * ```
 *
 * @category property tests
 * @since 0.1.0
 */
export const list = (options: {
  /** Faults are at positions below this number. */
  readonly requests: number
  /** Faults at most. Default: 3. */
  readonly most?: number | undefined
  /** The faults to choose from. Default: all of them. */
  readonly kinds?: readonly [Fault, ...ReadonlyArray<Fault>] | undefined
}): Schema.Codec<ReadonlyArray<FaultAt>> => {
  Check.names(options, ["requests", "most", "kinds"])
  Check.value("requests", options.requests, Check.positiveInteger)
  if (options.most !== undefined) Check.value("most", options.most, Check.nonNegativeInteger)
  if (options.kinds !== undefined) checkFaults("kinds", options.kinds)
  return Schema.Array(Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: options.requests - 1 })),
    fault: Schema.Literals(options.kinds ?? allFaults)
  })).check(Schema.isMaxLength(options.most ?? 3))
}

/**
 * The options of {@link explore}.
 *
 * @category options
 * @since 0.1.0
 */
export interface ExploreOptions<A, E, E2, R> extends Omit<MemoryOptions, "faults"> {
  /** The tables of each run, as `MockSession.memory` takes them. */
  readonly tables: ReadonlyArray<string>
  /**
   * Checks the invariant, without faults, after the program has ended and late writes have arrived. The invariant is
   * broken if this effect fails or dies.
   */
  readonly invariant: (exit: Exit.Exit<A, E>) => Effect.Effect<unknown, E2, Session | MockSession | R>
  /** Faults of one run at most: 1, or 2 for pairs as well. Default: 1. */
  readonly faults?: 1 | 2 | undefined
  /** The faults to try. Default: all of them. */
  readonly kinds?: ReadonlyArray<Fault> | undefined
  /** Runs at most. Default: 2,000. */
  readonly maxRuns?: number | undefined
}

/**
 * The result of an exploration that found no broken invariant.
 *
 * @category models
 * @since 0.1.0
 */
export interface Explored {
  /** Runs of the program. */
  readonly runs: number
  /** Requests of the run without faults. */
  readonly requests: number
  /** True if the bound on runs left some faults untried. */
  readonly isPartial: boolean
}

/**
 * Runs a program once without faults, and then once for every fault at every request, each on a new memory session and
 * a virtual clock of its own. With `faults: 2`, it continues with pairs of faults.
 *
 * It dies with the shortest history that breaks the invariant: the requests, which of them met which fault, and what the
 * invariant found. A program that dies, or does not end within a day of virtual time, breaks it as well; one that fails does
 * not.
 *
 * It also dies if the first run, without faults, sends no request to the session of the exploration, or fails with the error of
 * a statement: the invariant would hold in every run, whatever the program does.
 *
 * **Example** (Whatever is lost, a name has one owner)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { FaultPlan } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const claim = (owner: number) =>
 *   Statement.make("INSERT INTO app.names (name, owner) VALUES ('ada', ?) IF NOT EXISTS", [owner])
 * const program = Effect.all([Effect.result(claim(1)), Effect.result(claim(2))])
 * const explored = await Effect.runPromise(FaultPlan.explore(program, {
 *   tables: ["CREATE TABLE app.names (name text PRIMARY KEY, owner int)"],
 *   invariant: () =>
 *     Effect.map(Statement.make("SELECT count(*) AS owners FROM app.names"), ({ first }) => {
 *       if (Number(first?.["owners"]) > 1) throw new Error("two owners")
 *     })
 * }))
 * console.assert(explored.runs > 10)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const explore = <A, E, R, E2>(
  program: Effect.Effect<A, E, R>,
  options: ExploreOptions<A, E, E2, R>
): Effect.Effect<Explored, never, Exclude<R, Session | MockSession>> => exploreWith(program, options)

export { at, between, only, rate } from "./internal/rules.ts"

export { down, type NodeFault, type Replicas, slow } from "./internal/nodes.ts"
