/** Bytes that are not what they should be, connections that end, and servers that fall silent. */
import { executeConcurrent, type Outcome, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { Effect, Fiber, type Scope } from "effect"
import assert from "node:assert/strict"
import type { Act } from "../../support/frameProxy.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally, tallyOf } from "../fault.ts"
import { behindFrameProxy, behindProxy, cluster, scripted, type Servers } from "../servers.ts"

/** Not idempotent, so that what may have been applied is not sent again; what was not is, until a connection is back. */
const careful: Statement.Options = {
  idempotent: false,
  requestTimeout: "20 seconds",
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 59, max: 100 }),
    budget: { minimum: 10_000, share: 1 }
  })
}

/** A connection is replaced when more requests than this have timed out on it. */
const patience = 64

/** Maximum number of statements that are lost on a connection that answers nothing: the last that counts, and those in flight. */
const mostLost = (concurrency: number): number => patience + 1 + concurrency

/**
 * A run of inserts with this fault at one insert. That insert ends Unknown, and those in flight beside it may as well.
 * All others are applied. An insert that may have been applied is never sent twice.
 */
const at = Effect.fnUntraced(function*(act: Act, expected: {
  /** Of that one. Default: Unknown. */
  readonly outcome?: Outcome.Outcome
  readonly tags: ReadonlyArray<string>
  readonly mostUnknown: number
  readonly count?: number
  readonly concurrency?: number
  /** Where answers are waited for in vain. */
  readonly requestTimeout?: number
}) {
  const { concurrency = 4, count = 60, mostUnknown, outcome = "Unknown", requestTimeout = 20_000, tags } = expected
  const bad = 20
  const { decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  // Prepared, so that the bad frame is the answer to a write.
  yield* session.execute(tables.insert(9_999))
  decide((index) => index === bad ? act : "forward")
  const statements = Array.from({ length: count }, (_, index) => tables.insert(index, { ...careful, requestTimeout }))
  const results = yield* Effect.provideService(
    executeConcurrent(statements, { concurrency, raiseOnFirstError: false }),
    Session,
    session
  )
  assert.deepEqual(results.map(({ index }) => index), statements.map((_, index) => index))
  const failed = results.filter((result) => result._tag === "Failure")
  assert.equal(results[bad]?.outcome, outcome)
  for (const { error, index, outcome } of failed) {
    assert.equal(outcome, "Unknown", `${index}: ${error}`)
    assert(tags.includes(error.reason._tag), `${index}: ${error}`)
  }
  assert(failed.length <= mostUnknown, `${failed.length} of ${count} failed`)
  // What was handed to a connection in its last moment never arrived.
  for (const { index, outcome } of results) if (outcome === "Unknown") assert((sent.get(index) ?? 0) <= 1)
  return audit(count, accountOf(results), truthOf(yield* tables.found("plain")))
})

const closed = { tags: ["ConnectionClosed"], mostUnknown: 4 }

const halfFrames = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  // Within the header, just after it, and within the body.
  for (const cut of [1, 5, 9, 11]) {
    tallies.push(yield* at({ inParts: (answer) => [answer.subarray(0, cut)], thenClose: true }, closed))
  }
  return sum(tallies)
})

const garbage = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  const headers = [
    Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00]),
    Buffer.alloc(64)
  ]
  for (const header of headers) {
    // Zeros are the frame of a server error, to the statement that has stream 0.
    const tags = ["ConnectionClosed", "ServerError", "UnknownError"]
    tallies.push(
      yield* at({ inParts: () => [header], thenClose: true }, { tags, mostUnknown: 4 })
    )
  }
  return sum(tallies)
})

/** A frame that is said to be longer than it is swallows those behind it: they time out, until the connection is given up. */
const tooLong = at({
  inParts: (answer) => {
    const lie = Buffer.from(answer)
    lie.writeInt32BE(answer.length + 1_000_000, 5)
    return [lie]
  }
}, {
  tags: ["RequestTimeout", "ConnectionClosed"],
  mostUnknown: mostLost(32),
  count: 300,
  concurrency: 32,
  requestTimeout: 400
})

/** Slow, but whole: nothing fails at all. */
const inDrops = at({ inParts: (answer) => Array.from(answer, (byte) => Buffer.from([byte])), pause: 3 }, {
  outcome: "Applied",
  tags: [],
  mostUnknown: 0
})

/** Unknown is correct even if the insert was not executed, because the client had handed the request over. */
const resets = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const act of ["resetBefore", "resetAfter"] as const) tallies.push(yield* at(act, closed))
  return sum(tallies)
})

const answerLost = at("loseAnswer", { tags: ["RequestTimeout"], mostUnknown: 4, requestTimeout: 400 })

/** Reads that are lost in the same ways are sent again, and all come back. */
const idempotentAgain = Effect.gen(function*() {
  const { decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(9_999))
  const count = 60
  const acts: ReadonlyArray<Act> = ["resetBefore", "resetAfter", "loseAnswer"]
  decide((index, attempt) => attempt > 1 || index % 20 !== 10 ? "forward" : acts[Math.floor(index / 20)]!)
  const statements = Array.from(
    { length: count },
    (_, index) => tables.insert(index, { ...careful, idempotent: true, requestTimeout: 400 })
  )
  const run = executeConcurrent(statements, { concurrency: 4, raiseOnFirstError: false })
  const results = yield* Effect.provideService(run, Session, session)
  assert(results.every(({ outcome }) => outcome === "Applied"))
  assert([10, 30, 50].every((index) => sent.get(index)! > 1))
  return audit(count, accountOf(results), truthOf(yield* tables.found("plain"), true))
})

/** The server takes all requests and answers none, until the connection has been given up and replaced. */
const silentServer = Effect.gen(function*() {
  const { decide, proxy, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(9_999))
  const before = proxy.opened()
  decide(() => proxy.opened() > before ? "forward" : "swallow")
  const [count, concurrency, requestTimeout] = [400, 32, 200]
  const statements = Array.from(
    { length: count },
    (_, index) => tables.insert(index, { ...careful, requestTimeout })
  )
  const begin = performance.now()
  const run = executeConcurrent(statements, { concurrency, raiseOnFirstError: false })
  const results = yield* Effect.provideService(run, Session, session)
  const took = performance.now() - begin
  const unknown = results.filter(({ outcome }) => outcome === "Unknown")
  assert(unknown.length >= patience, `${unknown.length} timed out`)
  assert(unknown.length <= mostLost(concurrency), `${unknown.length} timed out`)
  for (const { index } of unknown) assert.equal(sent.get(index), 1)
  assert(took < 15_000, `${took} ms`)
  return audit(count, accountOf(results), truthOf(yield* tables.found("plain")))
})

/** The server never answers. The run ends within the time that its statements may take. */
const silentForGood = Effect.gen(function*() {
  const { proxy, session, tables } = yield* behindProxy()
  yield* session.execute(tables.insert(9_999))
  proxy.silence()
  const [count, concurrency, requestTimeout] = [256, 64, 250]
  const statements = Array.from(
    { length: count },
    (_, index) => tables.insert(index, { requestTimeout, retry: "none" })
  )
  const begin = performance.now()
  const run = executeConcurrent(statements, { concurrency, raiseOnFirstError: false })
  const results = yield* Effect.provideService(run, Session, session)
  const took = performance.now() - begin
  const deadline = count / concurrency * (requestTimeout + 50)
  assert(took < deadline + 2_000, `${took} ms, for a deadline of ${deadline} ms`)
  assert(results.every(({ _tag }) => _tag === "Failure"))
  proxy.speak()
  // What was on its way when the server fell silent may still arrive, and never counts as refused.
  yield* Effect.sleep("200 millis")
  const found = yield* tables.found("plain")
  return audit(count, accountOf(results), { effects: (index) => found.has(index) ? 1 : 0, repeatable: true })
})

/** The connection is gone before the request: not applied, and sent again when there is one. */
const closedBefore = Effect.gen(function*() {
  const { proxy, session, tables } = yield* behindProxy()
  yield* session.execute(tables.insert(9_999))
  yield* proxy.goAway
  yield* Effect.sleep("100 millis")
  const count = 20
  const options = { idempotent: false, retry: "none" } as const
  const refused = yield* Effect.provideService(
    executeConcurrent(Array.from({ length: count }, (_, index) => tables.insert(index, options)), {
      raiseOnFirstError: false
    }),
    Session,
    session
  )
  for (const { outcome } of refused) assert.equal(outcome, "NotApplied")
  const none = yield* tables.found("plain")
  assert.deepEqual([...none.keys()], [9_999])
  const fiber = yield* Effect.forkChild(
    Effect.provideService(
      executeConcurrent(Array.from({ length: count }, (_, index) => tables.insert(index, careful)), {
        raiseOnFirstError: false
      }),
      Session,
      session
    ),
    { startImmediately: true }
  )
  yield* Effect.sleep("200 millis")
  yield* proxy.comeBack
  const results = yield* Fiber.join(fiber)
  for (const { outcome } of results) assert.equal(outcome, "Applied")
  const found = yield* tables.found("plain")
  const truth = { effects: (index: number) => found.has(index) ? 1 : 0, repeatable: false }
  const before = { effects: (index: number) => none.has(index) ? 1 : 0, repeatable: false }
  return sum([audit(count, accountOf(refused), before), audit(count, accountOf(results), truth)])
})

/** One of two nodes ends every connection on which a write arrives: what may be sent twice goes to the other. */
const nextHost = Effect.gen(function*() {
  const { contactPoints, log, open, prime } = yield* cluster(2)
  const query = "INSERT INTO app.t (id) VALUES (?)"
  yield* prime({ query, params: { id: "int" } }, { result: "success", rows: [], column_types: {} })
  const sessions = [yield* open(), yield* open()] as const
  // Prepared on both, for what ends connections would end that of preparing, too.
  for (const session of sessions) for (let index = 0; index < 4; index++) yield* session.execute([query, [index]])
  yield* prime({ query }, { result: "close_connection", scope: "connection", close_type: "disconnect" }, 0)
  const before = (yield* log).length
  const count = 40
  const run = (session: Session["Service"], options: Statement.Options) =>
    Effect.provideService(
      executeConcurrent(Array.from({ length: count }, (_, index) => Statement.make(query, [index], options)), {
        concurrency: 4,
        raiseOnFirstError: false
      }),
      Session,
      session
    )
  const safe = yield* run(sessions[0], { ...careful, idempotent: true })
  for (const result of safe) {
    assert(result._tag === "Success", `${result.index}`)
    assert.equal(result.value.info.coordinator, contactPoints[1])
  }
  const unsafe = yield* run(sessions[1], careful)
  const unknown = unsafe.filter(({ outcome }) => outcome === "Unknown")
  assert(unknown.length > 0 && unknown.length <= 4, `${unknown.length} unknown`)
  for (const result of unknown) {
    assert(result._tag === "Failure" && result.error.reason._tag === "ConnectionClosed", `${result.index}`)
  }
  const arrived = (yield* log).slice(before).filter(({ type }) => type === "EXECUTE")
  const onGood = arrived.filter(({ node }) => node === contactPoints[1])
  // All statements of the first run, and those of the second run whose outcome is known.
  assert.equal(onGood.length, 2 * count - unknown.length)
  assert(arrived.length > onGood.length)
  return sum([tallyOf(safe), tallyOf(unsafe)])
})

export const wire: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("half a frame, and then the connection ends", halfFrames),
  scripted("garbage in place of a frame", garbage),
  scripted("a frame that says it is longer than it is", tooLong),
  scripted("an answer that comes byte by byte", inDrops),
  scripted("a connection that is reset, before the server has seen the write and after", resets),
  scripted("an answer that is lost", answerLost),
  scripted("resets and lost answers of writes that may be repeated", idempotentAgain),
  scripted("a connection that is gone before the write", closedBefore),
  scripted("a server that answers nothing until its connection is replaced", silentServer),
  scripted("a server that never answers again", silentForGood),
  scripted("a node that ends every connection on which a write arrives", nextHost)
]
