import {
  executeConcurrent,
  executeConcurrentBy,
  executeConcurrentWithArgs,
  ExecutionResult,
  InvalidOptions,
  runConcurrentBy,
  SourceError,
  Statement,
  StatementFailed,
  streamConcurrentBy
} from "@effect-cql/core"
import { defectOf, errorOf, insert, sessionOf, statements, timed } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { inspect } from "node:util"

interface Line {
  readonly secret: string
  readonly number: number
}
const lines: ReadonlyArray<Line> = ["s3cret0", "s3cret1", "s3cret2"].map((secret, number) => ({ secret, number }))
const toStatement = ({ number }: Line) => Statement.make(insert, [number])
const iterable: Iterable<Line> = { [Symbol.iterator]: () => lines[Symbol.iterator]() }
const asyncIterable = {
  [Symbol.asyncIterator]: () => Stream.toAsyncIterable(Stream.fromIterable(lines))[Symbol.asyncIterator]()
}
const collect = { raiseOnFirstError: false } as const

describe("the item of a result", () => {
  it.effect("is that of the source, of successes and of failures, whatever the source", () =>
    Effect.gen(function*() {
      for (const source of [lines, iterable, asyncIterable, Stream.fromIterable(lines)]) {
        const results = yield* executeConcurrentBy(source, toStatement, collect)
        assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Success", "Failure", "Success"])
        for (const { index, item } of results) assert.strictEqual(item, lines[index])
        for (const ordered of [true, false]) {
          const streamed = yield* Stream.runCollect(streamConcurrentBy(source, toStatement, { ...collect, ordered }))
          assert.lengthOf(streamed, 3)
          for (const { index, item } of streamed) assert.strictEqual(item, lines[index])
        }
      }
    }).pipe(Effect.provide(sessionOf({ failing: [1] }))))

  it.effect("is the statement, or its parameters, in the other verbs", () =>
    Effect.gen(function*() {
      const [statement] = statements(1)
      const [result] = yield* executeConcurrent([statement!])
      assert.strictEqual(result!.item, statement)
      const [parameters] = [[7]]
      const [withArgs] = yield* executeConcurrentWithArgs(insert, [parameters!])
      assert.strictEqual(withArgs!.item, parameters)
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("is in the error of a stopped run, of what failed and of what was interrupted", () =>
    Effect.gen(function*() {
      const run = executeConcurrentBy(lines, toStatement, { statement: { retry: "none" } })
      const error = errorOf((yield* timed(run)).exit)
      assert.instanceOf(error, StatementFailed)
      assert.strictEqual(error.failure.item, lines[1])
      assert.deepStrictEqual(error.interrupted.map(({ item }) => item), [lines[2]])
    }).pipe(Effect.provide(sessionOf({ failing: [1], latency: (index) => index === 2 ? 1_000 : 1 }))))

  it.effect("is shown by nothing, and a spread copy has none", () =>
    Effect.gen(function*() {
      const results = yield* executeConcurrentBy(lines, toStatement, collect)
      assert.isTrue(results.some(ExecutionResult.isFailure))
      for (const result of results) {
        const { item, ...rest } = result
        const shown = [
          inspect(result, { depth: 9, showHidden: true, getters: true }),
          JSON.stringify(result),
          String(result)
        ]
        for (const text of [...shown, inspect(rest, { depth: 9 })]) assert.notInclude(text, "s3cret")
        assert.include(item.secret, "s3cret")
        assert.notInclude(Object.keys(result), "item")
        assert.isUndefined(({ ...result } as { readonly item?: unknown }).item)
      }
    }).pipe(Effect.provide(sessionOf({ failing: [1] }))))
})

describe("the function of items", () => {
  const sources = [lines, iterable, asyncIterable, Stream.fromIterable(lines)]

  it.effect("is called with the item and its index, in order, once each, when the statement starts", () =>
    Effect.gen(function*() {
      const calls: Array<readonly [number, number]> = []
      const counted = (line: Line, index: number) => {
        calls.push([line.number, index])
        return [insert, [line.number]] as const
      }
      const { succeeded } = yield* runConcurrentBy(lines, counted)
      assert.deepStrictEqual([succeeded, calls], [3, [[0, 0], [1, 1], [2, 2]]])
      calls.length = 0
      yield* Stream.runDrain(Stream.take(streamConcurrentBy(lines, counted, { concurrency: 1, bufferSize: 0 }), 1))
      assert.deepStrictEqual(calls, [[0, 0]])
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("that throws is a defect beside an array or a stream, and a SourceError beside an iterable", () =>
    Effect.gen(function*() {
      const throwing = (line: Line) => {
        if (line.number === 1) throw new Error("mine")
        return toStatement(line)
      }
      for (const source of sources) {
        const isChecked = source === iterable || source === asyncIterable
        const verbs = [
          executeConcurrentBy(source, throwing, collect),
          runConcurrentBy(source, throwing, collect),
          Stream.runDrain(streamConcurrentBy(source, throwing, collect))
        ]
        for (const verb of verbs) {
          const { exit } = yield* timed(verb as Effect.Effect<unknown, unknown>)
          if (!isChecked) assert.include(String(defectOf(exit)), "mine")
          else {
            const error = errorOf(exit)
            assert.instanceOf(error, SourceError)
            assert.deepStrictEqual([error.index, error.summary.succeeded], [1, 1])
          }
        }
      }
    }).pipe(Effect.provide(sessionOf({}))))

  it.effect("that returns no statement is named, and so is what is no function", () =>
    Effect.gen(function*() {
      const defect = defectOf(yield* Effect.exit(executeConcurrentBy(lines, () => "SELECT 1" as never)))
      assert.instanceOf(defect, InvalidOptions)
      assert.include(String(defect), "the statement of items[0]")
      const wrong = defectOf(yield* Effect.exit(runConcurrentBy(lines, insert as never)))
      assert.include(String(wrong), "statement: ")
      const noSource = defectOf(yield* Effect.exit(runConcurrentBy(5 as never, toStatement as never)))
      assert.include(String(noSource), "items: ")
    }).pipe(Effect.provide(MockSession.layer())))
})
