import { executeConcurrent, runConcurrent, Session, Statement, streamConcurrent } from "@effect-cql/core"
import type { Done } from "@effect-cql/core/Port"
import { sleeping } from "@effect-cql/test-support/clock"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

const page = Exit.succeed({ rows: [] })

/** A clock of real time that counts the timers on it. */
const counting = (clock: Clock.Clock) => {
  const timers = { now: 0, made: 0 }
  const counted = sleeping(clock, (duration) =>
    Effect.suspend(() => {
      timers.now++
      timers.made++
      return Effect.ensuring(clock.sleep(duration), Effect.sync(() => timers.now--))
    }))
  return { counted, timers }
}

/** A session over a port of its own, which answers in another turn of the event loop and sets no timer of the clock. */
const later = Session.make({
  send: (_request, _pageState, done) => {
    setImmediate(() => done(page))
    return () => {}
  },
  defaults: { requestTimeout: "1 minute" }
})

// On a busy machine a timer may come before what was scheduled.
const turn = Effect.promise(() => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 5)))

describe("the timers of a session", () => {
  it.live("are one for all that is in flight, and none for nothing", () =>
    Effect.gen(function*() {
      const { counted, timers } = counting(yield* Clock.Clock)
      const session = yield* later
      const statement = Statement.make("SELECT a FROM t")
      const program = Effect.gen(function*() {
        for (let count = 0; count < 50; count++) yield* statement
        yield* executeConcurrent(Array.from({ length: 100 }, () => statement))
        yield* Effect.all(Array.from({ length: 50 }, () => statement), { concurrency: "unbounded" })
      })
      yield* program.pipe(Effect.provideService(Session, session), Effect.provideService(Clock.Clock, counted))
      yield* turn
      assert.strictEqual(timers.now, 0)
      assert.isBelow(timers.made, 20)
    }).pipe(Effect.scoped))

  it.live("stand on the Clock of the fiber that runs the statement, not on that of the session", () =>
    Effect.gen(function*() {
      const { session } = yield* MockSession.make({ otherwise: MockSession.never })
      const statement = Statement.make("SELECT a FROM t", [], { requestTimeout: "1 hour", retry: "none" })
      const program = Effect.gen(function*() {
        const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(Effect.flip(session.execute(statement))))
        yield* TestClock.adjust("1 hour")
        return yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      })
      const errors = yield* Effect.provide(program, TestClock.layer())
      assert.deepStrictEqual(errors.map(({ reason }) => reason._tag), ["RequestTimeout", "RequestTimeout"])
    }).pipe(Effect.scoped))
})

describe("answers that are there", () => {
  const block = (millis: number) => {
    const end = performance.now() + millis
    while (performance.now() < end);
  }

  const write = Statement.make("INSERT INTO t (a) VALUES (1)", [], { requestTimeout: 100, retry: "none" })
  const writes = Array.from({ length: 200 }, () => write)

  /** Runs a program on a loop that is blocked after its beginning, and then reads so many answers a turn. */
  const whileBlocked = Effect.fnUntraced(function*<A, E>(perTurn: number, program: Effect.Effect<A, E, Session>) {
    const waiting: Array<Done> = []
    const read = () => {
      for (const done of waiting.splice(0, perTurn)) done(page)
      if (waiting.length > 0) setImmediate(read)
    }
    const scope = yield* Scope.make()
    // A port of its own, for the answers come from the event loop and not from the clock.
    const session = yield* Scope.provide(
      Session.make({
        send: (_request, _pageState, done) => {
          waiting.push(done)
          return () => {}
        },
        closeTimeout: 0
      }),
      scope
    )
    const fiber = yield* Effect.forkChild(Effect.provideService(program, Session, session), { startImmediately: true })
    // Their time runs from the end of the turn in which they began.
    yield* turn
    yield* Effect.sync(() => {
      setImmediate(read)
      block(400)
    })
    return yield* Effect.ensuring(Fiber.join(fiber), Scope.close(scope, Exit.void))
  })

  for (const perTurn of [1, 50, 1_000]) {
    it.live(`are read before anything times out, ${perTurn} a turn of a loop that was blocked`, () =>
      Effect.gen(function*() {
        const run = executeConcurrent(writes, { concurrency: "unbounded", raiseOnFirstError: false })
        const results = yield* whileBlocked(perTurn, run)
        assert.deepStrictEqual([...new Set(results.map(({ outcome }) => outcome))], ["Applied"])
      }))

    it.live(`count where a deadline ends their run, ${perTurn} a turn of a loop that was blocked`, () =>
      Effect.gen(function*() {
        const run = runConcurrent(writes, { concurrency: 150, deadline: "100 millis" })
        const error = yield* Effect.flip(whileBlocked(perTurn, run))
        assert.strictEqual(error._tag, "DeadlineExceeded")
        assert.deepInclude(error.summary, { started: 150, succeeded: 150, interrupted: 0 })
      }))
  }

  it.live("are read before a deadline ends their run, of each source and verb", () =>
    Effect.gen(function*() {
      const options = {
        concurrency: "unbounded",
        deadline: "100 millis",
        statement: { requestTimeout: "1 minute" }
      } as const
      for (const source of [writes, writes.values(), Stream.fromIterable(writes)]) {
        assert.strictEqual((yield* whileBlocked(50, runConcurrent(source, options))).succeeded, 200)
      }
      for (const ordered of [true, false]) {
        const stream = Stream.runCollect(streamConcurrent(writes, { ...options, bufferSize: 200, ordered }))
        assert.lengthOf(yield* whileBlocked(50, stream), 200)
      }
      assert.lengthOf(yield* whileBlocked(50, executeConcurrent(writes, options)), 200)
    }))

  it.live("and what has none still times out in time", () =>
    Effect.gen(function*() {
      const { session } = yield* MockSession.make({ otherwise: MockSession.never })
      const statement = Statement.make("SELECT a FROM t", [], { requestTimeout: 100, retry: "none" })
      const [took, error] = yield* Effect.timed(Effect.flip(session.execute(statement)))
      assert.strictEqual(error.reason._tag, "RequestTimeout")
      assert.isBelow(Duration.toMillis(took), 1_000)
    }).pipe(Effect.scoped))
})
