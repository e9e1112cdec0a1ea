/** Runs that are interrupted at any moment. */
import {
  executeConcurrent,
  Limiter,
  RetryPolicy,
  runConcurrent,
  Statement,
  streamConcurrent,
  type Summary
} from "@effect-cql/core"
import { overloaded } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import assert from "node:assert/strict"
import { audit } from "../audit.ts"
import { type Fault, sum, type Tally } from "../fault.ts"
import { random, seed } from "../random.ts"
import { mock, world } from "./world.ts"

const seeds = 1_000
const insert = "INSERT INTO app.t (id) VALUES (?)"

/** One run of random size, speed and failures, interrupted at a random moment. */
const once = Effect.fnUntraced(function*(stream: number) {
  const next = random(stream)
  const below = (limit: number) => Math.floor(next() * limit)
  const count = 1 + below(60)
  const concurrency = 1 + below(12)
  const retries = next() < 0.5
  const limiter = next() < 0.5 ? yield* Limiter.fixed(1 + below(8)) : undefined
  const latencies = Array.from({ length: count }, () => below(20))
  const fails = Array.from({ length: count }, () => next() < 0.1)
  const arrives = Array.from({ length: count }, () => next() < 0.5)
  const form = below(4)
  const name = `FAULTS_SEED=${seed}, run ${stream}`

  const { layer, sent, truth } = world({
    defaults: retries
      ? {
        retry: RetryPolicy.make({
          schedule: RetryPolicy.backoff({ times: 2, initial: 20, max: 50 }),
          budget: { minimum: 10, share: 1 }
        })
      }
      : { retry: "none" },
    latency: (index) => latencies[index]!,
    script: (index, attempt) =>
      fails[index]! && attempt < 3
        ? { answer: overloaded, effect: arrives[index]! ? "onArrival" : "none" }
        : { effect: arrives[index]! ? "onArrival" : "onAnswer" }
  })
  let last: Summary | undefined
  let closed = 0
  const given = new Map<number, "Applied">()
  function* source() {
    try {
      for (let index = 0; index < count; index++) yield Statement.make(insert, [index])
    } finally {
      closed++
    }
  }
  const options = {
    concurrency,
    raiseOnFirstError: false,
    limiter,
    onProgress: (progress: Summary) =>
      Effect.sync(() => {
        last = progress
      })
  } as const
  const items = [...source()]
  closed = 0
  const keep = ({ index, outcome }: { readonly index: number; readonly outcome: string }) =>
    Effect.sync(() => {
      if (outcome === "Applied") given.set(index, "Applied")
    })
  const forms = [
    executeConcurrent(items, options),
    runConcurrent(source(), options),
    Stream.runForEach(streamConcurrent(source(), options), keep),
    Stream.runForEach(streamConcurrent(source(), { ...options, ordered: false }), keep)
  ]
  const run = Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(forms[form]!)
    yield* TestClock.adjust(next() * latencies.reduce((one, other) => one + other, 0) / concurrency)
    yield* Fiber.interrupt(fiber)
    const exit = yield* Fiber.await(fiber)
    const { inFlight } = yield* MockSession.MockSession
    assert.equal(yield* inFlight, 0, name)
    return exit
  })
  const exit = yield* Effect.provide(run, layer)
  assert(Exit.isSuccess(exit) || Exit.hasInterrupts(exit), name)
  if (limiter !== undefined) {
    const { inFlight, waiting } = yield* limiter.state
    assert.deepEqual([inFlight, waiting], [0, 0], name)
  }
  assert.equal(closed, form === 0 || sent.size === 0 && closed === 0 ? 0 : 1, name)

  // The last progress counts everything that was started, and nothing else.
  const { failed, interrupted, started, succeeded } = last ?? { failed: 0, interrupted: 0, started: 0, succeeded: 0 }
  assert.equal(started, succeeded + failed + interrupted, name)
  assert.equal(sent.size, started, name)
  if (Exit.isSuccess(exit)) assert.equal(interrupted, 0, name)
  // Late answers of what was interrupted must not come back as anything.
  yield* TestClock.adjust("1 minute")
  const account = new Map(
    Array.from(
      { length: count },
      (_, index) => [index, given.get(index) ?? (sent.has(index) ? "Unknown" : "NotApplied")] as const
    )
  )
  return audit(count, account, truth)
})

const atRandom = Effect.gen(function*() {
  const unhandled: Array<unknown> = []
  const collect = (reason: unknown) => unhandled.push(reason)
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("unhandledRejection", collect)),
    () => Effect.sync(() => process.off("unhandledRejection", collect))
  )
  const tallies: Array<Tally> = []
  for (let stream = 0; stream < seeds; stream++) tallies.push(yield* once(stream))
  // A rejection without a handler at the end of the turn counts as unhandled.
  yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  assert.deepEqual(unhandled, [])
  return sum(tallies)
})

export const interrupts: ReadonlyArray<Fault> = [mock("an interruption at any moment, a thousand times", atRandom)]
