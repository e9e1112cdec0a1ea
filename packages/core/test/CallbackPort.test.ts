import { CqlError, executeConcurrent, Limiter, Reason, Session, Statement } from "@effect-cql/core"
import type { Done, Port } from "@effect-cql/core/Port"
import { defectOf, insert, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"

const page = { rows: [{ a: 1 }] }
const write = Statement.make(insert, [1])

/** A session over a port that answers when the test says so. */
const manual = Effect.gen(function*() {
  const asked: Array<{ readonly done: Done; cancelled: number }> = []
  const send: Port["send"] = (_request, _pageState, done) => {
    const request = { done, cancelled: 0 }
    asked.push(request)
    return () => {
      request.cancelled++
    }
  }
  const scope = yield* Scope.make()
  const session = yield* Scope.provide(Session.make({ execute: () => Effect.die("not used"), send }), scope)
  return { asked, close: Scope.close(scope, Exit.void), session }
})

/** A session over a port of this form. */
const over = (send: Port["send"]) => Session.make({ execute: () => Effect.die("not used"), send })

describe("a port that answers by callback", () => {
  it.effect("answers later", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* manual
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

  it.effect("is told when nobody waits any more, and its late answer is dropped", () =>
    Effect.gen(function*() {
      const { asked, close, session } = yield* manual
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
      const { asked, close, session } = yield* manual
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
      const { asked, session } = yield* manual
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

  it.effect("is not asked once the session has closed", () =>
    Effect.gen(function*() {
      const { asked, close, session } = yield* manual
      yield* close
      assert.strictEqual((yield* Effect.flip(session.execute(write))).reason._tag, "SessionClosed")
      assert.strictEqual(asked.length, 0)
    }))
})
