import { executeConcurrent, runConcurrent, streamConcurrent } from "@effect-cql/core"
import { sessionOf, statements, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

describe("rule 1: order", () => {
  const backwards = sessionOf({ latency: (index) => 100 - index })

  it.effect("an array of results stands in input order, whatever completes first", () =>
    Effect.gen(function*() {
      const results = valueOf((yield* timed(executeConcurrent(statements(20)))).exit)
      assert.deepStrictEqual(results.map(({ index }) => index), Array.from({ length: 20 }, (_, index) => index))
      assert.deepStrictEqual(results.map(({ statement }) => statement.toString().length > 0), results.map(() => true))
    }).pipe(Effect.provide(backwards)))

  it.effect("so does that of any other source", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(executeConcurrent(statements(20).values()))
      assert.deepStrictEqual(valueOf(exit).map(({ index }) => index), Array.from({ length: 20 }, (_, index) => index))
    }).pipe(Effect.provide(backwards)))

  it.effect("a stream comes in input order", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(Stream.runCollect(streamConcurrent(statements(20))))
      assert.deepStrictEqual(valueOf(exit).map(({ index }) => index), Array.from({ length: 20 }, (_, index) => index))
    }).pipe(Effect.provide(backwards)))

  it.effect("an unordered stream comes as statements complete, and its indexes are positions in the source", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(Stream.runCollect(streamConcurrent(statements(5), { ordered: false })))
      assert.deepStrictEqual(valueOf(exit).map(({ index }) => index), [4, 3, 2, 1, 0])
    }).pipe(Effect.provide(backwards)))

  it.effect("a result holds the very statement that was given", () =>
    Effect.gen(function*() {
      const given = statements(3)
      const results = valueOf((yield* timed(executeConcurrent(given))).exit)
      assert.isTrue(results.every((result, index) => result.statement === given[index]))
    }).pipe(Effect.provide(backwards)))
})

describe("rule 2: window", () => {
  for (const concurrency of [1, 2, 7, 50]) {
    it.effect(`${concurrency} statements are in flight, never one more, and any end starts the next`, () =>
      Effect.gen(function*() {
        const { millis } = yield* timed(executeConcurrent(statements(100), { concurrency }))
        const mock = yield* MockSession.MockSession
        assert.strictEqual(yield* mock.peakInFlight, concurrency)
        assert.strictEqual(millis, Math.ceil(100 / concurrency) * 10)
      }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
  }

  it.effect("one slow statement holds one place, and the others go on", () =>
    Effect.gen(function*() {
      const { millis } = yield* timed(executeConcurrent(statements(100), { concurrency: 2 }))
      assert.strictEqual(millis, 1_000)
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 0 ? 1_000 : 10 }))))

  it.effect("the same holds for runConcurrent and for streams", () =>
    Effect.gen(function*() {
      const session = () => sessionOf({ latency: (index) => index === 0 ? 1_000 : 10 })
      const run = yield* timed(Effect.provide(runConcurrent(statements(100), { concurrency: 2 }), session()))
      const stream = yield* timed(
        Effect.provide(Stream.runDrain(streamConcurrent(statements(100), { concurrency: 2 })), session())
      )
      assert.deepStrictEqual([run.millis, stream.millis], [1_000, 1_000])
    }))

  it.effect("a statement that is over its time frees its place at once", () =>
    Effect.gen(function*() {
      const { exit, millis } = yield* timed(
        executeConcurrent(statements(3), {
          concurrency: 1,
          raiseOnFirstError: false,
          statement: { requestTimeout: "1 second" }
        })
      )
      assert.deepStrictEqual(valueOf(exit).map((result) => result._tag), ["Failure", "Success", "Success"])
      assert.strictEqual(millis, 1_020)
    }).pipe(Effect.provide(sessionOf({ latency: (index) => index === 0 ? "1 day" : 10 }))))
})

describe("rule 3: laziness", () => {
  it.effect("an iterator is advanced only for a statement that starts at once", () =>
    Effect.gen(function*() {
      let pulled = 0
      function* source() {
        for (const statement of statements(100)) {
          pulled++
          yield statement
        }
      }
      const fiber = yield* Effect.forkChild(runConcurrent(source(), { concurrency: 5 }))
      yield* TestClock.adjust(0)
      assert.strictEqual(pulled, 5)
      yield* TestClock.adjust(10)
      assert.strictEqual(pulled, 10)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("an async iterable has one next under way", () =>
    Effect.gen(function*() {
      let pending = 0
      let most = 0
      let left = 20
      const source: AsyncIterable<ReturnType<typeof statements>[number]> = {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            pending++
            most = Math.max(most, pending)
            await Promise.resolve()
            pending--
            return left-- > 0 ? { done: false, value: statements(1)[0]! } : { done: true, value: undefined }
          }
        })
      }
      const summary = yield* runConcurrent(source, { concurrency: 5 })
      assert.deepStrictEqual([summary.succeeded, most], [20, 1])
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("of a stream at most one array is held", () =>
    Effect.gen(function*() {
      let arrays = 0
      const source = Stream.fromIterable(statements(30)).pipe(
        Stream.rechunk(3),
        Stream.mapArray((array) => {
          arrays++
          return array
        })
      )
      const fiber = yield* Effect.forkChild(runConcurrent(source, { concurrency: 4 }))
      yield* TestClock.adjust(0)
      assert.strictEqual(arrays, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).succeeded, 30)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("an endless source works with a stream and with fail-fast", () =>
    Effect.gen(function*() {
      const endless = Stream.iterate(0, (index) => index + 1).pipe(Stream.map((index) => statements(index + 1)[index]!))
      const first = yield* timed(Stream.runCollect(Stream.take(streamConcurrent(endless), 7)))
      assert.strictEqual(valueOf(first.exit).length, 7)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})

describe("rule 6: back-pressure", () => {
  it.effect("nothing starts before the first pull", () =>
    Effect.gen(function*() {
      const pulled = yield* Stream.toPull(streamConcurrent(statements(10)))
      const mock = yield* MockSession.MockSession
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* mock.calls).length, 0)
      yield* Effect.forkChild(pulled)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* mock.calls).length, 10)
    }).pipe(Effect.provide(sessionOf({}))))

  for (const { bufferSize, ordered } of [{ bufferSize: 0, ordered: true }, { bufferSize: 3, ordered: false }]) {
    it.effect(`started minus consumed is at most concurrency + ${bufferSize} (ordered: ${ordered})`, () =>
      Effect.gen(function*() {
        const mock = yield* MockSession.MockSession
        let consumed = 0
        let most = 0
        const stream = streamConcurrent(statements(60), { concurrency: 4, bufferSize, ordered })
        const consume = Stream.runForEachArray(stream, (results) =>
          Effect.gen(function*() {
            yield* Effect.sleep(1_000)
            most = Math.max(most, (yield* mock.calls).length - consumed)
            consumed += results.length
          }))
        yield* timed(consume)
        assert.strictEqual(consumed, 60)
        assert.strictEqual(most, 4 + bufferSize)
      }).pipe(Effect.provide(sessionOf({ latency: (index) => 1 + index % 3 }))))
  }

  it.effect("a consumer may query the session that runs the stream", () =>
    Effect.gen(function*() {
      const stream = streamConcurrent(statements(20), { concurrency: 2, bufferSize: 0 })
      const { exit } = yield* timed(Stream.runCollect(Stream.mapEffect(stream, () => statements(1)[0]!)))
      assert.strictEqual(valueOf(exit).length, 20)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})
