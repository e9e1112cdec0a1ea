/** Nodes that have forgotten a prepared statement: after a change of its table, and after a restart. */
import { executeConcurrent, Query } from "@effect-cql/core"
import { Effect } from "effect"
import assert from "node:assert/strict"
import { CassandraClient } from "../../../src/index.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum } from "../fault.ts"
import { allUp, type Cluster, ddl, keyspace, real, threeNodes, whileStopped } from "./cluster.ts"
import { idsIn } from "./filled.ts"

const table = `${keyspace}.forgotten`
const count = 90

const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`, { consistency: "QUORUM", idempotent: false })

/** The nodes that know the statement: each has a table of those that it has prepared, for its next start. */
const knowing = Effect.gen(function*() {
  const client = yield* CassandraClient
  const nodes = yield* Effect.forEach(client.hosts.values(), (host) =>
    Effect.map(
      Effect.tryPromise(() => client.execute("SELECT query_string FROM system.prepared_statements", [], { host })),
      ({ rows }) => rows.filter((row) => row["query_string"] === insert(0).text).map(() => host.address)
    ))
  return nodes.flat().toSorted()
})

const forgotten = Effect.gen(function*() {
  const nodes = yield* threeNodes
  const contactPoints = nodes.map(({ contactPoint }) => contactPoint).toSorted()
  const [, , third] = nodes
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
  let next = 0
  const run = Effect.suspend(() => {
    const from = next
    next += count
    const statements = Array.from({ length: count }, (_, index) => insert(from + index))
    return Effect.map(
      executeConcurrent(statements, { concurrency: 10, raiseOnFirstError: false }),
      (results) => ({ from, results })
    )
  })
  const runs = [yield* run]
  assert.deepEqual(yield* knowing, contactPoints, "prepared on each node")

  yield* ddl(`ALTER TABLE ${table} ADD one int`)
  assert.deepEqual(yield* knowing, [], "forgotten by each node")
  runs.push(yield* run)
  assert.deepEqual(yield* knowing, contactPoints, "prepared again on each node")

  // What the third one has kept is of no use any more when it comes back.
  yield* whileStopped(third, ddl(`ALTER TABLE ${table} ADD two int`))
  yield* allUp
  runs.push(yield* run)
  assert.deepEqual(yield* knowing, contactPoints, "prepared again on each node, and one was restarted")

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
