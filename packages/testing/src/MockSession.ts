/**
 * Sessions in process: everything that a session does, without a database.
 *
 * @since 0.1.0
 */
import { CqlError, type PageState, type Query, type Reason, Session, type Statement } from "@effect-cql/core"
import { type Page, PageState as makePageState, type Request, textOf } from "@effect-cql/core/Port"
import { type Service } from "@effect-cql/core/Session"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { MockPort, toPredicate } from "./internal/mockPort.ts"

/**
 * The record of a mock session: what it was asked, and how much at once.
 *
 * @category services
 * @since 0.1.0
 */
export class MockSession extends Context.Service<MockSession, {
  /** Every request so far, in the order of arrival. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** Requests in flight now. */
  readonly inFlight: Effect.Effect<number>
  /** The most requests that have been in flight at once. */
  readonly peakInFlight: Effect.Effect<number>
  /** Forgets the calls and the peak. */
  readonly reset: Effect.Effect<void>
}>()("@effect-cql/testing/MockSession") {}

/**
 * A request as the mock session got it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly request: Request
  readonly pageState: PageState | undefined
}

/**
 * How a mock session answers a request. `attempt` counts from 1 how often this very answer has been asked.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = (request: Request, context: {
  readonly attempt: number
  readonly pageState: PageState | undefined
}) => Effect.Effect<Page, CqlError>

/**
 * A reply to the requests that match.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly matches: (request: Request) => boolean
  readonly reply: Reply
}

/**
 * What requests an answer is for: a text (white space aside), a pattern of it, a query, or a predicate.
 *
 * @category models
 * @since 0.1.0
 */
export type Matcher = string | RegExp | Query.Query.Any | ((request: Request) => boolean)

/**
 * What a mock session is made of.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The first that matches replies. */
  readonly answers?: ReadonlyArray<Answer> | undefined
  /** Replies when no answer matches. Default: an empty result. See {@link strict}. */
  readonly otherwise?: Reply | undefined
  /** How long each reply takes on the Clock, unless the answer says so itself. Default: none, the reply is there at once. */
  readonly latency?: Duration.Input | ((request: Request) => Duration.Input) | undefined
  /** Requests that it claims to have room for. Default: no bound. */
  readonly capacity?: number | undefined
  /** Whether calls are recorded. Default: `true`; a test of millions of statements may not want to keep them. */
  readonly record?: boolean | undefined
  /**
   * Options of every statement, behind those of runs and statements. Unlike a real session it retries nothing unless this
   * says so (`{ retry: RetryPolicy.standard }`): a failure is seen at once, and no test has to move the clock for it.
   */
  readonly defaults?: Statement.Options | undefined
}

/**
 * Answers the requests that match: with `params`, only those that bind exactly these, in the order of the markers and as the
 * schema of the query encodes them.
 *
 * **Example** (By query and parameters)
 *
 * ```ts
 * import { Session, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const byId = "SELECT name FROM app.users WHERE id = ?"
 * const session = MockSession.layer({
 *   answers: [
 *     MockSession.when(byId, MockSession.rows([{ name: "ada" }]), { params: [1] }),
 *     MockSession.when(byId, MockSession.rows([]))
 *   ]
 * })
 * const program = Effect.map(Statement.make(byId, [1]), (users) => users.first?.["name"])
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))) === "ada")
 * ```
 *
 * @category answers
 * @since 0.1.0
 */
export const when = (
  matcher: Matcher,
  reply: Reply,
  options?: { readonly params?: ReadonlyArray<unknown> | undefined }
): Answer => {
  const matchesText = toPredicate(matcher)
  const params = options?.params
  return {
    matches: (request) =>
      matchesText(request) &&
      (params === undefined || (request._tag === "Statement" && Equal.equals(params, request.params))),
    reply
  }
}

/**
 * Replies with rows: in pages where the request asks for a page size, and otherwise in one.
 *
 * **Example** (Pages)
 *
 * ```ts
 * import { Session, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * const all = Statement.make("SELECT id FROM app.users", [], { pageSize: 2 })
 * const program = Effect.gen(function*() {
 *   const session = yield* Session
 *   const users = yield* Stream.runCollect(session.stream(all))
 *   const mock = yield* MockSession.MockSession
 *   return [users.length, (yield* mock.calls).length]
 * })
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ id: 1 }, { id: 2 }, { id: 3 }]) })
 * const [users, requests] = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(users === 3 && requests === 2)
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const rows = (rows: ReadonlyArray<Record<string, unknown>>): Reply => (request, { pageState }) => {
  const from = pageState === undefined ? 0 : Number(pageState)
  const to = Math.min(rows.length, from + (request.options.pageSize ?? rows.length))
  return Effect.succeed({
    rows: from === 0 && to === rows.length ? rows : rows.slice(from, to),
    pageState: to < rows.length ? makePageState(String(to)) : undefined
  })
}

/**
 * Replies with rows that are made of the request, such as those that its parameters ask for.
 *
 * **Example** (A user for each id)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const user = MockSession.rowsFrom((request) =>
 *   request._tag === "Statement" ? [{ name: `user ${request.params[0]}` }] : []
 * )
 * const byId = Statement.make("SELECT name FROM app.users WHERE id = ?", [7])
 * const { first } = await Effect.runPromise(byId.pipe(Effect.provide(MockSession.layer({ otherwise: user }))))
 * console.assert(first?.["name"] === "user 7")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const rowsFrom =
  (f: (request: Request) => ReadonlyArray<Record<string, unknown>>): Reply => (request, context) =>
    rows(f(request))(request, context)

/**
 * Fails with a reason.
 *
 * **Example** (A server that is busy)
 *
 * ```ts
 * import { Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const busy = MockSession.fail(new Reason.Overloaded({ message: "too many requests" }))
 * const insert = Statement.make("INSERT INTO app.users (id) VALUES (?)", [1])
 * const error = await Effect.runPromise(
 *   Effect.flip(insert).pipe(Effect.provide(MockSession.layer({ otherwise: busy })))
 * )
 * console.assert(error.reason._tag === "Overloaded" && error.outcome === "Unknown")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const fail = (reason: Reason.Reason): Reply => (request) =>
  Effect.fail(new CqlError({ reason, query: textOf(request) }))

/**
 * Dies with a defect, as a broken adapter would.
 *
 * @category replies
 * @since 0.1.0
 */
export const die = (defect: unknown): Reply => () => Effect.die(defect)

/**
 * Never replies, as a hung server would. A mock session has no timeout of its own: the statement needs a `requestTimeout`.
 *
 * **Example** (An answer that does not come)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const select = Statement.make("SELECT name FROM app.users", [], { requestTimeout: "10 millis" })
 * const session = MockSession.layer({ otherwise: MockSession.never })
 * const error = await Effect.runPromise(Effect.flip(select).pipe(Effect.provide(session)))
 * console.assert(error.reason._tag === "RequestTimeout")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const never: Reply = () => Effect.never

/**
 * Replies after a time on the Clock, on top of the latency of the session.
 *
 * **Example** (One slow table)
 *
 * ```ts
 * import { executeConcurrent } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const slow = MockSession.delayed(MockSession.rows([]), "20 millis")
 * const session = MockSession.layer({ answers: [MockSession.when(/app\.events/, slow)] })
 * const program = executeConcurrent([["SELECT id FROM app.events"], ["SELECT id FROM app.users"]])
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).length === 2)
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const delayed = (reply: Reply, duration: Duration.Input): Reply => (request, context) =>
  Effect.delay(Effect.suspend(() => reply(request, context)), duration)

/**
 * Replies with the first reply the first time, with the second the second time, and with the last from then on.
 *
 * **Example** (Busy at first)
 *
 * ```ts
 * import { Reason, RetryPolicy, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.layer({
 *   defaults: { retry: RetryPolicy.standard },
 *   otherwise: MockSession.inTurn(
 *     MockSession.fail(new Reason.Overloaded({ message: "busy" })),
 *     MockSession.rows([{ name: "ada" }])
 *   )
 * })
 * const users = Statement.make("SELECT name FROM app.users").pipe(Effect.provide(session))
 * console.assert((await Effect.runPromise(users)).first?.["name"] === "ada")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const inTurn = (...replies: readonly [Reply, ...ReadonlyArray<Reply>]): Reply => (request, context) => {
  const reply = replies[context.attempt - 1] ?? replies.at(-1) ?? replies[0]
  return reply(request, context)
}

/**
 * Dies on a request that nothing answers, naming it: for `otherwise`, in tests that want to know every statement.
 *
 * **Example** (A statement that nobody thought of)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Exit } from "effect"
 *
 * const session = MockSession.layer({ otherwise: MockSession.strict })
 * const exit = await Effect.runPromiseExit(Statement.make("SELECT 1").pipe(Effect.provide(session)))
 * console.assert(Exit.isFailure(exit) && String(exit.cause).includes("no answer for: SELECT 1"))
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const strict: Reply = (request) => Effect.die(new Error(`MockSession has no answer for: ${textOf(request)}`))

/**
 * Makes a mock session and its record, for tests without Layers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options?: Options): Effect.fn.Return<
  { readonly session: Service; readonly mock: MockSession["Service"] },
  never,
  Scope.Scope
> {
  const port = yield* Effect.sync(() => new MockPort(options ?? {}))
  const session = yield* Session.make(port)
  const mock = MockSession.of({
    calls: Effect.sync(() => [...port.calls]),
    inFlight: Effect.sync(() => port.inFlight),
    peakInFlight: Effect.sync(() => port.peakInFlight),
    reset: Effect.sync(() => {
      port.calls = []
      port.peakInFlight = port.inFlight
    })
  })
  return { session, mock }
})

/**
 * A mock session as a Layer: the `Session` that code under test asks for, and its record, {@link MockSession}.
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
export const layer = (options?: Options): Layer.Layer<Session | MockSession> =>
  Layer.effectContext(
    Effect.map(
      make(options),
      ({ mock, session }) => Context.make(Session, session).pipe(Context.add(MockSession, mock))
    )
  )

export { applied, notApplied } from "./internal/conditions.ts"
