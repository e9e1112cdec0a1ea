/** Clocks of clients that jump, and servers whose speed changes under an adaptive limit. */
import { executeConcurrent, Limiter, runConcurrent, Session, Statement } from "@effect-cql/core"
import type { Done, Port } from "@effect-cql/core/Port"
import { ahead } from "@effect-cql/test-support/clock"
import { timed, valueOf } from "@effect-cql/test-support/runs"
import { Clock, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import assert from "node:assert/strict"
import { accountOf, audit } from "../audit.ts"
import { type Fault, tally } from "../fault.ts"
import { random, seed } from "../random.ts"
import { indexOf, mock } from "./world.ts"

const insert = "INSERT INTO app.t (id) VALUES (?)"
const hour = 3_600_000

const wallClockJumps = Effect.gen(function*() {
  const count = 400
  const begin = 10 * hour
  yield* TestClock.setTime(begin)
  // An hour ahead after a second, two hours back after two, and right again after three.
  const clock = yield* Clock.Clock
  const at = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6 - begin
  const offset = () => at() < 1_000 ? 0 : at() < 2_000 ? hour : at() < 3_000 ? -hour : 0

  const timestamps: Array<bigint> = []
  const effects = new Map<number, number>()
  const rates: Array<number> = []
  const run = Effect.gen(function*() {
    const session = yield* Session.make({
      defaults: { retry: "none", requestTimeout: 500 },
      execute: (request) => {
        if (request.options.timestamp !== undefined) timestamps.push(request.options.timestamp)
        const index = indexOf(request)
        effects.set(index, (effects.get(index) ?? 0) + 1)
        return Effect.delay(Effect.succeed({ rows: [] }), 20)
      }
    })
    const limiter = yield* Limiter.rate({ statements: 100, per: "1 second" })
    const statements = Array.from({ length: count }, (_, index) => Statement.make(insert, [index]))
    return yield* Effect.provideService(
      executeConcurrent(statements, {
        concurrency: 10,
        limiter,
        raiseOnFirstError: false,
        onProgress: ({ rate }) => Effect.sync(() => rates.push(rate))
      }),
      Session,
      session
    )
  })
  const { exit, millis } = yield* timed(
    Effect.scoped(Effect.provideService(run, Clock.Clock, ahead(clock, offset)))
  )
  const results = valueOf(exit)
  // A hundred a second, no more and no fewer: the limiter does not look at the wall, and no timeout fires for a jump.
  assert(millis >= 3_900 && millis <= 4_150, `${millis} ms for four seconds of statements`)
  assert(results.every(({ success }) => success))
  // The last one is of the few milliseconds since the one before.
  for (const rate of rates.slice(0, -1)) assert(rate >= 0 && rate <= 130, `a rate of ${rate}`)
  // A write that begins later has a later timestamp, or it would lose against an earlier one of the same client.
  assert.equal(timestamps.length, count)
  for (let index = 1; index < count; index++) assert(timestamps[index]! > timestamps[index - 1]!)
  return audit(count, accountOf(results), { effects: (index) => effects.get(index) ?? 0, repeatable: false })
})

const work = 10

/** A server with so many workers and a queue, which stands still at times. */
const queueing = (workers: (now: number) => number, pausedUntil: (now: number) => number) => {
  const next = random(40)
  const queue: Array<Done> = []
  let busy = 0
  let answered = 0
  const port = Effect.map(Effect.context<never>(), (context): Port => {
    const fork = Effect.runForkWith(context)
    const clock = Clock.clockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()))
    const serve = (done: Done): void => {
      busy++
      fork(Effect.gen(function*() {
        const now = yield* clock
        const pause = Math.max(0, pausedUntil(now) - now)
        yield* Effect.sleep(Duration.millis(1 + pause + work * (0.5 + next())))
        const late = Math.max(0, pausedUntil(yield* clock) - (yield* clock))
        if (late > 0) yield* Effect.sleep(Duration.millis(late))
        busy--
        answered++
        const free = workers(yield* clock) - busy
        done(Exit.succeed({ rows: [] }))
        for (let index = 0; index < free && queue.length > 0; index++) serve(queue.shift()!)
      }))
    }
    return {
      defaults: { retry: "none" },
      send: (_request, _pageState, done) => {
        fork(Effect.map(clock, (now) => busy < workers(now) ? serve(done) : queue.push(done)))
        return () => {}
      }
    }
  })
  return { port, answered: () => answered }
}

const phase = 10_000

const capacitySteps = Effect.gen(function*() {
  const full = 16
  const workers = (now: number) => now >= phase && now < 2 * phase ? full / 2 : full
  const pausedUntil = (now: number) => now >= 2.7 * phase && now < 2.7 * phase + 400 ? 2.7 * phase + 400 : 0
  const server = queueing(workers, pausedUntil)
  const port = yield* server.port
  const limits: Array<number> = []
  const limiter = yield* Limiter.adaptive({ min: 1, max: 1_000 })
  const session = yield* Session.make({ ...port, closeTimeout: 0 })
  const statement = Statement.make(insert, [0])
  const source = Stream.fromIterable({
    *[Symbol.iterator]() {
      for (;;) yield statement
    }
  }, { chunkSize: 64 })
  let summary = { started: 0, succeeded: 0, failed: 0, interrupted: 0 }
  const run = runConcurrent(source, {
    concurrency: 400,
    limiter,
    raiseOnFirstError: false,
    onProgress: (progress) =>
      Effect.sync(() => {
        summary = progress
      })
  })
  const fiber = yield* Effect.forkChild(Effect.provideService(run, Session, session))
  const measured: Array<number> = []
  for (let tick = 0; tick < 40; tick++) {
    const before = server.answered()
    yield* TestClock.adjust(phase / 10)
    measured.push((server.answered() - before) / phase * 10 * 1_000)
    limits.push((yield* limiter.state).limit)
  }
  yield* Fiber.interrupt(fiber)
  const mean = (values: ReadonlyArray<number>) => values.reduce((one, other) => one + other, 0) / values.length
  const best = (places: number) => places / (work + 1) * 1_000
  const replay = `FAULTS_SEED=${seed}, limits ${limits.join(" ")}`
  // Of each phase the second half: the limit has had its ten windows by then.
  for (const [from, places] of [[5, full], [15, full / 2], [35, full]] as const) {
    const throughput = mean(measured.slice(from, from + 5))
    assert(throughput >= 0.85 * best(places), `${throughput} of ${best(places)} a second; ${replay}`)
  }
  for (const limit of limits.slice(3)) assert(limit > 1 && limit <= 5 * full, replay)
  assert.equal(summary.started, summary.succeeded + summary.interrupted)
  const { started, succeeded, interrupted: unknown } = summary
  return tally({ statements: started, applied: succeeded, unknown })
}).pipe(Effect.scoped)

export const clocks: ReadonlyArray<Fault> = [
  mock("the clock of the client jumps by an hour, forth and back", wallClockJumps),
  mock("a server that loses half of its capacity, gets it back, and pauses", capacitySteps)
]
