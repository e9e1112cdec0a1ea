/** Faults of foreign code: sources, ports and handlers that violate their contracts. */
import {
  cql,
  executeConcurrent,
  InvalidOptions,
  Limiter,
  Query,
  runConcurrent,
  Session,
  SourceError,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import type { Done, ExecutePort, Port, SendPort } from "@effect-cql/core/Port"
import {
  defectOf,
  errorOf,
  indexOf,
  insert,
  sessionOf,
  statements,
  timed,
  valueOf
} from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

const slow = sessionOf({ latency: () => 10 })
const page = { rows: [] }

/** Runs an effect over a port of its own, which breaks what ports promise. */
const over = <A, E>(effect: Effect.Effect<A, E, Session>, port: Partial<SendPort> | Partial<ExecutePort>) =>
  Effect.flatMap(
    Session.make({
      defaults: { retry: "none" },
      closeTimeout: 0,
      ...port,
      ...port.send === undefined ? { execute: port.execute ?? (() => Effect.succeed(page)) } : { send: port.send }
    } as Port),
    (session) => Effect.provideService(effect, Session, session)
  )

/** An async iterable that gives statements, and then what a test makes of its next step. */
const then = (count: number, next: () => unknown, close?: () => Promise<unknown>): AsyncIterable<Statement.Input> => {
  let given = 0
  const iterator = {
    next: () => Promise.resolve(given < count ? { done: false, value: statements(count)[given++] } : next()),
    ...(close === undefined ? {} : { return: close })
  }
  return { [Symbol.asyncIterator]: () => iterator as AsyncIterator<Statement.Input> }
}

describe("a consumer", () => {
  it.effect("that interrupts a pull loses no result", () =>
    Effect.gen(function*() {
      const pull = yield* Stream.toPull(streamConcurrent(statements(6), { concurrency: 2 }))
      const given: Array<number> = []
      const first = yield* Effect.forkChild(pull)
      yield* TestClock.adjust(5)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust(100)
      const rest = yield* Effect.forkChild(
        Effect.forever(Effect.map(pull, (results) => given.push(...results.map(({ index }) => index))))
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.await(rest)
      assert.deepStrictEqual(given, [0, 1, 2, 3, 4, 5])
    }).pipe(Effect.scoped, Effect.provide(slow)))
})

describe("a source", () => {
  const throwing = {
    get done(): boolean {
      throw new Error("mine")
    }
  }

  it.effect("whose step throws when it is looked at is a SourceError, and nothing is sent twice", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const { exit } = yield* timed(runConcurrent(then(3, () => throwing), { concurrency: 2 }))
      const error = errorOf(exit)
      assert.instanceOf(error, SourceError)
      assert.deepStrictEqual([error.index, error.summary.succeeded, (yield* mock.calls).length], [3, 3, 3])
    }).pipe(Effect.provide(slow)))

  it.effect("whose steps are no objects is reported by kind, not by value", () =>
    Effect.gen(function*() {
      const source = { [Symbol.iterator]: () => ({ next: () => "s3cret" }) } as never
      const error = errorOf(yield* Effect.exit(runConcurrent(source as Iterable<Statement.Input>)))
      assert.notInclude(String(error), "s3cret")
    }).pipe(Effect.provide(slow)))

  it.effect("whose item throws when it is looked at hangs nothing, and miscounts nothing", () =>
    Effect.gen(function*() {
      const bad = new Proxy<Array<never>>([], {
        get: () => {
          throw new Error("mine")
        }
      }) as never
      const items = [...statements(3), bad, ...statements(3)]
      const array = yield* timed(executeConcurrent(items, { concurrency: 2 }))
      assert.include(String(defectOf(array.exit)), "mine")
      const iterable = yield* timed(runConcurrent(items.values(), { concurrency: 2 }))
      const { index, summary } = errorOf(iterable.exit) as SourceError
      assert.deepStrictEqual([index, summary], [3, { started: 3, succeeded: 3, failed: 0, interrupted: 0 }])
    }).pipe(Effect.provide(slow)))

  it.effect("an array that throws in a later turn ends the run as well", () =>
    Effect.gen(function*() {
      const items = new Proxy(statements(6_000), {
        get: (target, key) => {
          if (key === "5000") throw new Error("mine")
          return Reflect.get(target, key)
        }
      })
      for (const run of [runConcurrent(items), executeConcurrent(items), Stream.runDrain(streamConcurrent(items))]) {
        const { exit } = yield* timed(run as Effect.Effect<unknown, unknown, Session>)
        assert.include(String(defectOf(exit)), "mine")
      }
    }).pipe(Effect.provide(MockSession.layer({ record: false }))))

  it.effect("whose item will not even say what it is, is a SourceError", () =>
    Effect.gen(function*() {
      const secretive = Object.create({
        get constructor() {
          throw new Error("mine")
        }
      })
      const { exit } = yield* timed(runConcurrent(then(1, () => ({ done: false, value: secretive }))))
      assert.include(String(errorOf(exit)), "statements[1]: expected a Statement")
      const thrown = yield* Effect.flip(runConcurrent({
        [Symbol.iterator]: () => {
          throw Object.create(null)
        }
      }))
      assert.include(thrown.message, "cannot be shown")
    }).pipe(Effect.provide(slow)))

  it.effect("of forged queries and of proxies of statements reports which item it should have given", () =>
    Effect.gen(function*() {
      const forged = { [Query.TypeId]: Query.TypeId, text: insert } as never
      for (const item of [[forged, [1]], new Proxy(statements(1)[0]!, {})]) {
        const exit = yield* Effect.exit(executeConcurrent([item as Statement.Input]))
        assert.match(String(defectOf(exit)), /statements\[0\]: expected a Statement.*, got an? \w+/)
      }
    }).pipe(Effect.provide(slow)))

  it.effect("that never closes is left alone after five seconds", () =>
    Effect.gen(function*() {
      const source = then(2, () => ({ done: false, value: 42 }), () => new Promise(() => {}))
      const { exit, millis } = yield* timed(runConcurrent(source))
      assert.instanceOf(errorOf(exit), SourceError)
      assert.strictEqual(millis, 5_010)
    }).pipe(Effect.provide(slow)))

  it.effect("that uses one list for all of its parameters sends what it held each time", () =>
    Effect.gen(function*() {
      const params = [0]
      function* source() {
        for (let index = 0; index < 5; index++) {
          params[0] = index
          yield [insert, params] as const
        }
      }
      const mock = yield* MockSession.MockSession
      yield* timed(runConcurrent(source()))
      assert.deepStrictEqual((yield* mock.calls).map(({ request }) => indexOf(request as never)), [0, 1, 2, 3, 4])
      const record = { id: 0 }
      const made = [1, 2, 3].map((id) => {
        record.id = id
        return Statement.make("INSERT INTO t (a) VALUES (:id)", record)
      })
      assert.deepStrictEqual(made.map(({ params }) => params), [{ id: 1 }, { id: 2 }, { id: 3 }])
    }).pipe(Effect.provide(slow)))

  it.effect("an array that shrinks meanwhile ends the run, and leaves no hole", () =>
    Effect.gen(function*() {
      const items = statements(5)
      const fiber = yield* Effect.forkChild(Effect.exit(executeConcurrent(items, { concurrency: 1 })))
      yield* TestClock.adjust(5)
      items.length = 2
      yield* TestClock.adjust("1 minute")
      assert.instanceOf(defectOf(yield* Fiber.join(fiber)), InvalidOptions)
    }).pipe(Effect.provide(slow)))

  for (const [name, length] of [["grows", 8], ["shrinks", 2]] as const) {
    it.effect(`an array that ${name} meanwhile is the same source for each verb`, () =>
      Effect.gen(function*() {
        const mock = yield* MockSession.MockSession
        const verbs = [
          (items: ReadonlyArray<Statement.Statement<unknown>>) =>
            Effect.asVoid(executeConcurrent(items, { concurrency: 1 })),
          (items: ReadonlyArray<Statement.Statement<unknown>>) =>
            Effect.asVoid(runConcurrent(items, { concurrency: 1 })),
          (items: ReadonlyArray<Statement.Statement<unknown>>) =>
            Stream.runDrain(streamConcurrent(items, { concurrency: 1 }))
        ]
        for (const verb of verbs) {
          const items = statements(5)
          const before = (yield* mock.calls).length
          const fiber = yield* Effect.forkChild(Effect.exit(verb(items)))
          yield* TestClock.adjust(5)
          if (length > 5) items.push(...statements(length - 5))
          else items.length = length
          yield* TestClock.adjust("1 minute")
          const exit = yield* Fiber.join(fiber)
          assert.strictEqual((yield* mock.calls).length - before, Math.min(5, length))
          if (length < 5) assert.instanceOf(defectOf(exit), InvalidOptions)
          else assert.strictEqual(exit._tag, "Success")
        }
      }).pipe(Effect.provide(slow)))
  }

  it("a text of many megabytes overflows nothing, nor takes quadratic time", () => {
    for (const literal of ["x".repeat(16_000_000), "''".repeat(200_000)]) {
      assert.include(String(Statement.make(`INSERT INTO t (a) VALUES ('${literal}')`)), "0 params")
    }
    assert.strictEqual(Statement.make("/*a ".repeat(60_000)).params, undefined)
    assert.throws(() => Statement.make(5 as never), InvalidOptions, /text: expected .*, got 5/)
    assert.throws(() => Statement.make("INSERT INTO t (a) VALUES ('\ud800')"), InvalidOptions, /not well-formed/)
    assert.throws(() => cql`SELECT a FROM t WHERE a = '\xg'`, InvalidOptions, /two backslashes/)
  })
})

describe("a port", () => {
  it.effect("that throws when it is to abandon a request hangs nothing", () =>
    Effect.gen(function*() {
      const send: SendPort["send"] = () => () => {
        throw new Error("mine")
      }
      const run = executeConcurrent(statements(3), {
        raiseOnFirstError: false,
        statement: { requestTimeout: "1 second" }
      })
      const { exit } = yield* timed(over(run, { send }))
      assert.deepStrictEqual(valueOf(exit).map(({ outcome }) => outcome), ["Unknown", "Unknown", "Unknown"])
    }).pipe(Effect.scoped))

  it.effect("that interrupts the run it is asked by has its request cancelled", () =>
    Effect.gen(function*() {
      let cancelled = 0
      const running: Array<Fiber.Fiber<unknown, unknown>> = []
      let asked = 0
      const send: SendPort["send"] = () => {
        if (++asked === 3) running[0]?.interruptUnsafe()
        return () => {
          cancelled++
        }
      }
      const source = Stream.fromEffectRepeat(Effect.as(Effect.sleep(10), statements(1)[0]!))
      running.push(yield* Effect.forkChild(over(runConcurrent(source), { send })))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([asked, cancelled], [3, 3])
    }).pipe(Effect.scoped))

  it.effect("whose capacity is no number is a programming error", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(over(executeConcurrent(statements(3)), { capacity: Effect.succeed(Number.NaN) }))
      assert.instanceOf(defectOf(exit), InvalidOptions)
    }).pipe(Effect.scoped))

  it.effect("that fails with what is no CqlError is a defect that names it", () =>
    Effect.gen(function*() {
      const execute = () => Effect.fail(new Error("the real cause") as never)
      const exit = yield* Effect.exit(over(executeConcurrent(statements(1), { raiseOnFirstError: false }), { execute }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "the real cause")
    }).pipe(Effect.scoped))

  it.effect("keeps its this", () =>
    Effect.gen(function*() {
      class Mine implements SendPort {
        readonly page = page
        send(_request: unknown, _pageState: unknown, done: Done) {
          done(Exit.succeed(this.page))
          return () => {}
        }
      }
      const session = yield* Session.make(new Mine())
      assert.strictEqual((yield* session.execute(statements(1)[0]!)).length, 0)
    }).pipe(Effect.scoped))
})

describe("a handler of progress", () => {
  it.effect("that cannot be interrupted is waited for a second, and is never called twice at once", () =>
    Effect.gen(function*() {
      let calls = 0
      let most = 0
      const onProgress = () =>
        Effect.uninterruptible(Effect.gen(function*() {
          most = Math.max(most, ++calls)
          yield* Effect.sleep("300 millis")
          calls--
        }))
      yield* timed(executeConcurrent(statements(100), { concurrency: 1, onProgress }))
      assert.strictEqual(most, 1)
      const { millis } = yield* timed(
        executeConcurrent(statements(1), { onProgress: () => Effect.uninterruptible(Effect.never) })
      )
      assert.strictEqual(millis, 1_010)
    }).pipe(Effect.provide(slow)))
})

describe("a limiter", () => {
  it.effect("that is none, but the effect of one, is refused", () =>
    Effect.gen(function*() {
      const none = Limiter.fixed(1) as never
      const exit = yield* Effect.exit(executeConcurrent(statements(1), { limiter: none }))
      assert.instanceOf(defectOf(exit), InvalidOptions)
      const limited = yield* Effect.exit(executeConcurrent(statements(1)).pipe(Session.limited(none)))
      assert.instanceOf(defectOf(limited), InvalidOptions)
    }).pipe(Effect.provide(slow)))
})
