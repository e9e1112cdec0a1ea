/**
 * Sessions in process: everything that a session does, without a database.
 *
 * @since 0.1.0
 */
import { CqlError, type PageState, Query, type Reason, Session, type Statement } from "@effect-cql/core"
import { type Page, PageState as makePageState, type Port, type Request, type Service } from "@effect-cql/core/Session"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

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
 * Answers the requests that match: with `params`, only those that bind exactly these.
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

const toPredicate = (matcher: Matcher): (request: Request) => boolean => {
  if (matcher instanceof RegExp) return (request) => textsOf(request).some((text) => text.search(matcher) >= 0)
  if (typeof matcher === "function" && !isQuery(matcher)) return matcher
  const text = normalise(isQuery(matcher) ? matcher.text : matcher)
  return (request) => textsOf(request).some((candidate) => normalise(candidate) === text)
}

const isQuery = (matcher: Matcher): matcher is Query.Query.Any => Query.isQuery(matcher)

const textsOf = (request: Request): ReadonlyArray<string> =>
  request._tag === "Statement" ? [request.text] : request.statements.map((statement) => statement.text)

const normalise = (text: string): string => text.trim().replaceAll(/\s+/g, " ")

/**
 * Replies with rows: in pages where the request asks for a page size, and otherwise in one.
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
 * @category replies
 * @since 0.1.0
 */
export const rowsFrom =
  (f: (request: Request) => ReadonlyArray<Record<string, unknown>>): Reply => (request, context) =>
    rows(f(request))(request, context)

/**
 * Replies that a condition did not hold, with the row that it met.
 *
 * @category replies
 * @since 0.1.0
 */
export const notApplied = (current?: Record<string, unknown>): Reply => () =>
  Effect.succeed({ rows: [{ "[applied]": false, ...current }], wasApplied: false })

/**
 * Fails with a reason.
 *
 * @category replies
 * @since 0.1.0
 */
export const fail = (reason: Reason.Reason): Reply => (request) =>
  Effect.fail(new CqlError({ reason, query: textsOf(request).join("; ") }))

/**
 * Dies with a defect, as a broken adapter would.
 *
 * @category replies
 * @since 0.1.0
 */
export const die = (defect: unknown): Reply => () => Effect.die(defect)

/**
 * Never replies, as a hung server would.
 *
 * @category replies
 * @since 0.1.0
 */
export const never: Reply = () => Effect.never

/**
 * Replies after a time on the Clock, on top of the latency of the session.
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
 * @category replies
 * @since 0.1.0
 */
export const strict: Reply = (request) =>
  Effect.die(new Error(`MockSession has no answer for: ${textsOf(request).join("; ")}`))

const empty: Page = { rows: [] }

class MockPort implements Port {
  readonly defaults: Statement.Options
  readonly capacity: Effect.Effect<number | undefined>
  calls: Array<Call> = []
  inFlight = 0
  peakInFlight = 0
  readonly #options: Options
  readonly #otherwise: Answer
  readonly #asked = new Map<Answer, number>()

  constructor(options: Options) {
    this.#options = options
    this.#otherwise = { matches: () => true, reply: options.otherwise ?? (() => Effect.succeed(empty)) }
    this.defaults = { retry: "none", ...options.defaults }
    this.capacity = Effect.succeed(options.capacity)
  }

  readonly execute = (request: Request, pageState?: PageState): Effect.Effect<Page, CqlError> => {
    if (this.#options.record !== false) this.calls.push({ request, pageState })
    const reply = this.#reply(request, pageState)
    const latency = this.#options.latency
    const duration = typeof latency === "function" ? latency(request) : latency
    const effect = duration === undefined ? reply : Effect.delay(reply, duration)
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight + 1)
    // A reply that is there at once is never in flight beside another.
    if (Exit.isExit(effect)) return effect
    return Effect.suspend(() => {
      this.inFlight++
      this.peakInFlight = Math.max(this.peakInFlight, this.inFlight)
      return Effect.onExit(effect, () =>
        Effect.sync(() => {
          this.inFlight--
        }))
    })
  }

  #reply(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const answer = this.#options.answers?.find((answer) => answer.matches(request)) ?? this.#otherwise
    const attempt = (this.#asked.get(answer) ?? 0) + 1
    this.#asked.set(answer, attempt)
    return answer.reply(request, { attempt, pageState })
  }
}

/**
 * Makes a mock session and its record.
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
