/**
 * The service that executes statements: the interface between the core and a database or a mock.
 *
 * An adapter implements a small {@link Port}. {@link Session.make} derives everything else from it: timestamps,
 * timeouts, decoding, outcomes, paging, and closing.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CqlError } from "./CqlError.ts"
import { SessionKey } from "./internal/session/key.ts"
import * as internal from "./internal/session/session.ts"
import type { SessionInternals, sessionInternals } from "./internal/session/session.ts"
import type * as TypeIds from "./internal/typeIds.ts"
import type { Limiter } from "./Limiter.ts"
import type { Outcome } from "./Outcome.ts"
import type { Description, PageState, Partition, Port, Ring } from "./Port.ts"
import type { ResultSet } from "./ResultSet.ts"
import type * as Statement from "./Statement.ts"
import type { Trace } from "./Trace.ts"

/**
 * Executes statements. Comes as a Layer from an adapter (`CassandraSession.layer`) or from `MockSession.layer`.
 *
 * After its scope has closed, every call fails with the reason `SessionClosed`.
 *
 * **Example** (Reading page by page)
 *
 * ```ts
 * import { Session, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * const names = Statement.make("SELECT name FROM app.users", [], { pageSize: 1 })
 * const program = Session.use((session) => Stream.runCollect(session.stream(names)))
 * const session = MockSession.layer({
 *   answers: [MockSession.when(/app\.users/, MockSession.rows([{ name: "ada" }, { name: "grace" }]))]
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).length === 2)
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Session extends SessionKey {
  /**
   * Makes a session from a port. When the scope closes, the session refuses new statements and waits for those in
   * flight (at most `closeTimeout`, default 10 seconds) before the port is released.
   *
   * Dies with `InvalidOptions` if `defaults` are invalid.
   */
  static readonly make = (port: Port): Effect.Effect<Service, never, Scope.Scope> => internal.makeSession(port)

  /**
   * Limits the session within an effect: every request of the effect needs a permit of the limiter. Runs within runs
   * therefore do not multiply the load.
   *
   * **Example** (Two runs, ten requests in flight between them)
   *
   * ```ts
   * import { executeConcurrent, Limiter, Session, Statement } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const statements = Array.from({ length: 50 }, () => Statement.make("SELECT now() FROM system.local"))
   * const program = Effect.gen(function*() {
   *   const limiter = yield* Limiter.fixed(10)
   *   const run = executeConcurrent(statements)
   *   yield* Effect.all([run, run], { concurrency: 2 }).pipe(Session.limited(limiter))
   *   const mock = yield* MockSession.MockSession
   *   return yield* mock.peakInFlight
   * })
   * const peak = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer({ latency: "1 millis" }))))
   * console.assert(peak === 10)
   * ```
   */
  static readonly limited: {
    (limiter: Limiter): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Session>
    <A, E, R>(self: Effect.Effect<A, E, R>, limiter: Limiter): Effect.Effect<A, E, R | Session>
  } = dual(
    2,
    <A, E, R>(self: Effect.Effect<A, E, R>, limiter: Limiter): Effect.Effect<A, E, R | Session> =>
      Session.use((session) => Effect.provideService(self, Session, internal.limit(session, limiter)))
  )

  /**
   * Overrides options of the session within an effect. The options of runs and statements take precedence.
   *
   * Dies with `InvalidOptions` for invalid options.
   *
   * **Example** (A region that reads its own writes)
   *
   * ```ts
   * import { Session, Statement } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const program = Effect.gen(function*() {
   *   yield* Statement.make("SELECT name FROM app.users").pipe(Session.withOptions({ consistency: "QUORUM" }))
   *   const [call] = yield* (yield* MockSession.MockSession).calls
   *   return call?.request.options.consistency
   * })
   * console.assert((await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))) === "QUORUM")
   * ```
   */
  static readonly withOptions: {
    (options: Statement.Options): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Session>
    <A, E, R>(self: Effect.Effect<A, E, R>, options: Statement.Options): Effect.Effect<A, E, R | Session>
  } = dual(
    2,
    <A, E, R>(self: Effect.Effect<A, E, R>, options: Statement.Options): Effect.Effect<A, E, R | Session> =>
      Session.use((session) =>
        Effect.suspend(() => Effect.provideService(self, Session, internal.withOptions(session, options)))
      )
  )

  /**
   * Reads the trace of a request with the option `tracing`. Its id is `info.traceId` of the result. `Trace.format`
   * prints it.
   *
   * The server writes a trace after its answer. The effect waits for it, for at most `timeout` (default: 5 seconds),
   * and then succeeds with `undefined`.
   */
  static readonly trace = (
    id: string,
    timeout?: Duration.Input
  ): Effect.Effect<Trace | undefined, CqlError, Session> => Session.use((session) => session.trace(id, timeout))

  /** Limits the session of the layers below with a limiter. */
  static readonly layerLimited = (limiter: Limiter): Layer.Layer<Session, never, Session> =>
    Layer.effect(Session, Session.use((session) => Effect.sync(() => internal.limit(session, limiter))))
}

/**
 * The methods of a session.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Executes a statement and returns its complete result, with all pages. */
  readonly execute: <I extends Statement.Input>(
    statement: I
  ) => Effect.Effect<ResultSet<Statement.RowOf<I>>, CqlError>
  /** Returns one page, and the page state of the next one. */
  readonly executePage: <I extends Statement.Input>(
    statement: I,
    pageState?: PageState
  ) => Effect.Effect<ResultPage<Statement.RowOf<I>>, CqlError>
  /** Streams the rows, one page in memory at a time. */
  readonly stream: <I extends Statement.Input>(statement: I) => Stream.Stream<Statement.RowOf<I>, CqlError>
  /** Streams the pages, one in memory at a time, beginning at the page state `from` or else at the first page. */
  readonly streamPages: <I extends Statement.Input>(
    statement: I,
    from?: PageState
  ) => Stream.Stream<ResultPage<Statement.RowOf<I>>, CqlError>
  /** Reads the trace of a request, as {@link Session.trace} does. */
  readonly trace: (id: string, timeout?: Duration.Input) => Effect.Effect<Trace | undefined, CqlError>
  /**
   * Provides this session to an effect: for services whose callers have no session.
   */
  readonly provide: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Session>>
  /** Maximum number of requests in flight at present; undefined if there is no limit. */
  readonly capacity: Effect.Effect<number | undefined>
  /** The token ranges of a keyspace with their replicas, if the adapter knows them. */
  readonly ring: (keyspace: string) => Effect.Effect<Ring | undefined, CqlError>
  /** The partition of a statement, if the adapter knows it. */
  readonly partition: (statement: Statement.Input) => Effect.Effect<Partition | undefined, CqlError>
  /**
   * Describes a text as the server prepares it: its markers and its columns with their types. Nothing is executed.
   * Absent if the adapter does not support it. If a table or a column does not exist, it fails like an execution.
   */
  readonly describe: (text: string) => Effect.Effect<Description | undefined, CqlError>
  /**
   * Waits until all nodes that are up agree on the schema, for at most `timeout` (default: 10 seconds). Returns true if
   * they agree, and always for an adapter without nodes. A change of the schema also waits, for half of the rest of its
   * `requestTimeout`: see `info.schemaInAgreement` of its result.
   */
  readonly schemaAgreement: (timeout?: Duration.Input) => Effect.Effect<boolean, CqlError>
  /** Default options of statements. Options of runs and statements take precedence. */
  readonly defaults: Statement.Options
  /** The keyspace of unqualified table names, if the adapter knows it. */
  readonly keyspace: string | undefined
  readonly [TypeIds.Session]: typeof TypeIds.Session
  /** For the engines of this package: what they share of a session. */
  readonly [sessionInternals]: SessionInternals
}

/**
 * One page of a result with its rows decoded.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResultPage<out Row> {
  readonly result: ResultSet<Row>
  /** Where the next page begins; absent on the last. */
  readonly pageState: PageState | undefined
  /**
   * The effect of the statement: `"NotApplied"` if its condition did not hold, `"Unknown"` if it did not hold after an
   * attempt of unknown outcome, otherwise `"Applied"`.
   */
  readonly outcome: Outcome
}
