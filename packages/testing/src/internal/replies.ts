/**
 * Replies of a mock session.
 */
import { CqlError, type Reason } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { type Request, textOf } from "@effect-cql/core/Port"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import type { Reply } from "../MockSession.ts"
import { checkReply, refuseKind } from "./arguments.ts"
import { pageOf } from "./pageOf.ts"
import { connectionClosed } from "./reasons.ts"

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
export const rows = (rows: ReadonlyArray<Record<string, unknown>>): Reply => {
  if (!Array.isArray(rows)) refuseKind("rows", rows, "a list of rows")
  return (request, context) => pageOf(rows, request, context)
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
export const rowsFrom = (f: (request: Request) => ReadonlyArray<Record<string, unknown>>): Reply => {
  if (typeof f !== "function") refuseKind("f", f, "a function that returns rows")
  return (request, context) => rows(f(request))(request, context)
}

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
export const fail = (reason: Reason.Reason): Reply => {
  if (typeof reason !== "object" || reason === null || !("_tag" in reason)) {
    refuseKind("reason", reason, "a reason, such as new Reason.Overloaded({ message: \"busy\" })")
  }
  return (request) => Effect.fail(new CqlError({ reason, query: textOf(request) }))
}

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
 * const session = MockSession.layer({
 *   answers: [MockSession.when(/app\.events/, slow)],
 *   otherwise: MockSession.rows([])
 * })
 * const program = executeConcurrent([["SELECT id FROM app.events"], ["SELECT id FROM app.users"]])
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).length === 2)
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const delayed: {
  (duration: Duration.Input): (reply: Reply) => Reply
  (reply: Reply, duration: Duration.Input): Reply
} = dual(
  2,
  (reply: Reply, duration: Duration.Input): Reply => {
    checkReply("reply", reply)
    const millis = Check.millis("duration", duration, Check.finiteDuration)
    return (request, context) => Effect.delay(Effect.suspend(() => reply(request, context)), millis)
  }
)

/**
 * Dies with the text of the request. For `otherwise`, in tests in which no statement may be unexpected.
 *
 * **Example** (An unexpected statement)
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
 * Passes the request on, to the tables of a memory session or to `otherwise`, and then replies with a failure in place of the
 * answer. Default: the connection was closed.
 *
 * **Example** (Applied, although it fails)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"], {
 *   answers: [MockSession.when(/^INSERT/, MockSession.lostAnswer())]
 * })
 * const program = Effect.gen(function*() {
 *   const error = yield* Effect.flip(Statement.make("INSERT INTO app.users (id) VALUES (1)"))
 *   return [error.outcome, (yield* Statement.make("SELECT id FROM app.users")).length]
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).join() === "Unknown,1")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const lostAnswer = (reply: Reply = connectionClosed()): Reply => {
  checkReply("reply", reply)
  return (request, context) => Effect.andThen(context.behind(request), Effect.suspend(() => reply(request, context)))
}

/**
 * Passes the request on after a time on the Clock, even if the client has given up meanwhile. With `reply`, replies with that
 * instead.
 *
 * **Example** (A write that lands after its timeout)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"], {
 *   answers: [MockSession.when(/^INSERT/, MockSession.late("300 millis"))]
 * })
 * const program = Effect.gen(function*() {
 *   const insert = Statement.make("INSERT INTO app.users (id) VALUES (1)", [], { requestTimeout: "5 millis" })
 *   const { reason } = yield* Effect.flip(insert)
 *   yield* Effect.sleep("1 second")
 *   return [reason._tag, (yield* Statement.make("SELECT id FROM app.users")).length]
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).join() === "RequestTimeout,1")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const late = (after: Duration.Input, reply?: Reply): Reply => {
  const millis = Check.millis("after", after, Check.finiteDuration)
  if (reply !== undefined) checkReply("reply", reply)
  return (request, context) => {
    const answer = Effect.suspend(() => reply === undefined ? context.behind(request) : reply(request, context))
    return Effect.flatMap(Effect.forkDetach(Effect.delay(answer, millis)), Fiber.join)
  }
}
