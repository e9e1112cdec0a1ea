/**
 * Nodes that hold replicas, and their faults.
 */
import * as Check from "@effect-cql/core/Check"
import type * as Duration from "effect/Duration"
import { checkSpan } from "./arguments.ts"

/**
 * A node that is down or slow for a span of time: see {@link down} and {@link slow}.
 *
 * @category models
 * @since 0.1.0
 */
export interface NodeFault {
  /** Counted from 0. */
  readonly node: number
  /** Milliseconds on the Clock since the first request of the session. */
  readonly from: number
  readonly to: number
  /** Milliseconds by which the node is late; `undefined` if it is down. */
  readonly by: number | undefined
}

/**
 * A node that is down for a span of time, counted from the first request of the session.
 *
 * @category replicas
 * @since 0.1.0
 */
export const down = (node: number, from: Duration.Input, to: Duration.Input): NodeFault => {
  const [start, end] = checkSpan(from, to)
  return { node: Check.value("node", node, Check.nonNegativeInteger), from: start, to: end, by: undefined }
}

/**
 * A node that answers late, and applies writes late. Without a span of time it always does.
 *
 * @category replicas
 * @since 0.1.0
 */
export const slow = (node: number, by: Duration.Input, from: Duration.Input = 0, to?: Duration.Input): NodeFault => {
  const [start, end] = checkSpan(from, to ?? Number.POSITIVE_INFINITY)
  return { node: Check.value("node", node, Check.nonNegativeInteger), from: start, to: end, by: Check.millis("by", by) }
}

/**
 * Replicas of the rows of a memory session, each on a node of its own: the option `replicas`.
 *
 * A request needs as many of them as its consistency level says. If too few are up, it fails with `Unavailable` and is not
 * applied. It waits for the slowest that it needs. Longer than the timeout of the server it fails with `WriteTimeout` or
 * `ReadTimeout`, and a write is applied all the same.
 *
 * A node that was down gets the writes that it missed from hints, some time after its return or with the next write. Until
 * then a read at a low level may meet that node and see old rows. Conditional writes need a majority and meet no old rows.
 *
 * **Example** (A read that misses a write)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { FaultPlan, MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"], {
 *   replicas: { faults: [FaultPlan.down(0, 0, "5 millis")], hintsAfter: "1 hour" }
 * })
 * const insert = Statement.make("INSERT INTO app.users (id) VALUES (1)", [], { consistency: "QUORUM" })
 * const rowsAt = (consistency: "ONE" | "QUORUM") =>
 *   Effect.map(Statement.make("SELECT id FROM app.users", [], { consistency }), ({ length }) => length)
 * const program = Effect.gen(function*() {
 *   yield* insert
 *   yield* Effect.sleep("10 millis")
 *   const one = yield* Effect.forEach(Array.from({ length: 20 }), () => rowsAt("ONE"))
 *   const quorum = yield* Effect.forEach(Array.from({ length: 20 }), () => rowsAt("QUORUM"))
 *   return [Math.min(...one), Math.min(...quorum)]
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).join() === "0,1")
 * ```
 *
 * @category replicas
 * @since 0.1.0
 */
export interface Replicas {
  /** Default: 3. */
  readonly count?: number | undefined
  readonly faults?: ReadonlyArray<NodeFault> | undefined
  /** Time after the return of a node at which it gets the writes that it missed. Default: 10 seconds. */
  readonly hintsAfter?: Duration.Input | undefined
  /** Default: 2 seconds, that of a server. */
  readonly writeTimeout?: Duration.Input | undefined
  /** Default: 5 seconds, that of a server. */
  readonly readTimeout?: Duration.Input | undefined
  /** Chooses among the replicas that a read may meet. Default: 0. */
  readonly seed?: number | undefined
}
