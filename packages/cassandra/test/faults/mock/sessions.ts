/** Sessions that throw, hang, say what they may not, or end while they are in use. */
import { type CqlError, executeConcurrent, Session, Statement } from "@effect-cql/core"
import type { ExecutePort } from "@effect-cql/core/Port"
import { defectOf, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { Cause, Clock, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import assert from "node:assert/strict"
import { CassandraSession } from "../../../src/index.ts"
import { type Answer, fakeClient, nothing, type Seen } from "../../support/fakeClient.ts"
import { scalar } from "../../support/resultFrames.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally, tally } from "../fault.ts"
import { mock, world } from "./world.ts"

const insert = "INSERT INTO app.t (id) VALUES (?)"
const statements = (count: number) => Array.from({ length: count }, (_, index) => Statement.make(insert, [index]))

/** Exit of a run over a port whose third request behaves as given. */
const throughPort = Effect.fnUntraced(function*(third: () => ReturnType<ExecutePort["execute"]>) {
  let asked = 0
  const execute: ExecutePort["execute"] = () => ++asked === 3 ? third() : Effect.delay(Effect.succeed({ rows: [] }), 5)
  const session = yield* Session.make({ execute, defaults: { retry: "none" }, closeTimeout: 0 })
  const run = executeConcurrent(statements(8), { concurrency: 2, raiseOnFirstError: false })
  return (yield* timed(Effect.provideService(run, Session, session))).exit
})

const throws = Effect.gen(function*() {
  const thrown = new Error("mine")
  const defects = [
    yield* throughPort(() => {
      throw thrown
    }),
    yield* throughPort(() => Effect.die(thrown)),
    yield* throughPort(() =>
      Effect.sync((): never => {
        throw thrown
      })
    )
  ]
  // A defect of a session is one of the run, and never a result.
  for (const exit of defects) assert.equal(defectOf(exit), thrown)
  const promised = defectOf(yield* throughPort(() => Effect.promise(() => Promise.reject("no error at all"))))
  assert.equal(promised, "no error at all")
  const foreign = yield* throughPort(() => Effect.fail("no error of ours" as unknown as CqlError))
  assert.match(Exit.isFailure(foreign) ? Cause.pretty(foreign.cause) : "", /no error of ours/)
  return tally({ statements: 0 })
}).pipe(Effect.scoped)

/** Rejections of the driver that are no errors. Only the rejected statement fails, and its outcome is unknown. */
const rejections = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const rejection of ["a text", undefined, null, 42, { code: 0x2200 }, Symbol("odd"), []]) {
    const effects = new Map<number, number>()
    const columns = { [insert]: [{ name: "id", type: scalar("int") }] }
    const answer = (seen: Seen): Answer => {
      const bytes = seen._tag === "Execute" ? seen.parameters.values[0] : undefined
      const index = Buffer.isBuffer(bytes) ? bytes.readInt32BE() : -1
      effects.set(index, 1)
      return index === 3 ? { driver: rejection } : nothing
    }
    const { client } = fakeClient({ columns, answer })
    const session = yield* CassandraSession.fromClient(client, { closeTimeout: 0 })
    const run = executeConcurrent(statements(8), { concurrency: 2, raiseOnFirstError: false })
    const results = yield* Effect.provideService(run, Session, session)
    assert.deepEqual(results.filter(({ success }) => !success).map(({ index }) => index), [3])
    const failed = results[3]
    assert(failed?._tag === "Failure")
    assert.equal(failed.error.reason._tag, "UnknownError")
    assert.equal(failed.outcome, "Unknown")
    tallies.push(audit(8, accountOf(results), { effects: (index) => effects.get(index) ?? 0, repeatable: false }))
  }
  return sum(tallies)
}).pipe(Effect.scoped)

const hangs = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const timeout of [100, 10_000]) {
    const { layer, truth } = world({
      latency: () => 5,
      script: (index) => index % 3 === 0 ? { answer: "never", effect: index % 2 === 0 ? "onArrival" : "none" } : {}
    })
    const run = executeConcurrent(statements(12), {
      concurrency: 4,
      raiseOnFirstError: false,
      statement: { requestTimeout: timeout }
    })
    const { exit, millis } = yield* timed(Effect.provide(run, layer))
    const results = valueOf(exit)
    for (const result of results) {
      assert.equal(result.outcome, result.index % 3 === 0 ? "Unknown" : "Applied")
      if (result._tag === "Failure") assert.equal(result.error.reason._tag, "RequestTimeout")
    }
    // Four of them, one after the other at worst; a sweep is at most 50 ms or a tenth late.
    assert(millis <= 4 * (timeout + Math.max(50, timeout / 10) + 5), `${millis} ms`)
    tallies.push(audit(12, accountOf(results), truth))
  }
  return sum(tallies)
})

/** The scope of a session closes while statements are in flight: it waits for them, but not for ever. */
const closes = Effect.fnUntraced(function*(answered: boolean) {
  const scope = yield* Scope.make()
  const effects = new Map<number, number>()
  let inFlight = 0
  const session = yield* Scope.provide(
    Session.make({
      defaults: { retry: "none" },
      closeTimeout: 1_000,
      execute: (request) =>
        Effect.suspend(() => {
          inFlight++
          const index = request._tag === "Statement" ? Number(request.params[0]) : -1
          return Effect.delay(
            Effect.sync(() => {
              effects.set(index, 1)
              return { rows: [] }
            }),
            answered ? 300 : "1 hour"
          )
        }).pipe(Effect.onExit(() =>
          Effect.sync(() => {
            inFlight--
          })
        ))
    }),
    scope
  )
  const run = executeConcurrent(statements(10), { concurrency: 4, raiseOnFirstError: false })
  const running = yield* Effect.forkChild(Effect.provideService(run, Session, session))
  yield* TestClock.adjust(100)
  assert.equal(inFlight, 4)
  const begun = yield* Clock.currentTimeMillis
  let closed: number | undefined
  const closing = yield* Effect.forkChild(
    Effect.andThen(
      Scope.close(scope, Exit.void),
      Effect.map(Clock.currentTimeMillis, (now) => {
        closed = now - begun
      })
    )
  )
  yield* TestClock.adjust("10 seconds")
  yield* Fiber.join(closing)
  assert.equal(closed, answered ? 200 : 1_000)
  const later = yield* Effect.flip(session.execute([insert, [99]]))
  assert.equal(later.reason._tag, "SessionClosed")
  if (!answered) yield* TestClock.adjust("2 hours")
  const results = yield* Fiber.join(running)
  for (const result of results.slice(4)) {
    assert(result._tag === "Failure")
    assert.equal(result.error.reason._tag, "SessionClosed")
    assert.equal(result.outcome, "NotApplied")
  }
  return audit(10, accountOf(results), { effects: (index) => effects.get(index) ?? 0, repeatable: false })
})

const strict = Effect.gen(function*() {
  const mocked = MockSession.layer({ otherwise: MockSession.strict })
  const exit = yield* Effect.exit(Effect.provide(Statement.make("SELECT v FROM app.t"), mocked))
  assert.match(String(defectOf(exit)), /has no answer for/)
  return tally({ statements: 0 })
})

export const sessions: ReadonlyArray<Fault> = [
  mock("a session that throws, dies, or fails with what is no error of a statement", throws),
  mock("a session that is asked what its test did not foresee", strict),
  mock("a driver that rejects with what is no error", rejections),
  mock("a session that never answers some statements", hangs),
  mock("a session that is released while statements are in flight", closes(true)),
  mock("a session that is released while statements are in flight, and never answers them", closes(false))
]
