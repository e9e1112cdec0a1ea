/**
 * Derives the session from a port.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Check from "../../Check.ts"
import type { CqlError } from "../../CqlError.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { all, type Limiter } from "../../Limiter.ts"
import type { PageState, Partition, Port } from "../../Port.ts"
import type { ResultPage, Service } from "../../Session.ts"
import type { Options, RowOf } from "../../Statement.ts"
import { refused } from "../execution/completion.ts"
import { aKindOf } from "../kindOf.ts"
import { aLimiter } from "../limiter/basicLimiter.ts"
import { bindStatement, isRequest, unbound } from "../statement/binding.ts"
import * as Text from "../statement/cqlText.ts"
import { type Executable, toStatement } from "../statement/input.ts"
import { checked, resolve, Resolver } from "../statement/options.ts"
import * as TypeIds from "../typeIds.ts"
import { SessionKey } from "./key.ts"
import { executeAll, pagesOf } from "./pager.ts"
import { SessionState } from "./state.ts"
import { readTrace } from "./trace.ts"

/** The state behind a session, for the engines. */
export interface SessionInternals {
  readonly session: SessionState
  /** Bounds every request that is made through the session. */
  readonly limiter: Limiter | undefined
  /** Lays the options of statements over those of the session. */
  readonly resolver: Resolver
}

/** Key of the {@link SessionInternals} of a session, out of the way of its users. */
export const sessionInternals: unique symbol = Symbol.for("@effect-cql/core/Session/internals")

export const makeSession = Effect.fnUntraced(function*(port: Port): Effect.fn.Return<Service, never, Scope.Scope> {
  const session = yield* Effect.withFiberSucceed(({ context }) => new SessionState(port, context))
  // The nodes of a session are of interest before its first statement.
  yield* Effect.withFiberSucceed((fiber) => session.watchNodes(fiber))
  yield* Effect.addFinalizer(() => session.close)
  return serviceOf({ session, limiter: undefined, resolver: new Resolver(session.defaults) }, port.defaults ?? {})
})

/** The same session under one more limiter. */
export const limit = (service: Service, limiter: Limiter): Service => {
  const self = service[sessionInternals]
  const before = self.limiter
  const both = before === undefined ? Check.value("limiter", limiter, aLimiter) : all([before, limiter])
  return serviceOf({ ...self, limiter: both }, service.defaults)
}

/** The same session with options that stand before its own. */
export const withOptions = (service: Service, options: Options): Service => {
  const self = service[sessionInternals]
  const resolver = new Resolver(resolve(checked(options), self.resolver.behind))
  // An option without a value leaves that of the session.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return serviceOf({ ...self, resolver }, { ...service.defaults, ...given })
}

const serviceOf = (self: SessionInternals, defaults: Options): Service => {
  const { session } = self
  const streamOf = <Input extends Parameters<Service["stream"]>[0], A>(
    input: Input,
    from: PageState | undefined,
    elements: (page: ResultPage<RowOf<Input>>) => ReadonlyArray<A>
  ): Stream.Stream<A, CqlError> =>
    Stream.unwrap(whenBound(input, (statement) => pulled(self, statement, from, elements)))
  const service: Service = {
    execute: (input) => whenBound(input, (statement) => executeAll<RowOf<typeof input>>(self, statement)),
    executePage: (input, from) =>
      whenBound(
        input,
        (statement) =>
          Effect.flatMap(pagesOf<RowOf<typeof input>>(self, statement, from, "statement"), ({ next }) => next)
      ),
    stream: (input) => streamOf(input, undefined, ({ result }) => result.rows),
    streamPages: (input, from) => streamOf(input, from, (page) => [page]),
    capacity: session.capacity,
    ring: (keyspace) => session.whileOpen("", session.port.ring?.(keyspace) ?? Effect.undefined),
    schemaAgreement: (timeout = "10 seconds") =>
      Effect.suspend(() => {
        const millis = Check.millis("timeout", timeout)
        return session.whileOpen("", session.port.schemaAgreement?.(millis) ?? Effect.succeed(true))
      }),
    partition: (input) =>
      whenBound(input, (statement) => session.whileOpen(statement.text, partitionOf(self, statement))),
    describe: (text) =>
      Effect.suspend(() => {
        const request = unbound(Text.of(text), self.resolver.behind)
        return session.whileOpen(text, session.port.describe?.(request) ?? Effect.undefined)
      }),
    trace: (id, timeout = "5 seconds") => spanned(service, readTrace(service.execute, id, timeout)),
    provide: (effect) => Effect.provideService(effect, SessionKey, service),
    defaults,
    get keyspace() {
      return session.port.keyspace
    },
    [TypeIds.Session]: TypeIds.Session,
    [sessionInternals]: self
  }
  return service
}

/** An effect of several calls, whose span is off where those of the session are. */
export const spanned = <A, E, R>(service: Service, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  service[sessionInternals].session.spans ? effect : Effect.withTracerEnabled(effect, false)

const partitionOf = (
  { resolver, session }: SessionInternals,
  statement: Executable
): Effect.Effect<Partition | undefined, CqlError> => {
  const { port } = session
  if (statement._tag === "Batch" || port.partition === undefined) return Effect.undefined
  const request = bindStatement(statement, resolver.resolve(statement.options))
  return isRequest(request) ? port.partition(request) : Effect.fail(refused(request, statement.text))
}

/** Streams the elements of one page at a time. */
const pulled = <Row, A>(
  self: SessionInternals,
  statement: Executable,
  from: PageState | undefined,
  elements: (page: ResultPage<Row>) => ReadonlyArray<A>
): Effect.Effect<Stream.Stream<A, CqlError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pager = yield* pagesOf<Row>(self, statement, from, "stream")
    if (self.session.spans) yield* Effect.addFinalizer(() => pager.close)
    let isOver = false
    const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, CqlError> = Effect.suspend(() => isOver ? Cause.done() : next)
    const next = Effect.flatMap(pager.next, (page) => {
      isOver = page.pageState === undefined
      const found = elements(page)
      // A page may be without rows before the last one.
      return Arr.isReadonlyArrayNonEmpty(found) ? Effect.succeed(found) : pull
    })
    return Stream.fromPull(Effect.succeed(pull))
  })

/** Binds an input when it is given, so that later changes of its parameters change nothing. Dies of what is no input. */
const whenBound = <A, E, R = never>(
  input: unknown,
  use: (statement: Executable) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  // Texts and parameters are of others, and may throw.
  try {
    const statement = toStatement(input)
    if (statement !== undefined) return use(statement)
  } catch (defect) {
    return Effect.die(defect)
  }
  return Effect.die(
    new InvalidOptions({
      option: "statement",
      given: aKindOf(input),
      expected: "a Statement, a Batch or a tuple [text | Query, params]"
    })
  )
}
