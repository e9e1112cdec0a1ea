/** Servers that cannot take more: those that stop reading, refuse, or have no room on their connections. */
import {
  ErrorBudgetExhausted,
  executeConcurrent,
  Limiter,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement
} from "@effect-cql/core"
import { Effect, Fiber, Logger, type Scope } from "effect"
import assert from "node:assert/strict"
import process from "node:process"
import { errorBody } from "../../support/frames.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally, tally, tallyOf } from "../fault.ts"
import { behindFrameProxy, cluster, scripted, type Servers } from "../servers.ts"

const overloaded = { error: errorBody(0x1001), executed: false }

/** The server stops reading: its window fills up, and the run waits with what its places hold. */
const stopsReading = Effect.gen(function*() {
  // More than the sockets of both sides hold is in flight.
  const [concurrency, count] = [32, 96]
  const value = Buffer.alloc(512_000, 7)
  const { open, pauseReads, prime, resumeReads } = yield* cluster(1, { log: false })
  const query = "INSERT INTO app.t (id, v) VALUES (?, ?)"
  yield* prime({ query, params: { id: "int", v: "blob" } }, { result: "success", rows: [], column_types: {} })
  const session = yield* open({ requestTimeout: "1 minute" })
  yield* session.execute([query, [0, Buffer.alloc(1)]])
  let taken = 0
  function* source() {
    for (; taken < count; taken++) yield Statement.make(query, [taken, value], { retry: "none" })
  }
  yield* pauseReads()
  const resident = process.memoryUsage().rss
  let succeeded = 0
  const run = executeConcurrent(source(), {
    concurrency,
    raiseOnFirstError: false,
    onProgress: (progress) =>
      Effect.sync(() => {
        succeeded = progress.succeeded
      })
  })
  const fiber = yield* Effect.forkChild(Effect.provideService(run, Session, session), { startImmediately: true })
  const samples: Array<number> = []
  for (let tick = 0; tick < 10; tick++) {
    yield* Effect.sleep("100 millis")
    samples.push(taken)
  }
  // What the server was reading at that moment comes to an end; then nothing moves, and the source waits.
  assert(succeeded <= 2, `${succeeded} were answered`)
  assert(samples.at(-1)! <= concurrency + 2, `${samples.join(" ")} taken`)
  assert.equal(samples.at(-1), samples[3])
  // What is in flight is written down twice at most, by the driver and by the socket.
  const grown = process.memoryUsage().rss - resident
  assert(grown < 3 * concurrency * value.length + 50_000_000, `${grown} bytes for ${concurrency} statements in flight`)
  yield* resumeReads()
  const results = yield* Fiber.join(fiber)
  assert(results.every(({ outcome }) => outcome === "Applied"))
  return tallyOf(results)
})

const patient = RetryPolicy.make({
  schedule: RetryPolicy.backoff({ times: 39, max: 200 }),
  budget: { minimum: 4_000, share: 1 }
})

/** The server refuses most for three seconds, and is fine from then on. */
const overloadPasses = Effect.gen(function*() {
  const { decide, session, sent, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(9_999))
  const begin = performance.now()
  let turn = 0
  decide(() => performance.now() - begin < 3_000 && ++turn % 8 !== 0 ? { after: 5, act: overloaded } : "forward")
  const count = 2_000
  const limiter = yield* Limiter.adaptive({ min: 2, max: 200, initial: 60 })
  const limits: Array<number> = []
  let retried = 0
  const fiber = yield* Effect.forkChild(
    Effect.provideService(
      executeConcurrent(Array.from({ length: count }, (_, index) => tables.insert(index, { retry: patient })), {
        concurrency: 200,
        limiter,
        raiseOnFirstError: false,
        onProgress: (progress) =>
          Effect.sync(() => {
            retried = progress.retried
          })
      }),
      Session,
      session
    ),
    { startImmediately: true }
  )
  for (let tick = 0; tick < 28; tick++) {
    yield* Effect.sleep("100 millis")
    limits.push((yield* limiter.state).limit)
  }
  const results = yield* Fiber.join(fiber)
  const requests = [...sent.values()].reduce((one, other) => one + other, 0)
  assert(Math.min(...limits) <= 30, `the limit stayed: ${limits.join(" ")}`)
  for (const result of results) assert(result._tag === "Success", `${result.index}`)
  assert.equal(requests - count, retried)
  assert(retried > 100 && retried <= Math.max(4_000, requests), `${retried} retries of ${requests} requests`)
  return audit(count, accountOf(results), truthOf(yield* tables.found("plain"), true))
})

/** A node with some workers and one queue before them. Each request takes a worker for the same time, in milliseconds. */
class Workers {
  readonly #service: number
  /** The times at which the workers are free. */
  #free: Array<number>
  /** The times at which the requests in the node end. */
  #ends: Array<number> = []

  constructor(count: number, service: number) {
    this.#service = service
    this.#free = Array.from({ length: count }, () => 0)
  }

  /** Changes the number of workers. Requests that are in the node stay there until their time. */
  resize(count: number): void {
    const busiest = this.#free.toSorted((a, b) => b - a)
    this.#free = Array.from({ length: count }, (_, index) => busiest[index] ?? 0)
  }

  /** Takes a request, and returns the milliseconds until its end. */
  take(now: number): number {
    const worker = this.#free.indexOf(Math.min(...this.#free))
    const end = Math.max(now, this.#free[worker]!) + this.#service
    this.#free[worker] = end
    this.#ends.push(end)
    return end - now
  }

  /** Returns the number of requests in the node. */
  inside(now: number): number {
    this.#ends = this.#ends.filter((end) => end > now)
    return this.#ends.length
  }
}

/** A node loses three quarters of its workers without any error, so that its queue grows, and gets them back. */
const slowsDown = Effect.gen(function*() {
  const { decide, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(60_000))
  // So slow that a busy machine does not show.
  const [service, wide, narrow, concurrency] = [100, 16, 4, 200]
  const workers = new Workers(wide, service)
  decide(() => ({ after: workers.take(performance.now()), act: "forward" }))
  const limiter = yield* Limiter.adaptive({ min: 2, max: 1_000 })
  let taken = 0
  let running = true
  function* source() {
    for (; taken < 50_000; taken++) {
      if (!running) return
      yield tables.insert(taken)
    }
  }
  let succeeded = 0
  const run = executeConcurrent(source(), {
    concurrency,
    limiter,
    raiseOnFirstError: false,
    onProgress: (progress) =>
      Effect.sync(() => {
        succeeded = progress.succeeded
      })
  })
  const fiber = yield* Effect.forkChild(Effect.provideService(run, Session, session), { startImmediately: true })
  const limits: Array<number> = []
  /** Waits until something holds, and fails after a minute. */
  const until = Effect.fnUntraced(function*(what: string, holds: (limit: number) => boolean) {
    for (let tick = 0; tick < 600; tick++) {
      yield* Effect.sleep("100 millis")
      const { limit } = yield* limiter.state
      limits.push(limit)
      if (holds(limit)) return
    }
    const { lastMove } = yield* limiter.state
    assert.fail(`${what}: limits ${limits.join(" ")}, last move ${JSON.stringify(lastMove)}`)
  })
  const inside = () => workers.inside(performance.now())
  const useful = 5 * narrow
  yield* until("the limit stayed too low", (limit) => limit > useful)
  workers.resize(narrow)
  // Without the limiter, the whole concurrency of the run would be in the queue of the node.
  yield* until("the limit did not follow the node", (limit) => limit <= useful && inside() <= useful)
  const [before, begin] = [succeeded, performance.now()]
  yield* Effect.sleep("3 seconds")
  const rate = 1_000 * (succeeded - before) / (performance.now() - begin)
  assert(rate >= 0.5 * 1_000 * narrow / service, `${rate} a second: the node was idle`)
  assert(inside() <= 2 * useful, `${inside()} in the node`)
  workers.resize(wide)
  yield* until("the limit did not come back", (limit) => limit > useful)
  running = false
  const results = yield* Fiber.join(fiber)
  for (const result of results) assert(result._tag === "Success", `${result.index}`)
  return audit(taken, accountOf(results), truthOf(yield* tables.found("plain")))
})

/** The server refuses everything for ever: the run stops when that has been said often enough. */
const overloadStays = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const errorBudget of [{ failures: 20 }, { share: 0.5, window: 40 }] as const) {
    const { decide, sent, session, tables } = yield* behindFrameProxy()
    yield* session.execute(tables.insert(9_999))
    decide(() => overloaded)
    const count = 1_000
    const concurrency = 10
    const statements = Array.from({ length: count }, (_, index) => tables.insert(index))
    const run = executeConcurrent(statements, { concurrency, raiseOnFirstError: false, errorBudget })
    const error = yield* Effect.flip(Effect.provideService(run, Session, session))
    assert(error instanceof ErrorBudgetExhausted)
    assert.equal(error.reason._tag, "Overloaded")
    assert(error.startedCount >= 20 && error.startedCount < 20 + concurrency, `${error.startedCount} were started`)
    assert.equal(error.results.length, error.startedCount)
    assert.equal([...error.notStarted(statements)].length, count - error.startedCount)
    assert.equal(sent.size, error.startedCount)
    const { failed, started, succeeded, interrupted: unknown } = error.summary
    assert.deepEqual([started, succeeded, failed, unknown], [error.startedCount, 0, error.startedCount, 0])
    // The standard policy sends a tenth more, and ten in any case.
    const requests = [...sent.values()].reduce((one, other) => one + other, 0)
    assert(requests - started <= 10 + requests / 10, `${requests} requests for ${started} statements`)
    assert.equal((yield* tables.found("plain")).has(0), false)
    tallies.push(tallyOf(error.results, { notStarted: count - error.startedCount }))
  }
  return sum(tallies)
})

const warnings = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") lines.push(String(message))
  })
  return { lines, layer: Logger.layer([logger]) }
}

const slow = { result: "success", delay_in_ms: 20, rows: [], column_types: {} }
const query = "INSERT INTO app.t (id) VALUES (?)"

/** More is asked for than the connections carry. */
const beyondCapacity = Effect.gen(function*() {
  const { open, prime } = yield* cluster(1)
  yield* prime({ query, params: { id: "int" } }, slow)
  const capacity = 8
  const session = yield* open({ pooling: { maxRequestsPerConnection: capacity } })
  yield* session.execute([query, [0]])
  assert.equal(yield* session.capacity, capacity)
  const { layer, lines } = warnings()
  let most = 0
  const count = 100
  const results = yield* executeConcurrent(
    Array.from({ length: count }, (_, index) => Statement.make(query, [index], { retry: "none" })),
    {
      concurrency: 100,
      raiseOnFirstError: false,
      onProgress: ({ inFlight }) =>
        Effect.sync(() => {
          most = Math.max(most, inFlight)
        })
    }
  ).pipe(Effect.provideService(Session, session), Effect.provide(layer))
  assert(most <= capacity, `${most} in flight`)
  assert.equal(lines.length, 1, lines.join("\n"))
  assert.match(lines[0] ?? "", /8/)
  for (const { outcome } of results) assert.equal(outcome, "Applied")
  return tallyOf(results)
})

/** Two concurrent runs that could each fill the connections. A request that finds them full waits, and succeeds. */
const busyConnections = Effect.gen(function*() {
  const { log, open, prime } = yield* cluster(1)
  yield* prime({ query, params: { id: "int" } }, slow)
  const capacity = 8
  const session = yield* open({ pooling: { maxRequestsPerConnection: capacity } })
  yield* session.execute([query, [0]])
  const before = (yield* log).length
  const count = 60
  const run = Effect.provideService(
    executeConcurrent(
      Array.from(
        { length: count },
        (_, index) => Statement.make(query, [index], { idempotent: false })
      ),
      { concurrency: capacity, raiseOnFirstError: false }
    ),
    Session,
    session
  )
  const both = yield* Effect.all([run, run], { concurrency: 2 })
  const failed = both.flat().filter((result) => result._tag === "Failure")
  assert.equal(failed.length, 0, `${failed.length} failed, the first: ${failed[0]?.error.message}`)
  assert.equal((yield* log).length - before, 2 * count)
  return sum(both.map((results) => tallyOf(results)))
})

/** The driver keeps what it cannot send at once: a run over a source without end must not fill the memory with that. */
const endlessIntoSlow = Effect.gen(function*() {
  const { open, prime } = yield* cluster(1)
  yield* prime({ query, params: { id: "int" } }, slow)
  const session = yield* open({ pooling: { maxRequestsPerConnection: 64 } })
  yield* session.execute([query, [0]])
  let taken = 0
  function* source() {
    for (;; taken++) yield Statement.make(query, [taken], { retry: "none" })
  }
  let last = { started: 0, succeeded: 0, failed: 0, interrupted: 0 }
  const fiber = yield* Effect.forkChild(
    Effect.provideService(
      runConcurrent(source(), {
        concurrency: 64,
        raiseOnFirstError: false,
        onProgress: (progress) =>
          Effect.sync(() => {
            last = progress
          })
      }),
      Session,
      session
    )
  )
  yield* Effect.sleep("1 second")
  yield* Fiber.interrupt(fiber)
  assert.equal(last.started, last.succeeded + last.failed + last.interrupted)
  assert(last.interrupted <= 64 && taken <= last.started + 1, `${taken} taken, ${last.started} started`)
  assert.equal(last.failed, 0)
  return tally({ statements: last.started, applied: last.succeeded, unknown: last.interrupted })
})

export const load: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("a server that stops reading", stopsReading),
  scripted("a server that is overloaded for three seconds", overloadPasses),
  scripted("a server that is overloaded for ever", overloadStays),
  scripted("a node that slows down under its load, and is fast again", slowsDown),
  scripted("more in flight than the connections carry", beyondCapacity),
  scripted("two runs that each fill the connections", busyConnections),
  scripted("an endless source into a slow server, interrupted", endlessIntoSlow)
]
