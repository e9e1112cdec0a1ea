/**
 * Sessions for tests without a database: with scripted answers, or with tables in memory.
 *
 * @since 0.1.0
 */
import { type CqlError, type PageState, type Query, Session, type Statement, type Telemetry } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { FaultPlan, Replicas } from "./FaultPlan.ts"
import { type Made, make, makeMemory, MockSession } from "./internal/mockService.ts"

export { type Made, make, makeMemory, MockSession } from "./internal/mockService.ts"

/**
 * A request that the mock session received.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** Position among all calls, from 0. */
  readonly index: number
  readonly request: Request
  readonly pageState: PageState | undefined
  /** Milliseconds on the Clock of the session. */
  readonly at: number
  /** Requests in flight when it arrived. */
  readonly inFlight: number
}

/**
 * A call of a statement, with the bound values in the order of the markers. For a batch, the values of its matching
 * statements.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallOf extends Call {
  readonly params: ReadonlyArray<unknown>
}

/**
 * The reply of a mock session to a request.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = (request: Request, context: ReplyContext) => Effect.Effect<Page, CqlError>

/**
 * The circumstances of a reply.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReplyContext {
  /** Number of requests that this answer has matched, from 1. */
  readonly attempt: number
  /** The requested page; absent for the first. */
  readonly pageState: PageState | undefined
  /** Passes the request on to the tables of a memory session, or to `otherwise`. */
  readonly behind: (request: Request) => Effect.Effect<Page, CqlError>
}

/**
 * A reply to the requests that match.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly matches: (request: Request) => boolean
  readonly reply: Reply
  /** True if the answer may stay unused in a strict session. Default: `false`. */
  readonly optional?: boolean | undefined
  /** For messages: the text that it answers, and the parameters that it requires. */
  readonly text?: string | undefined
  readonly matchesText?: ((request: Request) => boolean) | undefined
  readonly params?: ReadonlyArray<unknown> | undefined
}

/**
 * Selects the requests of an answer: a text (ignoring white space), a pattern, a query, or a predicate.
 *
 * @category models
 * @since 0.1.0
 */
export type Matcher = string | RegExp | Query.Query.Any | ((request: Request) => boolean)

/**
 * Options of a mock session.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Telemetry.Options {
  /** Scripted answers. The first one that matches replies. */
  readonly answers?: ReadonlyArray<Answer> | undefined
  /**
   * Reply if no answer matches. Default: an empty result, if there are no answers. With answers, the session is strict:
   * it dies with a message that names the most similar scripted text, and at the end of its scope it dies if an answer
   * was not used.
   */
  readonly otherwise?: Reply | undefined
  /** Replies with an empty result if no answer matches, and accepts unused answers. Default: `false`. */
  readonly lenient?: boolean | undefined
  /**
   * `CREATE TABLE` and `CREATE TYPE` texts for a scripted session. A statement that a server with these tables would
   * refuse is a defect. Default: statements are not checked.
   */
  readonly tables?: ReadonlyArray<string> | undefined
  /** Latency of each reply on the Clock, unless the answer has its own. Default: none. */
  readonly latency?: Duration.Input | ((request: Request) => Duration.Input) | undefined
  /** Faults that are injected into requests, in front of the answers. Default: none. */
  readonly faults?: FaultPlan | undefined
  /** The capacity of the session. Default: no limit. */
  readonly capacity?: number | undefined
  /** True if calls are recorded. Default: `true`. Set it to `false` for a test with millions of statements. */
  readonly record?: boolean | undefined
  /**
   * Default options of statements. Unlike a real session, a mock session does not retry, so that a test sees a failure
   * at once and does not have to adjust the clock. `{ retry: RetryPolicy.standard }` turns retries on.
   */
  readonly defaults?: Statement.Options | undefined
  /** The nodes that spans and metrics show. Default: none. */
  readonly health?: Telemetry.Health | undefined
}

/**
 * Options of an answer.
 *
 * @category options
 * @since 0.1.0
 */
export interface AnswerOptions {
  /**
   * Answers only requests with exactly these parameters, in the order of the markers, as encoded by the schema of the
   * query.
   */
  readonly params?: ReadonlyArray<unknown> | undefined
  /** True if the answer may stay unused in a strict session. Default: `false`. */
  readonly optional?: boolean | undefined
}

const layerOf = (made: Effect.Effect<Made, never, Scope.Scope>): Layer.Layer<Session | MockSession> =>
  Layer.effectContext(
    Effect.map(made, ({ mock, session }) => Context.make(Session, session).pipe(Context.add(MockSession, mock)))
  )

/**
 * The options of a memory session.
 *
 * @category options
 * @since 0.1.0
 */
export interface MemoryOptions extends Omit<Options, "tables"> {
  /** Keyspace of unqualified table names. Default: no keyspace, so that every name has to be qualified. */
  readonly keyspace?: string | undefined
  /** Replicas of the rows, on nodes that may be down or slow. Default: one replica that is always available. */
  readonly replicas?: Replicas | undefined
}

/**
 * A session with tables in memory, made from `CREATE TABLE`, `CREATE TYPE` and `CREATE INDEX` texts.
 *
 * The tables hold what is written: rows in the order of their keys, conditions, batches, last write wins by timestamp,
 * expiry on the Clock, pages. Statements are checked as a server checks them and fail with its reasons. A statement that a
 * server takes and the memory session does not is a defect that names it. The keyspaces of the texts exist from the start.
 *
 * {@link Options.answers} take precedence over the tables.
 *
 * **Example** (A name can be taken once)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (name text PRIMARY KEY, id int)"])
 * const claim = (name: string, id: number) =>
 *   Statement.make("INSERT INTO app.users (name, id) VALUES (?, ?) IF NOT EXISTS", [name, id])
 * const program = Effect.gen(function*() {
 *   const first = yield* claim("ada", 1)
 *   const second = yield* claim("ada", 2)
 *   return [first.wasApplied, second.wasApplied, second.first?.["id"]]
 * })
 * const claims = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(claims.join() === "true,false,1")
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const memory = (
  tables: Iterable<string>,
  options?: MemoryOptions
): Layer.Layer<Session | MockSession> => layerOf(makeMemory(tables, options))

/**
 * A mock session as a Layer: the `Session` for the code under test, and its record, {@link MockSession}.
 *
 * **Example** (Testing a service without a database)
 *
 * ```ts
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs("INSERT INTO app.users (id) VALUES (?)", [[1], [2], [3]], { concurrency: 2 })
 *   const mock = yield* MockSession.MockSession
 *   return [(yield* mock.calls).length, yield* mock.peakInFlight]
 * })
 * const [calls, peak] = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer({ latency: "1 millis" }))))
 * console.assert(calls === 3 && peak === 2)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Session | MockSession> => layerOf(make(options))

export { when, whenRows } from "./internal/answers.ts"
export { randomLatency, sometimes } from "./internal/chance.ts"
export { applied, notApplied } from "./internal/conditions.ts"
export { every, inTurn, nth } from "./internal/counted.ts"
export { expectAtMostInFlight, expectCalledWith, expectCalls, expectOrder, golden } from "./internal/expectations.ts"
export {
  casWriteUnknown,
  connectionClosed,
  invalidQuery,
  overloaded,
  readFailure,
  readTimeout,
  requestTimeout,
  serverError,
  type TimeoutFields,
  unavailable,
  writeFailure,
  writeTimeout
} from "./internal/reasons.ts"
export { delayed, die, fail, late, lostAnswer, never, rows, rowsFrom, strict } from "./internal/replies.ts"
