/** Answers that cannot be read, arrive before the result is read, or describe another state of the schema. */
import { executeConcurrent, type ExecutionResult, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Effect, Fiber, type Scope } from "effect"
import assert from "node:assert/strict"
import { CassandraSession } from "../../../src/index.ts"
import { short, unprepared } from "../../support/frames.ts"
import { preparedBody, scalar, schemaChangeBody, voidBody } from "../../support/resultFrames.ts"
import { failing, resulting, scriptedNode } from "../../support/scriptedNode.ts"
import { accountOf, audit } from "../audit.ts"
import { optionsOf } from "../connect.ts"
import { type Fault, sum, type Tally, tally, tallyOf } from "../fault.ts"
import { behindFrameProxy, cluster, scripted, type Servers } from "../servers.ts"
import { Tables } from "../tables.ts"

const unsafe = { idempotent: false, retry: "none" } as const

const runOver = (
  session: Session["Service"],
  statements: ReadonlyArray<Statement.Input>,
  concurrency = 100
) => Effect.provideService(executeConcurrent(statements, { concurrency, raiseOnFirstError: false }), Session, session)

const messageOf = (result: ExecutionResult.ExecutionResult<unknown>): string =>
  result._tag === "Failure" ? result.error.message : result.outcome

/** A table of its own on the real server. */
const withTable = Effect.fnUntraced(function*(name: string, columns: string) {
  const { direct, forRun } = yield* Tables
  const table = `${forRun().keyspace}.${name}`
  const ddl = (text: string) => direct.execute(Statement.make(text, [], { requestTimeout: "1 minute", retry: "none" }))
  const create = (columns: string) => ddl(`CREATE TABLE ${table} (${columns})`)
  const drop = ddl(`DROP TABLE IF EXISTS ${table}`)
  yield* drop
  yield* Effect.acquireRelease(create(columns), () => Effect.ignore(drop))
  return { create, direct, drop, table }
})

/** One row of a partition holds a time that no day has. Its reads fail, and those of all other partitions are right. */
const unreadable = Effect.gen(function*() {
  const { direct, table } = yield* withTable("times", "k int, c int, at time, PRIMARY KEY (k, c)")
  const [partitions, bad] = [100, 77]
  const rows = Array.from({ length: partitions }, (_, k) => [0, 1, 2].map((c) => [k, 10 * k + c] as const)).flat()
  yield* runOver(direct, rows.map((row) => [`INSERT INTO ${table} (k, c, at) VALUES (?, ?, '08:00:00')`, row]))
  yield* direct.execute([
    `INSERT INTO ${table} (k, c, at) VALUES (${bad}, ${10 * bad + 2}, blobAsTime(0x4000000000000000))`
  ])
  const server = yield* CassandraServer
  const session = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
  const tallies: Array<Tally> = []
  for (let round = 0; round < 3; round++) {
    const reads = Array.from({ length: 2_000 }, (_, index) => index % partitions)
    const results = yield* runOver(
      session,
      reads.map((k) => Statement.make(`SELECT k, c, at FROM ${table} WHERE k = ?`, [k], { retry: "none" }))
    )
    for (const result of results) {
      const k = reads[result.index]!
      if (k === bad) {
        assert(result._tag === "Failure" && result.error.reason._tag === "RowDecoding", messageOf(result))
        assert.match(result.error.message, /row 2, column at/)
      } else {
        assert(result._tag === "Success", messageOf(result))
        const found = result.value.rows.map((row) => [Object(row).k, Object(row).c])
        assert.deepEqual(found, [0, 1, 2].map((c) => [k, 10 * k + c]))
      }
    }
    tallies.push(tallyOf(results))
  }
  return sum(tallies)
})

/** The answers are there before the time is over, and nothing reads them until it is. */
const blocked = Effect.gen(function*() {
  const server = yield* CassandraServer
  const { forRun } = yield* Tables
  const tables = forRun()
  // Without a proxy, which would be blocked as well.
  const session = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
  yield* session.execute(tables.insert(9_999))
  const count = 200
  const tallies: Array<Tally> = []
  for (const [round, stall] of [1_500, 4_000].entries()) {
    const statements = Array.from(
      { length: count },
      (_, index) => tables.insert(round * count + index, { ...unsafe, requestTimeout: "1 second" })
    )
    const fiber = yield* Effect.forkChild(runOver(session, statements, count), { startImmediately: true })
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    const end = performance.now() + stall
    while (performance.now() < end);
    const results = yield* Fiber.join(fiber)
    for (const result of results) assert.equal(result.outcome, "Applied", messageOf(result))
    tallies.push(tallyOf(results))
  }
  const found = yield* tables.found("plain")
  const all = Array.from({ length: 2 * count }, (_, index) => index)
  assert(all.every((index) => found.has(index)))
  return sum(tallies)
})

/** Nodes forget statements that the cache of the session has dropped meanwhile. */
const dropped = Effect.gen(function*() {
  const { decide, sent, session, tables, truthOf } = yield* behindFrameProxy({ clientOptions: { maxPrepared: 5 } })
  const count = 600
  const refusals = new Map<number, number>()
  decide((index, attempt, request) => {
    if (attempt > 1 || index % 3 !== 0) return "forward"
    refusals.set(index, attempt)
    return { error: unprepared(request), executed: false }
  })
  const statements = Array.from({ length: count }, (_, index) => {
    const { params, text } = tables.insert(index)
    return Statement.make(`${text} /* ${index % 40} */`, params, unsafe)
  })
  const results = yield* runOver(session, statements)
  for (const result of results) assert.equal(result.outcome, "Applied", messageOf(result))
  assert.equal(refusals.size, count / 3)
  assert([...sent.values()].every((times) => times <= 2))
  return audit(count, accountOf(results), truthOf(yield* tables.found("plain")))
})

const insert = "INSERT INTO app.t (id) VALUES (?)"
const markers = [{ name: "id", type: scalar("int") }]

/** The node gives a statement another id when it prepares it again, as during the upgrade of a cluster. */
const anotherId = Effect.gen(function*() {
  const node = yield* scriptedNode
  const session = yield* CassandraSession.make({
    contactPoints: [node.address],
    localDataCenter: "datacenter1",
    requestTimeout: "2 seconds",
    closeTimeout: 500
  })
  let id = Buffer.from("id 0")
  node.reply((request) => {
    if (request._tag === "Prepare") return resulting(preparedBody(id, markers))
    if (request._tag !== "Execute" || request.id.equals(id)) return resulting(voidBody)
    return failing(0x2500, Buffer.concat([short(request.id.length), request.id]))
  })
  const [count, concurrency, rounds] = [50, 10, 4]
  const tallies: Array<Tally> = []
  for (let round = 0; round < rounds; round++) {
    id = Buffer.from(`id ${round}`)
    const before = node.requests.length
    const results = yield* runOver(
      session,
      Array.from({ length: count }, (_, index) => Statement.make(insert, [index], unsafe)),
      concurrency
    )
    for (const result of results) assert.equal(result.outcome, "Applied", messageOf(result))
    const arrived = node.requests.slice(before)
    assert(arrived.filter(({ _tag }) => _tag === "Prepare").length <= 1 + concurrency)
    assert(arrived.filter(({ _tag }) => _tag === "Execute").length <= count + concurrency)
    tallies.push(tallyOf(results))
  }
  // After the end of the run, no further request is sent.
  const before = node.requests.length
  yield* Effect.sleep("500 millis")
  assert.equal(node.requests.length, before)
  return sum(tallies)
})

/** The schema is changed while the nodes do not agree on it, and never will: the change was applied, and that is reported. */
const noAgreement = Effect.gen(function*() {
  const node = yield* scriptedNode
  node.peersHave(["1da3b4d4-9a0a-4f0e-9d3c-1234567890ab"])
  const session = yield* CassandraSession.make({
    contactPoints: [node.address],
    localDataCenter: "datacenter1",
    requestTimeout: "1 second",
    closeTimeout: 500
  })
  node.reply(() => resulting(schemaChangeBody("CREATED", "app", "t")))
  const texts = Array.from({ length: 20 }, (_, index) => `CREATE TABLE app.t${index} (id int PRIMARY KEY)`)
  const results = yield* runOver(session, texts.map((text) => [text] as const), 4)
  for (const result of results) {
    assert(result._tag === "Success" && result.outcome === "Applied", messageOf(result))
    assert.equal(result.value.info.schemaInAgreement, false)
  }
  assert.equal(node.requests.length, texts.length)
  return tallyOf(results)
})

/** A table is dropped and made with other types by another session: no value is written by the old ones. */
const madeAnew = Effect.gen(function*() {
  const { create, direct, drop, table } = yield* withTable("retyped", "id int PRIMARY KEY, v int")
  const server = yield* CassandraServer
  const session = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
  const text = `INSERT INTO ${table} (id, v) VALUES (?, ?)`
  yield* session.execute([text, [0, 5]])
  const steps: ReadonlyArray<readonly [type: string, value: unknown, old: unknown]> = [
    ["text", "a", 5],
    ["list<int>", [65, 66], "a"],
    ["bigint", 7n, [65, 66]]
  ]
  let [taken, refused] = [0, 0]
  for (const [type, value, old] of steps) {
    yield* drop
    yield* create(`id int PRIMARY KEY, v ${type}`)
    yield* direct.execute([text, [0, value]])
    const patient = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 99, max: 50 }) })
    const write = session.execute(Statement.make(text, [1, value], { retry: patient }))
    yield* Effect.retry(write, { times: 200, while: ({ reason }) => reason._tag === "ParametersRefused" })
    taken++
    const results = yield* runOver(session, [2, 3, 4].map((id) => Statement.make(text, [id, old], unsafe)))
    for (const result of results) {
      assert(result._tag === "Failure" && result.error.reason._tag === "ParametersRefused", messageOf(result))
      assert.equal(result.outcome, "NotApplied")
      refused++
    }
    const { rows } = yield* direct.execute([`SELECT id, v FROM ${table}`])
    assert.deepEqual(rows.map(({ id, v }) => [id, v]).toSorted(), [[0, value], [1, value]])
  }
  return tally({ statements: taken + refused, applied: taken, notApplied: refused })
})

/** One of three nodes hangs, and all texts are new: the others prepare them, and every statement is applied. */
const newTexts = Effect.gen(function*() {
  const { open, pauseReads, prime, resumeReads } = yield* cluster(3)
  const texts = Array.from({ length: 12 }, (_, index) => `${insert} /* ${index} */`)
  for (const query of texts) {
    yield* prime({ query, params: { id: "int" } }, { result: "success", rows: [], column_types: {} })
  }
  const session = yield* open({ requestTimeout: "4 seconds" })
  for (let index = 0; index < 6; index++) yield* session.execute(["SELECT release_version FROM system.local"])
  yield* Effect.acquireRelease(pauseReads(0), () => resumeReads(0))
  const [safeTexts, unsafeTexts] = [texts.slice(0, 6), texts.slice(6)]
  const over = (texts: ReadonlyArray<string>, options: Statement.Options) =>
    runOver(
      session,
      texts.flatMap((text) => Array.from({ length: 20 }, (_, id) => Statement.make(text, [id], options))),
      120
    )
  const patient = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 9 }),
    budget: { minimum: 1_000, share: 1 }
  })
  const safe = yield* over(safeTexts, { idempotent: true, retry: patient })
  for (const result of safe) assert.equal(result.outcome, "Applied", messageOf(result))
  const begin = performance.now()
  const other = yield* over(unsafeTexts, { ...unsafe, requestTimeout: "8 seconds" })
  for (const result of other) assert.equal(result.outcome, "Applied", messageOf(result))
  // One second until the next node is asked, and what the machine needs.
  assert(performance.now() - begin < 5_000, `${performance.now() - begin} ms`)
  return sum([tallyOf(safe), tallyOf(other)])
})

export const answers: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("a value that cannot be read, among reads of other partitions", unreadable),
  scripted("an event loop that is blocked while the answers come", blocked),
  scripted("nodes that forget statements that the session has dropped", dropped),
  scripted("a node that gives a statement another id", anotherId),
  scripted("changes of the schema on which the nodes do not agree", noAgreement),
  scripted("a table that is made anew with other types", madeAnew),
  scripted("a node that hangs, while all texts are new", newTexts)
]
