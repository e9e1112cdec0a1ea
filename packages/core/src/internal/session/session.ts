/**
 * Derives the session from a port.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CqlError } from "../../CqlError.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { all, type Limiter } from "../../Limiter.ts"
import type { PageState, Partition, Port } from "../../Port.ts"
import type { ResultPage, Service } from "../../Session.ts"
import type { Input, RowOf } from "../../Statement.ts"
import { checkValue } from "../check.ts"
import { refused } from "../execution/completion.ts"
import { aKindOf } from "../kindOf.ts"
import { aLimiter } from "../limiter/rule.ts"
import { bindStatement, isRequest } from "../statement/binding.ts"
import { type Executable, toStatement } from "../statement/input.ts"
import { resolve } from "../statement/options.ts"
import * as TypeIds from "../typeIds.ts"
import { runOne } from "./single.ts"
import { SessionState } from "./state.ts"

/** What the engines need of a session beside its methods. */
export interface Seat {
  readonly session: SessionState
  /** What bounds every request made through it. */
  readonly limiter: Limiter | undefined
}

/** Where a session keeps its {@link Seat}, out of the way of its users. */
export const seat: unique symbol = Symbol.for("@effect-cql/core/Session/seat")

export const makeSession = Effect.fnUntraced(function*(port: Port): Effect.fn.Return<Service, never, Scope.Scope> {
  const session = yield* Effect.sync(() => new SessionState(port))
  yield* Effect.addFinalizer(() => session.close)
  return serviceOf({ session, limiter: undefined })
})

/** The same session under one more limiter. */
export const limit = (service: Service, limiter: Limiter): Service => {
  const { limiter: before, session } = service[seat]
  return serviceOf({
    session,
    limiter: before === undefined ? checkValue("limiter", limiter, aLimiter) : all([before, limiter])
  })
}

const serviceOf = (self: Seat): Service => {
  const { session } = self
  const executePage: Service["executePage"] = <I extends Input>(input: I, pageState?: PageState) =>
    Effect.flatMap(
      executable(input),
      (statement) => runOne<RowOf<I>>(self, statement, { pages: "one", from: pageState })
    )
  return {
    execute: <I extends Input>(input: I) =>
      Effect.flatMap(
        executable(input),
        (statement) =>
          Effect.map(runOne<RowOf<I>>(self, statement, { pages: "all", from: undefined }), (page) => page.result)
      ),
    executePage,
    stream: (input) =>
      Stream.paginate<PageState | undefined, RowOf<typeof input>, CqlError, never>(
        undefined,
        (pageState) => Effect.map(executePage(input, pageState), toChunk)
      ),
    capacity: session.capacity,
    ring: (keyspace) => session.whileOpen(keyspace, session.port.ring?.(keyspace) ?? Effect.undefined),
    partition: (input) =>
      Effect.flatMap(
        executable(input),
        (statement) => session.whileOpen(statement.text, partitionOf(session, statement))
      ),
    defaults: session.port.defaults ?? {},
    [TypeIds.Session]: TypeIds.Session,
    [seat]: self
  }
}

const partitionOf = (
  session: SessionState,
  statement: Executable
): Effect.Effect<Partition | undefined, CqlError> => {
  const { port } = session
  if (statement._tag === "Batch" || port.partition === undefined) return Effect.undefined
  const request = bindStatement(statement, resolve(statement.options, session.defaults))
  return isRequest(request) ? port.partition(request) : Effect.fail(refused(request, statement.text))
}

const toChunk = <Row>(page: ResultPage<Row>) =>
  [page.result.rows, Option.map(Option.fromUndefinedOr(page.pageState), (next): PageState | undefined => next)] as const

const executable = (input: unknown): Effect.Effect<Executable> => {
  const statement = toStatement(input)
  return statement !== undefined
    ? Effect.succeed(statement)
    : Effect.die(
      new InvalidOptions({
        option: "statement",
        given: aKindOf(input),
        expected: "a Statement, a Batch or a tuple [text | Query, params]"
      })
    )
}
