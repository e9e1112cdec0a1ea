/** Sources that fail, end early or dawdle, and consumers that stop. */
import { executeConcurrent, runConcurrent, SourceError, Statement, streamConcurrent } from "@effect-cql/core"
import { errorOf, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { Effect, Exit, Stream } from "effect"
import assert from "node:assert/strict"
import { accountOf, accountOfStopped, audit } from "../audit.ts"
import { type Fault, sum, type Tally } from "../fault.ts"
import { mock, world } from "./world.ts"

const insert = "INSERT INTO app.t (id) VALUES (?)"
const statement = (index: number) => Statement.make(insert, [index])
const level = 4

/** A source that throws in place of an item, as an Iterable and as an AsyncIterable. */
function* throwing(at: number) {
  for (let index = 0; index < at; index++) yield statement(index)
  throw new Error(`at item ${at}`)
}

async function* throwingLater(at: number) {
  yield* throwing(at)
}

const sourceThrows = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const at of [0, 1, level - 1, level, level + 1, 50]) {
    for (const source of [() => throwing(at), () => throwingLater(at)]) {
      for (const raiseOnFirstError of [true, false]) {
        const array = world({ latency: (index) => 1 + index % 3 })
        const run = executeConcurrent(source(), { concurrency: level, raiseOnFirstError })
        const error = errorOf((yield* timed(Effect.provide(run, array.layer))).exit)
        assert(error instanceof SourceError)
        assert.deepEqual([error.index, error.startedCount, error.interrupted.length], [at, at, 0])
        assert.deepEqual(error.summary, { started: at, succeeded: at, failed: 0, interrupted: 0 })
        tallies.push(audit(at, accountOfStopped(error, at), array.truth))

        // A stream hands over what came before.
        const streamed = world({ latency: (index) => 1 + index % 3 })
        const given: Array<number> = []
        const { exit } = yield* timed(
          streamConcurrent(source(), { concurrency: level, raiseOnFirstError }).pipe(
            Stream.runForEach(({ index }) => Effect.sync(() => given.push(index))),
            Effect.provide(streamed.layer)
          )
        )
        assert(errorOf(exit) instanceof SourceError)
        assert.deepEqual(given, Array.from({ length: at }, (_, index) => index))
        tallies.push(audit(at, new Map(given.map((index) => [index, "Applied"])), streamed.truth))
      }
    }
  }
  return sum(tallies)
})

const sourceEndsEarly = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const count of [0, 1, level - 1, level, level + 1]) {
    const { layer, truth } = world({ latency: () => 5 })
    const source = Stream.range(1, count).pipe(Stream.map((id) => statement(id - 1)))
    const { exit, millis } = yield* timed(Effect.provide(executeConcurrent(source, { concurrency: level }), layer))
    const results = valueOf(exit)
    assert.equal(results.length, count)
    assert.equal(millis, 5 * Math.ceil(count / level))
    tallies.push(audit(count, accountOf(results), truth))
  }
  return sum(tallies)
})

const sourceIsSlow = Effect.gen(function*() {
  const count = 30
  const { layer, truth } = world({ latency: () => 100 })
  const source = Stream.range(0, count - 1).pipe(
    Stream.mapEffect((id) => Effect.delay(Effect.succeed(statement(id)), 50))
  )
  const run = Effect.gen(function*() {
    const results = yield* executeConcurrent(source, { concurrency: level, raiseOnFirstError: false })
    const { peakInFlight } = yield* MockSession.MockSession
    return { results, peak: yield* peakInFlight }
  })
  const { exit, millis } = yield* timed(Effect.provide(run, layer))
  const { peak, results } = valueOf(exit)
  // It takes as long as the source does, and one statement: nothing waits for a full window.
  assert.equal(millis, count * 50 + 100)
  assert(peak <= 3)
  return audit(count, accountOf(results), truth)
})

const consumerStops = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  const bufferSize = 8
  for (const ordered of [true, false]) {
    let taken = 0
    let closed = 0
    function* endless() {
      try {
        for (;; taken++) yield statement(taken)
      } finally {
        closed++
      }
    }
    const { layer, sent, truth } = world({
      latency: (index) => 10 + index % 4,
      script: () => ({ effect: "onArrival" })
    })
    const first = streamConcurrent(endless(), { concurrency: level, bufferSize, ordered }).pipe(
      Stream.rechunk(1),
      Stream.take(1),
      Stream.runCollect
    )
    const results = valueOf((yield* timed(Effect.provide(first, layer))).exit)
    assert.equal(results.length, 1)
    assert.equal(closed, 1)
    assert(sent.size <= 1 + level + bufferSize, `${sent.size} statements were started for one result`)
    // The outcomes of the other started statements were not read, so they count as unknown.
    const account = new Map(Array.from(sent.keys(), (index) => [index, "Unknown" as const]))
    tallies.push(audit(sent.size, new Map([...account, ...accountOf(results)]), truth))
  }
  return sum(tallies)
})

const consumerIsSlow = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  const count = 200
  for (const ordered of [true, false]) {
    const bufferSize = 6
    const { layer, sent, truth } = world({ latency: () => 1 })
    let consumed = 0
    let most = 0
    const results = valueOf(
      (yield* timed(
        streamConcurrent(Array.from({ length: count }, (_, index) => statement(index)), {
          concurrency: level,
          bufferSize,
          ordered
        }).pipe(
          Stream.rechunk(1),
          Stream.tap(() =>
            Effect.delay(
              Effect.sync(() => {
                most = Math.max(most, sent.size - consumed)
                consumed++
              }),
              20
            )
          ),
          Stream.runCollect,
          Effect.provide(layer)
        )
      )).exit
    )
    assert(most <= level + bufferSize, `${most} started and not consumed`)
    assert.equal(results.length, count)
    tallies.push(audit(count, accountOf(results), truth))
  }
  return sum(tallies)
})

const notClosed = Effect.gen(function*() {
  const { layer, truth } = world({ latency: () => 5 })
  let closed = 0
  const source = {
    *[Symbol.iterator]() {
      try {
        for (let index = 0; index < 10; index++) yield statement(index)
      } finally {
        closed++
      }
    }
  }
  const { exit } = yield* timed(Effect.provide(runConcurrent(source, { concurrency: level }), layer))
  assert(Exit.isSuccess(exit))
  assert.equal(closed, 1)
  assert.deepEqual(exit.value, { started: 10, succeeded: 10, failed: 0, interrupted: 0 })
  return audit(10, new Map(Array.from({ length: 10 }, (_, index) => [index, "Applied"])), truth)
})

export const sources: ReadonlyArray<Fault> = [
  mock("a source that throws, also in the first window", sourceThrows),
  mock("a source that ends early", sourceEndsEarly),
  mock("a source that is slow", sourceIsSlow),
  mock("a source that is read to its end is closed once", notClosed),
  mock("a consumer that stops after one result of an endless source", consumerStops),
  mock("a consumer that is slow", consumerIsSlow)
]
