/** Clusters with a node that forgets prepared statements, is slow, or is unavailable. */
import { executeConcurrent, type ExecutionResult, RetryPolicy, Session, Statement } from "@effect-cql/core"
import cassandra from "cassandra-driver"
import { Effect, Schedule, type Scope } from "effect"
import assert from "node:assert/strict"
import type { FrameProxy } from "../../support/frameProxy.ts"
import { opcode, unprepared } from "../../support/frames.ts"
import { type Fault, sum, type Tally, tallyOf } from "../fault.ts"
import { cluster, clusterBehindProxies, scripted, type Servers } from "../servers.ts"

const query = "INSERT INTO app.t (id) VALUES (?)"
const select = "SELECT v FROM app.t WHERE id = ?"
const params = { id: "int" }
const nothing = { result: "success", rows: [], column_types: {} }

const runOver = (
  session: Session["Service"],
  statements: ReadonlyArray<Statement.Input>,
  concurrency = 8
) => Effect.provideService(executeConcurrent(statements, { concurrency, raiseOnFirstError: false }), Session, session)

const inserts = (count: number, options: Statement.Options = {}) =>
  Array.from({ length: count }, (_, index) => Statement.make(query, [index], options))

const toldBy = (result: ExecutionResult.ExecutionResult<unknown>): string =>
  `${result.index}: ${result._tag === "Failure" ? result.error.message : result.outcome}`

/** All nodes forget their prepared statements, and once more when they were restarted. */
const forgets = Effect.gen(function*() {
  const count = 120
  const { open, prime, proxies } = yield* clusterBehindProxies(3)
  yield* prime({ query, params }, nothing)
  const prepared = new Map<FrameProxy, number>()
  const forget = (proxy: FrameProxy): void => {
    let knows = false
    proxy.decide((request) => {
      if (request.opcode === opcode.prepare) {
        knows = true
        prepared.set(proxy, (prepared.get(proxy) ?? 0) + 1)
        return "forward"
      }
      return knows ? "forward" : { error: unprepared(request), executed: false }
    })
  }
  const executed = () =>
    proxies.flatMap(({ requests }) => requests).filter(({ opcode: code }) => code === opcode.execute)
  const session = yield* open()
  const careful = { retry: "none", idempotent: false } as const
  for (let index = 0; index < 6; index++) yield* session.execute(Statement.make(query, [index], careful))
  const tallies: Array<Tally> = []

  for (const proxy of proxies) forget(proxy)
  const before = executed().length
  const results = yield* runOver(session, inserts(count, careful))
  for (const result of results) assert(result._tag === "Success", toldBy(result))
  // Transparent, by one preparing for each node: what meets Unprepared is sent once more.
  assert.deepEqual(proxies.map((proxy) => prepared.get(proxy)), [1, 1, 1])
  assert(executed().length - before <= count + 3 * 8, `${executed().length - before} requests`)
  tallies.push(tallyOf(results))

  prepared.clear()
  for (const proxy of proxies) {
    forget(proxy)
    proxy.cut()
  }
  // Before that is known, what is handed to the old connections ends Unknown.
  yield* Effect.sleep("300 millis")
  const patient = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 59, max: 200 }),
    budget: { minimum: 1_000, share: 1 }
  })
  const again = yield* runOver(session, inserts(count, { retry: patient, idempotent: false }))
  for (const result of again) assert(result._tag === "Success", toldBy(result))
  for (const proxy of proxies) assert((prepared.get(proxy) ?? 0) <= 1, `prepared ${prepared.get(proxy)} times`)
  assert(prepared.size >= 1)
  tallies.push(tallyOf(again))
  return sum(tallies)
})

/** A node that always answers Unprepared. Each statement is prepared again eight times, and then fails unexecuted. */
const neverLearns = Effect.gen(function*() {
  const { log, open, prime, proxies: [proxy] } = yield* clusterBehindProxies(1)
  yield* prime({ query, params }, nothing)
  const session = yield* open()
  yield* session.execute([query, [0]])
  proxy!.decide((request) =>
    request.opcode === opcode.execute ? { error: unprepared(request), executed: false } : "forward"
  )
  const before = (yield* log).filter(({ type }) => type === "EXECUTE").length
  const count = 20
  const results = yield* runOver(session, inserts(count, { retry: "none" }), 4)
  for (const result of results) {
    assert(result._tag === "Failure" && result.error.reason._tag === "Unprepared", toldBy(result))
    assert.equal(result.outcome, "NotApplied")
  }
  assert.equal((yield* log).filter(({ type }) => type === "EXECUTE").length, before)
  return tallyOf(results)
})

const { ConstantSpeculativeExecutionPolicy } = cassandra.policies.speculativeExecution

/** One of two nodes is slow, or overloaded: reads are asked of the other meanwhile, and each has one result all the same. */
const speculation = Effect.gen(function*() {
  const { log, open, prime } = yield* cluster(2)
  const rows = { result: "success", rows: [{ v: 1 }], column_types: { v: "int" } }
  yield* prime({ query, params }, nothing)
  yield* prime({ query: select, params }, rows)
  const session = yield* open({
    clientOptions: {
      policies: { speculativeExecution: new ConstantSpeculativeExecutionPolicy(60, 1) }
    }
  })
  for (let index = 0; index < 4; index++) yield* session.execute([select, [index]])
  for (let index = 0; index < 4; index++) yield* session.execute([query, [index]])
  // The slow node receives the request first, and finally answers that it is overloaded.
  yield* prime({ query: select, params }, { result: "overloaded", message: "busy", delay_in_ms: 200 }, 0)
  yield* prime({ query, params }, { ...nothing, delay_in_ms: 200 }, 0)

  const concurrency = 4
  const count = 60
  let most = 0
  const before = (yield* log).length
  const results = yield* Effect.provideService(
    executeConcurrent(Array.from({ length: count }, (_, index) => Statement.make(select, [index])), {
      concurrency,
      raiseOnFirstError: false,
      onProgress: ({ inFlight }) =>
        Effect.sync(() => {
          most = Math.max(most, inFlight)
        })
    }),
    Session,
    session
  )
  assert.deepEqual(results.map(({ index }) => index), Array.from({ length: count }, (_, index) => index))
  for (const result of results) {
    assert(result._tag === "Success", `${result.index}`)
    assert.deepEqual(result.value.rows, [{ v: 1 }])
  }
  // A statement that is asked of two nodes holds one place.
  assert(most <= concurrency, `${most} in flight`)
  const reads = (yield* log).slice(before).filter(({ query, type }) => type === "EXECUTE" && query === select)
  assert(reads.length > count, "nothing was asked twice")

  // Writes are never sent twice: the effect of the second request would be unknown if the first one failed.
  const writes = yield* runOver(session, inserts(count, { idempotent: true }), concurrency)
  const written = (yield* log).slice(before).filter(({ query: text, type }) => type === "EXECUTE" && text === query)
  assert.equal(written.length, count)
  for (const { outcome } of writes) assert.equal(outcome, "Applied")
  return sum([tallyOf(results), tallyOf(writes)])
})

/** One of two nodes takes everything and answers nothing. */
const silentNode = Effect.gen(function*() {
  const { contactPoints, log, open, prime } = yield* cluster(2)
  yield* prime({ query, params }, nothing)
  const session = yield* open({ requestTimeout: 400 })
  for (let index = 0; index < 4; index++) yield* session.execute([query, [index]])
  yield* prime({ query }, { result: "no_result" }, 0)
  const before = (yield* log).length
  const count = 60
  const unsafe = yield* runOver(session, inserts(count, { idempotent: false }), 16)
  for (const result of unsafe) {
    assert(result._tag === "Success" || result.error.reason._tag === "RequestTimeout", `${result.index}`)
  }
  const arrived = (yield* log).slice(before).filter(({ type }) => type === "EXECUTE")
  const met = arrived.filter(({ node }) => node === contactPoints[0]).length
  assert(met > 0 && unsafe.filter(({ outcome }) => outcome === "Unknown").length >= met, `${met} met it`)
  assert.equal(arrived.length, count)

  // What may be repeated is, and the next node has it.
  const patient = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 5 }),
    budget: { minimum: 1_000, share: 1 }
  })
  const safe = yield* runOver(session, inserts(count, { idempotent: true, retry: patient }), 16)
  for (const { outcome } of safe) assert.equal(outcome, "Applied")
  return sum([tallyOf(unsafe), tallyOf(safe)])
})

/** All nodes are gone, one after the other, and come back: nothing is applied meanwhile, and a patient run gets through. */
const allGone = Effect.gen(function*() {
  const { accept, disconnect, open, prime, reject } = yield* cluster(2)
  yield* prime({ query, params }, nothing)
  const session = yield* open()
  yield* session.execute([query, [0]])
  yield* reject()
  yield* disconnect()
  yield* Effect.sleep("200 millis")
  const refused = yield* runOver(session, inserts(20, { retry: "none", idempotent: false }))
  for (const { outcome } of refused) assert.equal(outcome, "NotApplied")
  yield* accept()
  const patient = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 99, max: 100 }),
    budget: { minimum: 10_000, share: 1 }
  })
  const results = yield* runOver(session, inserts(20, { retry: patient, idempotent: false }))
  for (const { outcome } of results) assert.equal(outcome, "Applied")
  return sum([tallyOf(refused), tallyOf(results)])
})

/** A node takes connections, and does not answer the start of the protocol: the other does all the work. */
const deafNode = Effect.gen(function*() {
  const { accept, contactPoints, disconnect, open, prime, reject } = yield* cluster(2)
  yield* prime({ query, params }, nothing)
  const socketOptions = { connectTimeout: 3_000, readTimeout: 2_000 }
  const session = yield* open({ clientOptions: { socketOptions } })
  for (let index = 0; index < 4; index++) yield* session.execute([query, [index]])
  yield* reject(0, "reject_startup")
  yield* disconnect(0)
  // Before that is known, what is handed to the old connection ends Unknown.
  yield* Effect.sleep("300 millis")
  const patient = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 19 }),
    budget: { minimum: 1_000, share: 1 }
  })
  const results = yield* runOver(session, inserts(60, { retry: patient, idempotent: false }))
  for (const result of results) {
    assert(result._tag === "Success", `${result.index}: ${result._tag === "Failure" ? result.error.message : ""}`)
    assert.equal(result.value.info.coordinator, contactPoints[1])
  }
  yield* accept(0)
  // It is used again, once the driver has tried it again.
  const one = Statement.make(query, [1])
  yield* Effect.repeat(session.execute(one), {
    schedule: Schedule.spaced("50 millis"),
    until: ({ info }) => info.coordinator === contactPoints[0]
  }).pipe(Effect.timeout("20 seconds"))
  return tallyOf(results)
})

export const nodes: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("nodes that forget their prepared statements, and again after a restart", forgets),
  scripted("a node that never learns a statement", neverLearns),
  scripted("speculative reads beside a slow node, with retries", speculation),
  scripted("a node that answers nothing", silentNode),
  scripted("all nodes gone, and back", allGone),
  scripted("a node that takes connections and does not speak", deafNode)
]
