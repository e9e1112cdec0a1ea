/** A scan of a whole table by the ranges of the ring, while one of the nodes goes down and comes back. */
import { executeConcurrent, Query, Session } from "@effect-cql/core"
import type { TokenRange } from "@effect-cql/core/Port"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Effect } from "effect"
import assert from "node:assert/strict"
import { type Fault, tallyOf } from "../fault.ts"
import { allUp, type Cluster, ddl, keyspace, real, threeNodes } from "./cluster.ts"
import { insertAll, patient } from "./filled.ts"

const rows = 3_000
const table = `${keyspace}.ranges`
const least = -(2n ** 63n)
const most = 2n ** 63n - 1n

/** How many tokens lie after the start of a range, up to and including its end, around the ring. */
const width = ({ end, start }: TokenRange): bigint => {
  const distance = BigInt.asUintN(64, end - start)
  return distance === 0n ? 2n ** 64n : distance
}

/** A range as one that the server can be asked for, or two where it goes around. */
const spans = ({ end, start }: TokenRange): ReadonlyArray<readonly [after: bigint, to: bigint]> =>
  start < end ? [[start, end]] : [[start, most], [least, end]]

const ringOf = Effect.gen(function*() {
  const session = yield* Session
  const { contactPoints } = yield* CassandraServer
  const { ranges } = (yield* session.ring(keyspace)) ?? assert.fail("no ring")
  assert.equal(ranges.reduce((sum, range) => sum + width(range), 0n), 2n ** 64n)
  assert.deepEqual(
    ranges.map(({ start }) => start).toSorted(),
    ranges.map(({ end }) => end).toSorted(),
    "each range begins where another ends"
  )
  for (const { replicas } of ranges) assert.deepEqual(replicas.toSorted(), contactPoints.toSorted())
  return ranges
})

const scanned = Effect.gen(function*() {
  const [, second] = yield* threeNodes
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
  yield* insertAll(table, rows)
  const ranges = yield* ringOf
  const select = Query.make(`SELECT id FROM ${table} WHERE token(id) > ? AND token(id) <= ?`, {
    ...patient,
    consistency: "QUORUM",
    pageSize: 50
  })
  // The least token belongs to no range of this form, and to no row: the hash of a key is never the least.
  const statements = ranges.flatMap(spans).map(([after, to]) => select(after, to))
  const third = Math.ceil(statements.length / 3)
  const scan = (from: number, to: number) =>
    executeConcurrent(statements.slice(from, to), { concurrency: 2, raiseOnFirstError: false })
  const results = [...yield* scan(0, third)]
  // It goes down during the second third, and comes back during the last.
  const [, during] = yield* Effect.all([second.stop, scan(third, 2 * third)], { concurrency: 2 })
  results.push(...during)
  const ranged = yield* ringOf
  assert.deepEqual(ranged.map(width).toSorted(), ranges.map(width).toSorted(), "a node that is down keeps its ranges")
  const [after] = yield* Effect.all([scan(2 * third, statements.length), Effect.orDie(second.restart)], {
    concurrency: 2
  })
  results.push(...after)
  yield* allUp

  const ids: Array<unknown> = []
  for (const result of results) {
    if (result._tag === "Failure") return yield* result.error
    for (const { id } of result.value) ids.push(id)
  }
  assert.equal(ids.length, rows)
  assert.equal(new Set(ids).size, rows)
  return tallyOf(results)
})

/** Row 32 of what there is to survive. */
export const rings: ReadonlyArray<Fault<Cluster>> = [
  real(
    "a node goes down in a scan by token ranges",
    Effect.onExit(scanned, () => Effect.flatMap(threeNodes, ([, second]) => Effect.orDie(second.restart)))
  )
]
