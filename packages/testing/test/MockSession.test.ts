import { Batch, executeConcurrent, PageState, Query, Reason, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Layer, ManagedRuntime, pipe } from "effect"
import { TestClock } from "effect/testing"
import { MockSession } from "../src/index.ts"

const select = "SELECT a FROM t WHERE b = ?"
const one = Statement.make(select, [1])

const firstOf = (statement: Statement.Statement<Record<string, unknown>>) =>
  Effect.map(statement, (result) => result.first?.["a"])

describe("answers", () => {
  it.effect("refuses a page state that it did not give", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Statement.page(Statement.make("SELECT 1"), PageState("a cursor")))
      assert.strictEqual(error.reason._tag, "InvalidPageState")
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ a: 1 }]) }))))

  it.effect("match by text, white space aside, by pattern, by query, and by predicate; the first one replies", () =>
    Effect.gen(function*() {
      const query = Query.make("SELECT c FROM t")
      assert.strictEqual(yield* firstOf(one), "text")
      assert.strictEqual(yield* firstOf(Statement.make("SELECT x FROM u")), "pattern")
      assert.strictEqual(yield* firstOf(query()), "query")
      assert.strictEqual(yield* firstOf(Statement.make("SELECT y FROM w")), "predicate")
      assert.isUndefined(yield* firstOf(Statement.make("SELECT z FROM none")))
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      answers: [
        MockSession.when("SELECT a\n  FROM t WHERE b = ?", MockSession.rows([{ a: "text" }])),
        MockSession.when(/FROM u$/g, MockSession.rows([{ a: "pattern" }])),
        MockSession.when(Query.make("SELECT c FROM t"), MockSession.rows([{ a: "query" }])),
        MockSession.when(
          (request) => "text" in request && request.text.includes("w"),
          MockSession.rows([{ a: "predicate" }])
        )
      ]
    }))))

  it.effect("match by parameters, compared by value", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* firstOf(Statement.make(select, [1])), "one")
      assert.strictEqual(yield* firstOf(Statement.make(select, [new Date(0)])), "date")
      assert.isUndefined(yield* firstOf(Statement.make(select, [2])))
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      answers: [
        MockSession.when(select, MockSession.rows([{ a: "one" }]), { params: [1] }),
        MockSession.when(select, MockSession.rows([{ a: "date" }]), { params: [new Date(0)] })
      ]
    }))))

  it.effect("match a batch by any of its texts", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Batch.make([["INSERT INTO a (b) VALUES (1)"], ["INSERT INTO c (d) VALUES (1)"]]))
      assert.strictEqual(error.reason._tag, "Overloaded")
      assert.strictEqual(error.query, "INSERT INTO a (b) VALUES (1); INSERT INTO c (d) VALUES (1)")
    }).pipe(Effect.provide(MockSession.layer({
      answers: [MockSession.when(/INTO c/, MockSession.fail(new Reason.Overloaded({ message: "busy" })))]
    }))))
})

describe("replies", () => {
  it.effect("come in turn, and the last one stays", () =>
    Effect.gen(function*() {
      const exits = [yield* Effect.exit(one), yield* Effect.exit(one), yield* Effect.exit(one)]
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [false, true, true])
    }).pipe(Effect.provide(MockSession.layer({
      answers: [
        MockSession.when(
          select,
          MockSession.inTurn(MockSession.fail(new Reason.ServerError({ message: "x" })), MockSession.rows([]))
        )
      ]
    }))))

  it.effect("come in turn as well where no answer matches", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual([yield* firstOf(one), yield* firstOf(one)], [1, 2])
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: MockSession.inTurn(MockSession.rows([{ a: 1 }]), MockSession.rows([{ a: 2 }]))
    }))))

  it.effect("can say that a condition did not hold", () =>
    Effect.gen(function*() {
      const result = yield* Statement.make("INSERT INTO t (a) VALUES (1) IF NOT EXISTS")
      assert.isFalse(result.wasApplied)
      assert.deepStrictEqual(result.first, { a: 1 })
      const [executed] = yield* executeConcurrent([["INSERT INTO t (a) VALUES (1) IF NOT EXISTS"]])
      assert.strictEqual(executed?.outcome, "NotApplied")
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.notApplied({ a: 1 }) }))))

  it.effect("strict names the statement that nothing answers", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(one)
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(select))
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.strict }))))

  it.effect("take their time on the Clock", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(one)
      yield* TestClock.adjust(29)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).first?.["a"], 1)
    }).pipe(Effect.provide(MockSession.layer({
      latency: (request) => request._tag === "Statement" ? 10 : 0,
      otherwise: MockSession.delayed(
        MockSession.rowsFrom((request) => [{ a: "params" in request && request.params[0] }]),
        20
      )
    }))))

  it.effect("take their time with the reply last as well", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(one)
      yield* TestClock.adjust(19)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).first?.["a"], 7)
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: pipe(MockSession.rows([{ a: 7 }]), MockSession.delayed("20 millis"))
    }))))
})

describe("the latency", () => {
  const ownClock = Layer.build(Layer.fresh(TestClock.layer()))

  it.effect("ends under the clock of each test that shares the session", () =>
    Effect.gen(function*() {
      const runtime = ManagedRuntime.make(MockSession.layer({ latency: 10 }))
      const isAnsweredAfter = (millis: number) =>
        Effect.promise(() =>
          runtime.runPromise(
            Effect.gen(function*() {
              const fiber = yield* Effect.forkChild(one, { startImmediately: true })
              yield* TestClock.adjust(millis)
              return fiber.pollUnsafe() !== undefined
            }).pipe(Effect.provide(TestClock.layer(), { local: true }))
          )
        )
      assert.isFalse(yield* isAnsweredAfter(5))
      assert.isTrue(yield* isAnsweredAfter(10))
      yield* runtime.disposeEffect
    }))

  it.effect("of two clocks ends for each of them alone", () =>
    Effect.gen(function*() {
      const clocks = yield* Effect.replicateEffect(ownClock, 2)
      const fibers = yield* Effect.forEach(clocks, (clock) =>
        Effect.forkChild(Effect.provideContext(one, clock), { startImmediately: true }))
      const answered: Array<ReadonlyArray<boolean>> = []
      for (const clock of clocks) {
        yield* Effect.provideContext(TestClock.adjust(10), clock)
        answered.push(fibers.map((fiber) =>
          fiber.pollUnsafe() !== undefined
        ))
      }
      assert.deepStrictEqual(answered, [[true, false], [true, true]])
    }).pipe(Effect.scoped, Effect.provide(MockSession.layer({ latency: 10 }))))

  it.effect("stops its timer when the last request that waits for it is interrupted", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      let sleeping = 0
      const counting: Clock.Clock = {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
        sleep: () =>
          Effect.suspend(() => {
            sleeping++
            return Effect.onInterrupt(Effect.never, () => Effect.sync(() => sleeping--))
          })
      }
      const run = Effect.forkChild(Effect.provideService(one, Clock.Clock, counting), { startImmediately: true })
      const [first, second] = [yield* run, yield* run]
      assert.strictEqual(sleeping, 1)
      yield* Fiber.interrupt(first)
      assert.strictEqual(sleeping, 1)
      yield* Fiber.interrupt(second)
      assert.strictEqual(sleeping, 0)
      yield* Fiber.interrupt(yield* run)
      assert.strictEqual(sleeping, 0)
    }).pipe(Effect.provide(MockSession.layer({ latency: 10 }))))
})

describe("the record", () => {
  it.effect("holds every call with its parameters and resolved options, and the peak in flight", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const fiber = yield* Effect.forkChild(executeConcurrent([one, one, one], { concurrency: 2 }))
      yield* TestClock.adjust(5)
      assert.strictEqual(yield* mock.inFlight, 2)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      const calls = yield* mock.calls
      assert.deepStrictEqual(calls.map(({ request }) => "params" in request && request.params), [[1], [1], [1]])
      assert.strictEqual(calls[0]?.request.options.consistency, "ONE")
      assert.strictEqual(yield* mock.peakInFlight, 2)
      yield* mock.reset
      assert.deepStrictEqual([(yield* mock.calls).length, yield* mock.peakInFlight], [0, 0])
    }).pipe(Effect.provide(MockSession.layer({ latency: 10, defaults: { consistency: "ONE" } }))))

  it.effect("forgets an interrupted request", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const fiber = yield* Effect.forkChild(Session.use((session) => session.execute(one)))
      yield* TestClock.adjust(5)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* mock.inFlight, 0)
    }).pipe(Effect.provide(MockSession.layer({ otherwise: () => Effect.never, latency: 10 }))))
})
