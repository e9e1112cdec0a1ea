/** The clock of the client jumps by an hour, and back, in the middle of a run. */
import { executeConcurrent, Limiter, type Progress, Query, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Duration, Effect } from "effect"
import assert from "node:assert/strict"
import { CassandraSession } from "../../../src/index.ts"
import { accountOf, audit } from "../audit.ts"
import type { Fault } from "../fault.ts"
import { type Cluster, ddl, impatient, keyspace, real } from "./cluster.ts"
import { patient } from "./filled.ts"

const hour = 3_600_000
const count = 400
const rate = 100

/** Sets the clock of this process off by what can be changed, for the driver and for everybody else. */
const withClock = Effect.acquireRelease(
  Effect.sync(() => {
    const now = Date.now
    const clock = { offset: 0, now }
    Date.now = () => now() + clock.offset
    return clock
  }),
  ({ now }) =>
    Effect.sync(() => {
      Date.now = now
    })
)

const wallClock = Effect.gen(function*() {
  const table = `${keyspace}.clocks`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, v int)`)
  // The timestamps of a session never go back. Only those of this session stay an hour ahead.
  const session = yield* CassandraSession.make(impatient(yield* CassandraServer))
  const insert = Query.make(`INSERT INTO ${table} (id, v) VALUES (?, ?)`, { consistency: "QUORUM" })
  yield* session.execute(insert(-1, 0))
  const clock = yield* withClock
  const begin = performance.now()
  const seen: Array<Progress> = []
  const jumps = Effect.gen(function*() {
    for (const offset of [hour, -hour, 0]) {
      yield* Effect.sleep("1 second")
      clock.offset = offset
    }
  })
  const run = executeConcurrent(Array.from({ length: count }, (_, index) => insert(index, index)), {
    // One after the other, so that the order of their timestamps is theirs.
    concurrency: 1,
    raiseOnFirstError: false,
    limiter: yield* Limiter.rate({ statements: rate, per: "1 second" }),
    onProgress: (progress) => Effect.sync(() => seen.push(progress))
  }).pipe(Effect.provideService(Session, session))
  const [results] = yield* Effect.all([run, jumps], { concurrency: 2 })
  const millis = performance.now() - begin

  const least = count / rate * 1_000
  assert(millis > least * 0.95, `${count} statements in ${millis} ms: the limiter has looked at the wall`)
  assert(millis < hour / 60, `${millis} ms`)
  for (const { elapsed, rate: reported } of seen) {
    assert(Duration.toMillis(elapsed) <= millis + 1_000, `reported to have taken ${Duration.format(elapsed)}`)
    assert(reported >= 0 && reported < 10 * rate, `reported to run at ${reported} a second`)
  }
  const written = yield* Statement.make(`SELECT id, writetime(v) AS at FROM ${table}`, [], patient)
  const at = new Map(written.rows.map((row) => [row["id"], row["at"]]))
  for (let index = 1; index < count; index++) {
    const [before, after] = [at.get(index - 1), at.get(index)]
    assert(typeof before === "bigint" && typeof after === "bigint" && before < after, `${index} is older than the last`)
  }
  return audit(count, accountOf(results), { effects: (index) => at.has(index) ? 1 : 0, repeatable: true })
})

/** How many elements are appended after a list was set, before and after the clock went back. */
const appends = 20

const mixed = Effect.gen(function*() {
  const table = `${keyspace}.clock_lists`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, l list<int>)`)
  const session = yield* CassandraSession.make(impatient(yield* CassandraServer))
  const set = Statement.make(`INSERT INTO ${table} (id, l) VALUES (0, ?)`, [[]], { consistency: "QUORUM" })
  const append = Query.make(`UPDATE ${table} SET l = l + ? WHERE id = 0`, { consistency: "QUORUM" })
  const clock = yield* withClock
  const run = (from: number) =>
    executeConcurrent([set, ...Array.from({ length: appends }, (_, index) => append([from + index]))], {
      concurrency: 1,
      raiseOnFirstError: false
    }).pipe(Effect.provideService(Session, session))
  clock.offset = hour
  yield* session.execute(set)
  clock.offset = 0
  const results = yield* run(1)
  const [row] = (yield* Statement.make(`SELECT l FROM ${table}`, [], patient)).rows
  const list = Array.isArray(row?.["l"]) ? row["l"] : []
  return audit(appends + 1, accountOf(results), {
    effects: (index) => index === 0 ? 1 : list.filter((element) => element === index).length,
    repeatable: false
  })
})

/** Row 30 of what there is to survive. */
export const clocks: ReadonlyArray<Fault<Cluster>> = [
  real("the clock of the client jumps by an hour", wallClock),
  real("a list is appended to after the clock of the client went back", mixed)
]
