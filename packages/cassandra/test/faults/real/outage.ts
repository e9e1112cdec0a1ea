/** Two of three nodes are down: nothing can be written at QUORUM until they are back. */
import { executeConcurrent, Query, RetryPolicy, Settlement } from "@effect-cql/core"
import { Effect, Fiber } from "effect"
import assert from "node:assert/strict"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum } from "../fault.ts"
import { allUp, type Cluster, ddl, keyspace, real, threeNodes, whileStopped } from "./cluster.ts"
import { idsIn } from "./filled.ts"

const table = `${keyspace}.outage`
const count = 200
const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`, { consistency: "QUORUM" })
const conditional = Query.make(`INSERT INTO ${table} (id) VALUES (?) IF NOT EXISTS`, { consistency: "QUORUM" })
const ids = (from: number) => Array.from({ length: count }, (_, index) => from + index)

const uncommitted = Query.make(`INSERT INTO ${table} (id, v) VALUES (?, ?) IF NOT EXISTS`, { consistency: "ALL" })

/**
 * With one node down a round of Paxos comes to its end, but cannot be committed at ALL: the server says that too few
 * replicas are alive, as it does of what it refuses, and the write is decided all the same.
 */
const decided = Effect.gen(function*() {
  const results = yield* executeConcurrent(ids(3 * count).map((id) => uncommitted(id, id)), {
    raiseOnFirstError: false
  })
  for (const result of results) {
    if (result._tag === "Success") return assert.fail("it was committed by two of three")
    assert.equal(result.error.reason._tag, "Unavailable")
    assert.equal(result.outcome, "Unknown")
    assert.equal(result.error.attempts, 1)
  }
  const settlements = yield* Settlement.settle(results)
  for (const { message, outcome } of settlements) assert.equal(outcome, "Applied", message)
  return { results, settled: settlements.length }
})

/** Waits for an outage to be over, for minutes if it must. */
const patience = RetryPolicy.make({
  schedule: RetryPolicy.backoff({ times: 999, initial: "100 millis", max: "1 second" }),
  budget: { minimum: 1_000_000, share: 1 }
})

const outage = Effect.gen(function*() {
  const [, second, third] = yield* threeNodes
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, v int)`)
  const down = Effect.gen(function*() {
    const options = { raiseOnFirstError: false, statement: { retry: "none" } } as const
    const plain = yield* executeConcurrent(ids(0).map((id) => insert(id)), options)
    const conditions = yield* executeConcurrent(ids(count).map((id) => conditional(id)), options)
    const refused = [...plain, ...conditions]
    for (const result of refused) {
      assert.equal(result.outcome, "NotApplied")
      if (result._tag === "Success") return assert.fail("it was applied by one of three")
      const { reason } = result.error
      if (reason._tag !== "Unavailable") return assert.fail(result.error)
      assert.deepEqual({ required: reason.required, alive: reason.alive }, { required: 2, alive: 1 })
    }
    const waiting = yield* Effect.forkChild(
      executeConcurrent(ids(2 * count).map((id) => insert(id)), { statement: { retry: patience } }),
      { startImmediately: true }
    )
    yield* Effect.sleep("2 seconds")
    assert.equal(waiting.pollUnsafe(), undefined)
    return { plain, conditions, waiting }
  })
  const { conditions, plain, undecided, waiting } = yield* whileStopped(
    third,
    Effect.flatMap(
      decided,
      (undecided) => Effect.map(whileStopped(second, down), (refused) => ({ ...refused, undecided }))
    )
  )
  const resumed = yield* Fiber.join(waiting)
  yield* allUp
  const found = yield* idsIn(table)
  const auditOf = (results: typeof plain, from: number) =>
    audit(count, accountOf(results), { effects: (index) => found.get(from + index) ?? 0, repeatable: true })
  assert(resumed.every(({ outcome }) => outcome === "Applied"))
  const { results, settled } = undecided
  return sum([
    auditOf(plain, 0),
    auditOf(conditions, count),
    auditOf(resumed, 2 * count),
    { ...auditOf(results, 3 * count), settled }
  ])
})

/** Row 22 of what there is to survive. */
export const outages: ReadonlyArray<Fault<Cluster>> = [
  real("two of three nodes are down, and come back", outage)
]
