/**
 * Mock sessions, and their record.
 */
import { Session } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Answer, Call, CallOf, Matcher, MemoryOptions, Options, Reply } from "../MockSession.ts"
import { checkTables } from "./arguments.ts"
import { interpreter, preload } from "./interpreter.ts"
import { toPredicate } from "./matching.ts"
import { type Behind, MockPort } from "./mockPort.ts"
import { checkMemoryOptions, checkMockOptions } from "./optionNames.ts"
import { Replicas } from "./replicas.ts"

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
  /** The calls of one query, text or whatever else a matcher stands for. */
  readonly callsOf: (matcher: Matcher) => Effect.Effect<ReadonlyArray<CallOf>>
  /** Puts an answer in front of all others, until `reset`. */
  readonly answer: (answer: Answer) => Effect.Effect<void>
  /** Forgets the calls, the peak, how often each reply was asked, and the answers that were added. */
  readonly reset: Effect.Effect<void>
  /** Dies if an answer was scripted that no request has asked for, naming it. A strict session does so at the end of its scope. */
  readonly verify: Effect.Effect<void>
}>()("@effect-cql/testing/MockSession") {}

/**
 * Makes a mock session and its record, for tests without Layers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: Options): Effect.Effect<Made, never, Scope.Scope> => {
  checkMockOptions(options)
  if (options?.tables !== undefined) checkTables(options.tables)
  const { tables } = options ?? {}
  if (tables === undefined) return makeOn(options ?? {}, Effect.succeed({}))
  void preload()
  return Effect.flatMap(interpreter, (Memory) => {
    const memory = new Memory(undefined)
    return makeOn(options ?? {}, Effect.as(memory.define(tables), { check: memory.check, describe: memory.describe }))
  })
}

/**
 * A mock session, and its record.
 *
 * @category models
 * @since 0.1.0
 */
export interface Made {
  readonly session: Service
  readonly mock: MockSession["Service"]
}

const makeOn = (options: Options, behind: Effect.Effect<Behind>): Effect.Effect<Made, never, Scope.Scope> =>
  Effect.gen(function*() {
    const port = new MockPort(options, yield* Clock.Clock, yield* Effect.scope, yield* behind)
    const verify = Effect.suspend(() => port.unused.length === 0 ? Effect.void : Effect.die(unusedAnswers(port.unused)))
    // A test that failed already has something better to say.
    yield* Effect.addFinalizer((exit) => Exit.isSuccess(exit) ? verify : Effect.void)
    const session = yield* Session.make(port)
    const mock = MockSession.of({
      calls: Effect.sync(() => [...port.calls]),
      callsOf: (matcher) => Effect.sync(() => port.calls.flatMap(callsOf(matcher))),
      inFlight: Effect.sync(() => port.inFlight),
      peakInFlight: Effect.sync(() => port.peakInFlight),
      answer: (answer) => Effect.sync(() => port.add(answer)),
      reset: Effect.sync(() => port.reset()),
      verify
    })
    return { session, mock }
  })

const unusedAnswers = (answers: ReadonlyArray<Answer>): Error =>
  new Error(
    `the mock session was scripted with answers that no request asked for: ${
      answers.map(({ text }) => text ?? "a pattern or predicate").join("; ")
    }. Leave them out, or mark them { optional: true }.`
  )

const callsOf = (matcher: Matcher) => {
  const matches = toPredicate(matcher)
  return (call: Call): ReadonlyArray<CallOf> => {
    const { request } = call
    if (!matches(request)) return []
    if (request._tag === "Statement") return [{ ...call, params: request.params }]
    const { statements, ...batch } = request
    return statements
      .filter(({ params, text }) => matches({ ...batch, _tag: "Statement", kind: "write", text, params }))
      .map(({ params }) => ({ ...call, params }))
  }
}

/**
 * Makes a memory session and its record, for tests without Layers. See {@link memory}.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (
  tables: Iterable<string>,
  options?: MemoryOptions
): Effect.Effect<Made, never, Scope.Scope> => {
  const texts = checkTables(tables)
  checkMemoryOptions(options)
  void preload()
  return Effect.flatMap(interpreter, (Memory) => {
    const memories: Array<InstanceType<typeof Memory>> = []
    const makeStore = () => {
      const memory = new Memory(options?.keyspace)
      memories.push(memory)
      return memory
    }
    const { describe, partition, ring, ...alone } = makeStore()
    const { execute } = options?.replicas === undefined
      ? alone
      : new Replicas(options.replicas, memories[0]!, makeStore)
    const reply: Reply = (request, { pageState }) => execute(request, pageState)
    const define = Effect.forEach(memories, (memory) => memory.define(texts), { discard: true })
    const defaults = { pageSize: memoryPageSize, ...options?.defaults }
    return makeOn({ ...options, defaults }, Effect.as(define, { reply, ring, partition, describe }))
  })
}

// That of a session on a server.
const memoryPageSize = 5_000
