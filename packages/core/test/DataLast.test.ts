/** Functions with a subject take it first, or last in a pipe. */
import {
  executeConcurrent,
  Limiter,
  Reason,
  runConcurrent,
  Session,
  Settlement,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

const insert = (id: number) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id])
const lost = MockSession.layer({
  otherwise: MockSession.fail(new Reason.RequestTimeout({ message: "no answer", timeout: 5 }))
})
const callsOf = Effect.flatMap(MockSession.MockSession, (mock) => mock.calls)

it.effect("the three verbs over statements", () =>
  Effect.gen(function*() {
    const source = Stream.range(1, 5).pipe(Stream.map(insert))
    const indexes = yield* source.pipe(
      streamConcurrent({ concurrency: 2 }),
      Stream.map(({ index }) => index),
      Stream.runCollect
    )
    assert.deepStrictEqual(indexes, [0, 1, 2, 3, 4])
    const summary = yield* source.pipe(runConcurrent({ raiseOnFirstError: false }))
    assert.strictEqual(summary.succeeded, 5)
    const results = yield* Effect.succeed([insert(1), insert(2)]).pipe(Effect.flatMap(executeConcurrent({})))
    assert.lengthOf(results, 2)
  }).pipe(Effect.provide(MockSession.layer())))

it.effect("settle, as a step of an effect and with the results first", () =>
  Effect.gen(function*() {
    const failed = executeConcurrent([insert(1)], { raiseOnFirstError: false })
    const [first] = yield* failed.pipe(Effect.flatMap(Settlement.settle({ consistency: "ALL" })))
    const [second] = yield* Settlement.settle(yield* failed, { consistency: "ALL" })
    const [third] = yield* failed.pipe(Effect.flatMap(Settlement.settle))
    assert.deepStrictEqual([first?.outcome, second?.outcome, third?.outcome], ["Unknown", "Unknown", "Unknown"])
  }).pipe(Effect.provide(lost)))

it.effect("settle refuses what is neither results nor options", () =>
  Effect.gen(function*() {
    const [lone] = yield* executeConcurrent([insert(1)], { raiseOnFirstError: false })
    const whole = "unsettled: expected an Iterable of results"
    const item = (at: number) => `unsettled[${at}]: expected a result`
    const cases: ReadonlyArray<readonly [given: unknown, expected: string]> = [
      [5, `${whole}, got a number`],
      ["ab", `${whole}, got a string`],
      [undefined, `${whole}, got undefined`],
      [null, `${whole}, got null`],
      [() => [], `${whole}, got a function`],
      [Promise.resolve([]), `${whole}, got a Promise`],
      [Effect.succeed([]), `${whole}, got an `],
      [insert(1), `${whole}, got a `],
      [lone, `${whole}, got a `],
      [[null], `${item(0)}, got null`],
      [[lone, 5], `${item(1)}, got a number`],
      [[{ outcome: "Unknown" }], "unsettled[0].statement: expected a Statement or a Batch, got undefined"],
      [[insert(1)], "unsettled[0].statement: expected"]
    ]
    for (const [given, expected] of cases) {
      const settled: Effect.Effect<unknown, never, Session> = Reflect.apply(Settlement.settle, undefined, [given])
      assert.isTrue(Effect.isEffect(settled), expected)
      assert.include(String(yield* Effect.exit(settled)), expected)
    }
    const settleWith = Settlement.settle({ consistency: "ALL" })
    const settled: Effect.Effect<unknown, never, Session> = Reflect.apply(settleWith, undefined, [5])
    assert.include(String(yield* Effect.exit(settled)), whole)
  }).pipe(Effect.provide(lost)))

it.effect("limits and options of a session", () =>
  Effect.gen(function*() {
    const limiter = yield* Limiter.fixed(1)
    yield* Session.limited(Session.withOptions(insert(1), { consistency: "QUORUM", pageSize: 5 }), limiter)
    yield* insert(2).pipe(
      Session.withOptions({ consistency: "ONE" }),
      Session.withOptions({ consistency: "TWO", pageSize: 7 })
    )
    yield* executeConcurrent([Statement.withOptions(insert(3), { consistency: "ALL" })], {
      statement: { pageSize: 9 }
    }).pipe(Session.withOptions({ consistency: "ONE", pageSize: 8, tracing: true }))
    const options = (yield* callsOf).map(({ request }) => request.options)
    assert.deepStrictEqual(
      options.map(({ consistency, pageSize, tracing }) => [consistency, pageSize, tracing]),
      [["QUORUM", 5, false], ["ONE", 7, false], ["ALL", 9, true]]
    )
    const inner = Session.withOptions({ consistency: undefined, pageSize: 9 })
    const defaults = Effect.map(Session, (session) => session.defaults)
    assert.deepInclude(yield* defaults.pipe(inner, Session.withOptions({ consistency: "ALL" })), {
      consistency: "ALL",
      pageSize: 9
    })
    const exit = yield* Effect.exit(insert(1).pipe(Session.withOptions({ pageSize: 0 })))
    assert.include(String(exit), "pageSize: expected")
  }).pipe(Effect.provide(MockSession.layer())))

it.effect("a session is given to an effect by itself", () =>
  Effect.gen(function*() {
    const { mock, session } = yield* MockSession.make()
    const users = { addAll: (ids: ReadonlyArray<number>) => session.provide(executeConcurrent(ids.map(insert))) }
    assert.lengthOf(yield* users.addAll([1, 2, 3]), 3)
    assert.lengthOf(yield* mock.calls, 3)
  }).pipe(Effect.scoped))
