/** Many statements: the stack, the time, the heap, and one slow lane. */
import { executeConcurrent, runConcurrent, Statement, streamConcurrent } from "@effect-cql/core"
import { timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { Effect, Stream } from "effect"
import assert from "node:assert/strict"
import process from "node:process"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally, tally } from "../fault.ts"
import { mock, world } from "./world.ts"

const insert = "INSERT INTO app.t (id) VALUES (?)"
const many = (count: number) => Array.from({ length: count }, (_, index) => Statement.make(insert, [index]))

const instant = MockSession.layer({ record: false })

/** Milliseconds of this process' own work, which others on the machine add nothing to. */
const work = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begin = process.cpuUsage()
    const value = yield* effect
    const { user } = process.cpuUsage(begin)
    return { value, millis: user / 1_000 }
  })

const atOnce = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const concurrency of [1, 4_096]) {
    // Four times as many are four times the work; were it quadratic, sixteen times. The collector of garbage adds to some rounds:
    // the best of each counts, and the bound stands between the two.
    const small: Array<number> = []
    const large: Array<number> = []
    const [quarter, whole] = [many(25_000), many(100_000)]
    for (let round = 0; round < 7; round++) {
      small.push((yield* work(Effect.provide(executeConcurrent(quarter, { concurrency }), instant))).millis)
      const { millis, value } = yield* work(Effect.provide(executeConcurrent(whole, { concurrency }), instant))
      large.push(millis)
      assert.equal(value.length, 100_000)
      tallies.push(
        tally({ statements: value.length, applied: value.filter(({ outcome }) => outcome === "Applied").length })
      )
    }
    const ratio = Math.min(...large) / Math.min(...small)
    assert(
      ratio < 8,
      `concurrency ${concurrency}: four times as many statements took ${ratio.toFixed(2)} times as long`
    )
  }
  return sum(tallies)
})

const slowLane = Effect.gen(function*() {
  const count = 10_000
  const level = 100
  const latency = (index: number) => index % 100 === 7 ? 200 : 2
  const total = Array.from({ length: count }, (_, index) => latency(index)).reduce((one, other) => one + other, 0)
  // With every place taken all the time; at the end the slowest runs out alone.
  const ideal = total / level + 200
  const items = many(count)
  const unordered = world({ latency })
  const array = yield* timed(Effect.provide(executeConcurrent(items, { concurrency: level }), unordered.layer))
  assert(array.millis <= 1.05 * ideal, `array: ${array.millis} ms, ideal ${ideal}`)
  const results = valueOf(array.exit)
  const one = audit(count, accountOf(results), unordered.truth)

  const streamed = yield* timed(
    Effect.provide(
      Stream.runDrain(streamConcurrent(items, { concurrency: level, ordered: false })),
      world({ latency }).layer
    )
  )
  assert(streamed.millis <= 1.05 * ideal, `unordered stream: ${streamed.millis} ms, ideal ${ideal}`)

  const bufferSize = 50
  const ordered = world({ latency })
  let consumed = 0
  let most = 0
  const inOrder = yield* timed(
    streamConcurrent(items, { concurrency: level, bufferSize }).pipe(
      Stream.rechunk(1),
      Stream.runForEach(({ index }) =>
        Effect.sync(() => {
          assert.equal(index, consumed)
          most = Math.max(most, ordered.sent.size - consumed)
          consumed++
        })
      ),
      Effect.provide(ordered.layer)
    )
  )
  valueOf(inOrder.exit)
  assert(most <= level + bufferSize, `${most} started and not consumed`)
  assert.equal(ordered.sent.size, count)
  return sum([one, audit(count, new Map(items.map((_, index) => [index, "Applied"])), ordered.truth)])
})

const heapUsed = (): number => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  collect()
  return process.memoryUsage().heapUsed
}

/** The slope of the heap over a million and a half statements, in bytes a statement. */
const steady = Effect.gen(function*() {
  const rounds = 12
  const each = 125_000
  const samples: Array<number> = []
  let counted = 0
  const query = Statement.make(insert, [0])
  function* source() {
    for (let index = 0; index < each; index++) yield query
  }
  for (let round = 0; round < rounds; round++) {
    const summary = yield* Effect.provide(runConcurrent(source(), { concurrency: 64 }), instant)
    assert.deepEqual(summary, { started: each, succeeded: each, failed: 0, interrupted: 0 })
    counted += summary.succeeded
    // The first rounds bring what stays: compiled code, and pools.
    if (round >= 3) samples.push(heapUsed())
  }
  const middle = (samples.length - 1) / 2
  const mean = samples.reduce((one, other) => one + other, 0) / samples.length
  const slope = samples.reduce((total, sample, index) => total + (index - middle) * (sample - mean), 0) /
    samples.reduce((total, _, index) => total + (index - middle) ** 2, 0) / each
  assert(slope < 0.5, `the heap grows by ${slope.toFixed(2)} bytes a statement`)
  return tally({ statements: rounds * each, applied: counted })
})

export const scale: ReadonlyArray<Fault> = [
  mock("a hundred thousand statements that complete at once, at concurrency 1 and 4,096", atOnce),
  mock("one statement of a hundred is a hundred times slower", slowLane),
  mock("a million and a half statements in a row: the heap stays, the counts are exact", steady)
]
