/**
 * Bugs that the model has found, one test each.
 */
import { executeConcurrent, ExecutionResult, Reason, runConcurrent, Statement } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"

const table = (name: string) => Statement.make(`SELECT * FROM app.${name}`)

it.effect("a statement that times out hides no deadline of those that were in flight beside it", () =>
  Effect.gen(function*() {
    const statements = ["hangs", "quick", "hangs", "quick"].map(table)
    const fiber = yield* Effect.forkChild(
      executeConcurrent(statements, { concurrency: 2, raiseOnFirstError: false, statement: { requestTimeout: 700 } })
    )
    // 0: the deadline of the first. 100: the third starts, to end at 800. 700: the fourth starts in the first's place.
    yield* TestClock.adjust(700)
    yield* TestClock.adjust(100 + 70)
    assert.isDefined(fiber.pollUnsafe())
    const results = yield* Fiber.join(fiber)
    assert.deepStrictEqual(results.map(ExecutionResult.isSuccess), [false, true, false, true])
  }).pipe(Effect.provide(MockSession.layer({
    lenient: true,
    answers: [
      MockSession.when(/hangs/, MockSession.never),
      MockSession.when(/quick/, MockSession.delayed(MockSession.rows([]), 100))
    ]
  }))))

it.effect("an error while closing an async iterable is logged once", () => {
  const logged: Array<unknown> = []
  const logger = Logger.make(({ message }) => logged.push(message))
  const items = [table("t"), 42 as never]
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: items.shift()! } as const),
      return: () => Promise.reject(new Error("closing broke"))
    })
  }
  return Effect.gen(function*() {
    const error = yield* Effect.flip(runConcurrent(source))
    assert.strictEqual(error._tag, "SourceError")
    assert.strictEqual(logged.length, 1)
  }).pipe(Effect.provide([MockSession.layer(), Logger.layer([logger])]))
})

it.effect("an error while closing an async iterable that owes a step is logged, and the run does not wait", () => {
  const logged: Array<unknown> = []
  const logger = Logger.make(({ message }) => logged.push(message))
  let closing: (cause: Error) => void = () => {}
  const closed = new Promise<never>((_, reject) => {
    closing = reject
  })
  let given = 0
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        given++ === 0
          ? Promise.resolve({ done: false, value: table("broken") } as const)
          : new Promise<never>(() => {}),
      return: () => closed
    })
  }
  return Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.flip(runConcurrent(source, { concurrency: 2 })))
    yield* TestClock.adjust(10)
    assert.strictEqual((yield* Fiber.join(fiber))._tag, "StatementFailed")
    assert.lengthOf(logged, 0)
    closing(new Error("closing broke"))
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    assert.lengthOf(logged, 1)
  }).pipe(Effect.provide([
    MockSession.layer({
      otherwise: MockSession.delayed(MockSession.fail(new Reason.InvalidQuery({ message: "broken" })), 10)
    }),
    Logger.layer([logger])
  ]))
})
