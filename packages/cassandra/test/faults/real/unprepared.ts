/** Nodes that have forgotten a prepared statement: after a change of its table, and after a restart. */
import { executeConcurrent, Query, Session } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Effect, Logger, References } from "effect"
import assert from "node:assert/strict"
import { CassandraSession } from "../../../src/index.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum } from "../fault.ts"
import { allUp, type Cluster, ddl, impatient, keyspace, real, threeNodes, whileStopped } from "./cluster.ts"
import { idsIn } from "./filled.ts"

const table = `${keyspace}.forgotten`
const count = 90

/** A session that prepares nothing but what it is asked to execute, and on which nodes it had to do so again. */
const watched = Effect.gen(function*() {
  const again: Array<string> = []
  const logger = Logger.make(({ message }) => {
    const match = /not prepared on host ([\d.:]+)/.exec(String(message))
    if (match !== null) again.push(match[1]!)
  })
  const options = impatient(yield* CassandraServer)
  const session = yield* CassandraSession.make({
    ...options,
    clientOptions: { ...options.clientOptions, rePrepareOnUp: false }
  }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
  return { again, session }
})

const forgotten = Effect.gen(function*() {
  const [, , third] = yield* threeNodes
  const contactPoints = (yield* threeNodes).map(({ contactPoint }) => contactPoint)
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
  const { again, session } = yield* watched
  const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`, { consistency: "QUORUM", idempotent: false })
  let next = 0
  // One after the other: of several at once each would be told that its statement is not prepared.
  const run = Effect.suspend(() => {
    const from = next
    next += count
    const statements = Array.from({ length: count }, (_, index) => insert(from + index))
    return executeConcurrent(statements, { concurrency: 1, raiseOnFirstError: false }).pipe(
      Effect.provideService(Session, session),
      Effect.map((results) => ({ from, results }))
    )
  })
  const runs = [yield* run]
  again.length = 0

  yield* ddl(`ALTER TABLE ${table} ADD one int`)
  runs.push(yield* run)
  assert.deepEqual(again.toSorted(), contactPoints.toSorted(), "one more preparation on each node")
  again.length = 0

  // What the third one has kept is of no use any more when it comes back.
  yield* whileStopped(third, ddl(`ALTER TABLE ${table} ADD two int`))
  yield* allUp
  yield* Effect.repeat(session.capacity, { until: (capacity) => capacity === 3 * 2_048, times: 1_000 })
  runs.push(yield* run)
  assert(contactPoints.slice(0, 2).every((node) => again.includes(node)), `prepared again on ${again.join(", ")}`)
  assert.equal(new Set(again).size, again.length, "no node was told twice")

  const found = yield* idsIn(table)
  for (const { results } of runs) assert(results.every(({ outcome }) => outcome === "Applied"))
  return sum(
    runs.map(({ from, results }) =>
      audit(count, accountOf(results), { effects: (index) => found.get(from + index) ?? 0, repeatable: false })
    )
  )
})

/** Row 18 of what there is to survive. */
export const unprepared: ReadonlyArray<Fault<Cluster>> = [
  real("nodes forget a prepared statement", forgotten)
]
