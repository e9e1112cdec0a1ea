/**
 * Derives the session from a port.
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CqlError } from "../CqlError.ts"
import { InvalidOptions } from "../InvalidOptions.ts"
import * as Reason from "../Reason.ts"
import {
  type Page,
  type PageState,
  type Partition,
  type Port,
  type Request,
  type ResultPage,
  type Service
} from "../Session.ts"
import type { Input, RowOf } from "../Statement.ts"
import { bindStatement, textOf } from "./binding.ts"
import { type Executable, toStatement } from "./input.ts"
import { checked, resolve, type ResolvedOptions } from "./options.ts"
import { runOne } from "./single.ts"

const defaultCloseTimeout = 10_000

// Whoever has so many texts builds them from values.
const mostTold = 1_000

/** Where a session keeps its {@link SessionState}, out of the way of its users. */
export const state: unique symbol = Symbol.for("@effect-cql/core/Session/state")

/** What the engines need of a session beside its methods. */
export class SessionState {
  readonly #port: Port
  readonly defaults: ResolvedOptions
  readonly capacity: Effect.Effect<number | undefined>
  #closed = false
  #inFlight = 0
  #idle: Deferred.Deferred<void> | undefined
  #lastTimestamp = 0
  readonly #told = new Set<string>()

  constructor(port: Port) {
    this.#port = port
    this.defaults = resolve(checked(port.defaults ?? {}, "defaults."))
    this.capacity = port.capacity ?? Effect.undefined
  }

  /** One request, handed to the port. Each must be followed by {@link SessionState.leave}. */
  attempt(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const effect = this.#closed ? Effect.fail(closedError(textOf(request))) : this.#port.execute(request, pageState)
    this.#inFlight++
    return effect
  }

  /** Whether a text is asked about for the first time: what is told once a query. */
  isFirstOf(query: string): boolean {
    if (this.#told.has(query) || this.#told.size >= mostTold) return false
    this.#told.add(query)
    return true
  }

  leave(): void {
    this.#inFlight--
    if (this.#inFlight === 0 && this.#idle !== undefined) Deferred.doneUnsafe(this.#idle, Effect.void)
  }

  /** Microseconds since the epoch, never twice the same: of two writes of one session the later one wins. */
  nextTimestamp(clock: Clock.Clock): bigint {
    this.#lastTimestamp = Math.max(this.#lastTimestamp + 1, Math.floor(clock.currentTimeMillisUnsafe() * 1_000))
    return BigInt(this.#lastTimestamp)
  }

  /** Refuses what comes from now on, and waits for what is in flight, within bounds. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      if (this.#inFlight === 0) return Effect.void
      this.#idle = Deferred.makeUnsafe()
      return Deferred.await(this.#idle).pipe(
        Effect.timeoutOrElse({
          duration: this.#port.closeTimeout ?? defaultCloseTimeout,
          orElse: () => Effect.logWarning(`Session closed with ${this.#inFlight} requests still in flight`)
        })
      )
    })
  }

  get isClosed(): boolean {
    return this.#closed
  }
}

const closedError = (query: string): CqlError =>
  new CqlError({
    reason: new Reason.SessionClosed({ message: "the scope of the session has been closed" }),
    query,
    outcome: "NotApplied",
    attempts: 0
  })

export const makeSession = Effect.fnUntraced(function*(port: Port): Effect.fn.Return<Service, never, Scope.Scope> {
  const session = yield* Effect.sync(() => new SessionState(port))
  yield* Effect.addFinalizer(() => session.close)
  const orClosed = <A>(query: string, effect: Effect.Effect<A, CqlError>): Effect.Effect<A, CqlError> =>
    Effect.suspend(() => session.isClosed ? Effect.fail(closedError(query)) : effect)

  const partitionOf = (statement: Executable): Effect.Effect<Partition | undefined, CqlError> => {
    if (statement._tag === "Batch" || port.partition === undefined) return Effect.undefined
    const request = bindStatement(statement, session.defaults)
    return request._tag === "Statement"
      ? port.partition(request)
      : Effect.fail(new CqlError({ reason: request, query: statement.text, outcome: "NotApplied", attempts: 0 }))
  }

  const executePage: Service["executePage"] = <I extends Input>(input: I, pageState?: PageState) =>
    Effect.flatMap(
      executable(input),
      (statement) => runOne<RowOf<I>>(session, statement, { pages: "one", from: pageState })
    )

  return {
    execute: <I extends Input>(input: I) =>
      Effect.flatMap(
        executable(input),
        (statement) =>
          Effect.map(runOne<RowOf<I>>(session, statement, { pages: "all", from: undefined }), (page) => page.result)
      ),
    executePage,
    stream: (input) =>
      Stream.paginate<PageState | undefined, RowOf<typeof input>, CqlError, never>(
        undefined,
        (pageState) => Effect.map(executePage(input, pageState), toChunk)
      ),
    capacity: session.capacity,
    ring: (keyspace) => orClosed(keyspace, port.ring?.(keyspace) ?? Effect.undefined),
    partition: (input) =>
      Effect.flatMap(executable(input), (statement) => orClosed(statement.text, partitionOf(statement))),
    defaults: port.defaults ?? {},
    [state]: session
  }
})

const toChunk = <Row>(page: ResultPage<Row>) =>
  [page.result.rows, Option.map(Option.fromUndefinedOr(page.pageState), (next): PageState | undefined => next)] as const

const executable = (input: unknown): Effect.Effect<Executable> => {
  const statement = toStatement(input)
  return statement !== undefined
    ? Effect.succeed(statement)
    : Effect.die(
      new InvalidOptions({
        option: "statement",
        value: input,
        expected: "a Statement, a Batch or a tuple [text | Query, params]"
      })
    )
}
