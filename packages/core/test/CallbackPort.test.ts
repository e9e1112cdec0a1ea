import { CqlError, executeConcurrent, Limiter, Reason, Session, Statement } from "@effect-cql/core"
import type { Done, SendPort } from "@effect-cql/core/Port"
import { defectOf, insert, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"

const page = { rows: [{ a: 1 }] }
const write = Statement.make(insert, [1])

/** A session over a port of its own, which answers when the test says so: the contract of callbacks is tested. */
const manual = Effect.fnUntraced(function*(closeTimeout?: Duration.Input) {
  const asked: Array<{ readonly done: Done; cancelled: number }> = []
  const send: SendPort["send"] = (_request, _pageState, done) => {
    const request = { done, cancelled: 0 }
    asked.push(request)
    return () => {
      request.cancelled++
    }
  }
  const scope = yield* Scope.make()
  const session = yield* Scope.provide(Session.make({ closeTimeout, send }), scope)
  return { asked, close: Scope.close(scope, Exit.void), session }
})

/** A session over a port of this form. */
const over = (send: SendPort["send"]) => Session.make({ send })

describe("a port that answers by callback", () => {
  it.effect("answers later", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* manual()
      const fiber = yield* Effect.forkChild(session.execute(write))
      yield* TestClock.adjust(0)
      asked[0]!.done(Exit.succeed(page))
      assert.deepStrictEqual((yield* Fiber.join(fiber)).rows, page.rows)
      assert.strictEqual(asked[0]!.cancelled, 0)
    }))

  it.effect("answers at once, a hundred thousand times", () =>
    Effect.gen(function*() {
      const session = yield* over((_request, _pageState, done) => {
        done(Exit.succeed(page))
        return () => {}
      })
      const run = executeConcurrent(Array.from({ length: 100_000 }, () => write))
      assert.strictEqual((yield* Effect.provideService(run, Session, session)).length, 100_000)
    }))

  it.effect("fails, and dies, as its exits say", () =>
    Effect.gen(function*() {
      const reason = new Reason.InvalidQuery({ message: "x" })
      const failing = yield* over((_request, _pageState, done) => {
        done(Exit.fail(new CqlError({ reason, query: insert })))
        return () => {}
      })
      assert.strictEqual((yield* Effect.flip(failing.execute(write))).outcome, "NotApplied")
      const dying = yield* over((_request, _pageState, done) => {
        done(Exit.die("broken"))
        return () => {}
      })
      assert.strictEqual(defectOf(yield* Effect.exit(dying.execute(write))), "broken")
      const throwing = yield* over(() => {
        throw new Error("thrown")
      })
      assert.include(String(defectOf(yield* Effect.exit(throwing.execute(write)))), "thrown")
    }))

  it.effect("is cancelled when its request is abandoned, and its late answer is dropped", () =>
    Effect.gen(function*() {
      const { asked, close, session } = yield* manual()
      const { exit } = yield* timed(
        Effect.flip(session.execute(Statement.withOptions(write, { requestTimeout: "1 second", retry: "none" })))
      )
      assert.strictEqual(valueOf(exit).reason._tag, "RequestTimeout")
      const fiber = yield* Effect.forkChild(session.execute(write))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(asked.map(({ cancelled }) => cancelled), [1, 1])
      for (const { done } of asked) done(Exit.succeed(page))
      // Both have been answered by now: there is nothing to wait for.
      assert.strictEqual((yield* timed(close)).millis, 0)
    }))

  it.effect("may answer twice without harm", () =>
    Effect.gen(function*() {
      const { asked, close, session } = yield* manual()
      const run = executeConcurrent(statements(2), { concurrency: 1 })
      const fiber = yield* Effect.forkChild(Effect.provideService(run, Session, session))
      yield* TestClock.adjust(0)
      for (const index of [0, 1]) {
        asked[index]!.done(Exit.succeed(page))
        asked[index]!.done(Exit.die("again"))
      }
      assert.strictEqual((yield* Fiber.join(fiber)).length, 2)
      assert.strictEqual((yield* timed(close)).millis, 0)
    }))

  it.effect("frees the limiter by its late answer, sooner than the time that the server is given", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* manual()
      const limiter = yield* Limiter.fixed(1, { abandonedFor: "1 hour" })
      const late = Statement.withOptions(write, { requestTimeout: "1 second", retry: "none" })
      const run = executeConcurrent([late, late], { limiter, raiseOnFirstError: false })
      const fiber = yield* Effect.forkChild(Effect.provideService(run, Session, session))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(asked.length, 1)
      asked[0]!.done(Exit.succeed(page))
      assert.strictEqual(asked.length, 2)
      asked[1]!.done(Exit.succeed(page))
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map((result) => result._tag), ["Failure", "Success"])
    }))

  it.effect("may say that nothing was sent: nothing is Unknown, and a timeout is tried again", () =>
    Effect.gen(function*() {
      let sent = 0
      const limiter = yield* Limiter.fixed(1, { abandonedFor: "1 hour" })
      const session = yield* Session.make({
        send: () => {
          sent++
          return () => false
        },
        closeTimeout: "1 hour"
      })
      const counter = Statement.make("UPDATE t SET n = n + 1 WHERE id = 1", [], { requestTimeout: "1 second" })
      const run = executeConcurrent([counter, Statement.withOptions(counter, { retry: "none" })], {
        limiter,
        raiseOnFirstError: false
      })
      const { exit } = yield* timed(Effect.provideService(run, Session, session))
      const errors = valueOf(exit).map((result) => result._tag === "Failure" ? result.error : undefined)
      assert.deepStrictEqual(errors.map((error) => [error?.reason._tag, error?.outcome, error?.attempts]), [
        ["RequestTimeout", "NotApplied", 0],
        ["RequestTimeout", "NotApplied", 0]
      ])
      assert.match(errors[1]!.message, /not sent within 1000 ms/)
      assert.strictEqual(sent, 4)
      const fiber = yield* Effect.forkChild(
        Effect.exit(Effect.provideService(executeConcurrent([write, [insert, [2]]]), Session, session))
      )
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)
      const stopped = yield* Effect.forkChild(
        Effect.provideService(
          Effect.flip(executeConcurrent([[insert, [2]], ["SELECT", [1, 2]]])),
          Session,
          session
        )
      )
      yield* TestClock.adjust(0)
      const error = yield* Fiber.join(stopped)
      assert.deepStrictEqual(error.interrupted.map(({ outcome }) => outcome), ["NotApplied"])
    }).pipe(Effect.scoped))

  it.effect("has its end wait for what is awaited, and a second for what is not", () =>
    Effect.gen(function*() {
      for (const awaited of [true, false]) {
        for (const millis of awaited ? [5_000, 300] : [5_000, 1_000, 300]) {
          const { asked, close, session } = yield* manual("5 seconds")
          const fiber = yield* Effect.forkChild(Effect.exit(session.execute(write)))
          yield* TestClock.adjust(0)
          if (!awaited) yield* Fiber.interrupt(fiber)
          const answer = Effect.sync(() => asked[0]!.done(Exit.succeed(page)))
          yield* Effect.forkChild(Effect.delay(answer, millis))
          const waited = (yield* timed(close)).millis
          assert.strictEqual(waited, awaited ? millis : Math.min(millis, 1_000))
        }
      }
    }))

  it.effect("has `send` or `execute`", () =>
    Effect.gen(function*() {
      const both = { execute: () => Effect.die("no"), send: () => () => {} }
      for (const port of [{}, both]) {
        const exit = yield* Effect.exit(Session.make(port as never))
        assert.match(String(defectOf(exit)), /InvalidOptions: port: .*(neither|both)/)
      }
      const exit = yield* Effect.exit(Session.make({ send: both.send, closeTimeout: -1 }))
      assert.match(String(defectOf(exit)), /InvalidOptions: closeTimeout: .*-1/)
    }).pipe(Effect.scoped))

  it.effect("is not asked once the session has closed", () =>
    Effect.gen(function*() {
      const { asked, close, session } = yield* manual()
      yield* close
      assert.strictEqual((yield* Effect.flip(session.execute(write))).reason._tag, "SessionClosed")
      assert.strictEqual(asked.length, 0)
    }))
})
