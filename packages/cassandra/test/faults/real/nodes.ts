/** The acknowledged writes in their long forms: one fault a kind of failure. */
import { RetryPolicy, Session, Statement } from "@effect-cql/core"
import { Effect, Fiber, Stream } from "effect"
import assert from "node:assert/strict"
import type { Fault } from "../fault.ts"
import { acknowledged } from "./acknowledged.ts"
import { type Cluster, ddl, keyspace, real, threeNodes } from "./cluster.ts"
import { insertAll } from "./filled.ts"
import { killed, paused, restarted, steady } from "./phases.ts"

const rate = 300

const kills = Effect.gen(function*() {
  const [first, , third] = yield* threeNodes
  const { phases, tally } = yield* acknowledged({
    run: "killed",
    rate,
    isShared: true,
    phases: [
      steady("2 seconds"),
      killed(third, "4 seconds"),
      steady("2 seconds"),
      killed(first, "1 second"),
      steady("2 seconds")
    ]
  })
  assert(phases.some(({ retried }) => retried > 0), "no write was sent again: the kills had no effect")
  return tally
})

const hang = Effect.gen(function*() {
  const [, second] = yield* threeNodes
  const { phases, tally } = yield* acknowledged({
    run: "hung",
    rate,
    phases: [steady("5 seconds"), paused(second, "20 seconds"), steady("3 seconds"), steady("5 seconds")]
  })
  const [, during, , after] = phases
  // The timeout of a request: what was sent to the node that hangs has waited for it in full.
  assert(during!.latencies.quantile(1) >= 3_000, "no write has waited for the node that hung")
  assert(during!.tally.applied > during!.tally.statements * 0.5, "two of three nodes were not enough")
  assert(after!.tally.applied > after!.tally.statements * 0.95, "it has not recovered")
  assert(after!.latencies.quantile(0.99) < during!.latencies.quantile(1), "it is as slow as before")
  return tally
})

const rows = 10_000
const pageSize = 250

/** Reads a whole table page by page, slowly, and holds every row against what was written. */
const scan = Effect.fnUntraced(function*(table: string) {
  const session = yield* Session
  const retry = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 39, initial: "100 millis", max: "1 second" }),
    budget: { minimum: 1_000, share: 1 }
  })
  const seen = new Set<unknown>()
  const all = Statement.make(`SELECT id FROM ${table}`, [], { consistency: "QUORUM", pageSize, retry })
  yield* session.stream(all).pipe(Stream.runForEach(({ id }) => {
    assert(!seen.has(id), `${id} comes twice`)
    seen.add(id)
    return seen.size % pageSize === 0 ? Effect.sleep("200 millis") : Effect.void
  }))
  assert.equal(seen.size, rows)
})

const rolling = Effect.gen(function*() {
  const nodes = yield* threeNodes
  const table = `${keyspace}.scanned`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
  yield* insertAll(table, rows)
  let isOver = false
  // Until the nodes are through; the last scan is read to its end.
  const scans = yield* Effect.forkChild(Effect.repeat(scan(table), { until: () => isOver }))
  const { tally } = yield* acknowledged({
    run: "rolling",
    rate,
    phases: [steady("2 seconds"), restarted(nodes), steady("2 seconds")]
  })
  isOver = true
  yield* Fiber.join(scans)
  return tally
})

/** Rows 20, 21 and 23 of what there is to survive. */
export const nodeFaults: ReadonlyArray<Fault<Cluster>> = [
  real("nodes are killed and restarted during writes", kills),
  real("a node hangs for 20 seconds during writes", hang),
  real("a rolling restart during writes and a scan", rolling)
]
