/** Tables that change, or are dropped, while a run writes to them. */
import {
  executeConcurrent,
  type ExecutionResult,
  Limiter,
  Query,
  type Reason,
  Settlement,
  Statement
} from "@effect-cql/core"
import { Effect, Fiber } from "effect"
import assert from "node:assert/strict"
import { accountOf, audit } from "../audit.ts"
import { type Fault, tallyOf } from "../fault.ts"
import { type Cluster, ddl, keyspace, real } from "./cluster.ts"
import { idsIn, patient } from "./filled.ts"

type Results = ReadonlyArray<ExecutionResult.ExecutionResult<unknown>>

const count = 900
const options = { raiseOnFirstError: false, concurrency: 16, statement: { consistency: "QUORUM" } } as const

/** Runs a change of the schema when a third of a run is through. */
const changing = <A, E, R>(run: (limiter: Limiter.Limiter) => Effect.Effect<A, E, R>, change: string) =>
  Effect.gen(function*() {
    const running = yield* Effect.forkChild(run(yield* Limiter.rate({ statements: 150, per: "1 second" })))
    yield* Effect.sleep("2 seconds")
    yield* Effect.orDie(ddl(change))
    return yield* Fiber.join(running)
  })

/** The reasons of failures, each once. */
const reasonsOf = (results: Results): ReadonlySet<Reason.Reason["_tag"]> =>
  new Set(results.flatMap((result) => result._tag === "Failure" ? [result.error.reason._tag] : []))

/** Tags of the errors while one node after the other drops a table. */
const whileDropped: ReadonlySet<string> = new Set(["InvalidQuery", "ServerError", "WriteFailure", "WriteTimeout"])

const added = Effect.gen(function*() {
  const table = `${keyspace}.added`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, v int)`)
  const insert = Query.make(`INSERT INTO ${table} (id, v) VALUES (?, ?)`)
  // Every column there is: rows with the new one must not be read by the old list of columns.
  const select = Query.make(`SELECT * FROM ${table} WHERE id = ?`)
  yield* insert(-1, -1)
  const statements = Array.from({ length: count }, (_, index) => index % 2 === 0 ? insert(index, index) : select(-1))
  const results = yield* changing(
    (limiter) => executeConcurrent(statements, { ...options, limiter }),
    `ALTER TABLE ${table} ADD a int`
  )
  // Replicas that have not heard of the column cannot be asked for it, for as long as that takes: these reads fail with a
  // reason and without harm, and no write does.
  for (const result of results) {
    if (result._tag === "Success") continue
    assert.equal(result.error.reason._tag, "ReadFailure", result.error.message)
    assert(result.index % 2 === 1 && result.index < count * 0.8, `${result.index}: ${result.error.message}`)
  }
  const rows = results.flatMap((result) => result._tag === "Success" ? result.value.rows : [])
  for (const row of rows) assert.deepEqual({ a: null, ...row }, { id: -1, v: -1, a: null })
  assert(rows.some((row) => "a" in row), "no row was read after the change")
  const found = yield* idsIn(table)
  // A read has an effect of its own: its rows.
  return audit(count, accountOf(results), {
    effects: (index) => index % 2 === 1 ? Number(results[index]!.success) : found.get(index) ?? 0,
    repeatable: true
  })
})

const removed = Effect.gen(function*() {
  const table = `${keyspace}.removed`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, v int, w int)`)
  const insert = Query.make(`INSERT INTO ${table} (id, v, w) VALUES (?, ?, ?)`)
  // Without a value: replicas cannot hand on rows that still hold one of a dropped column, until they have written them out.
  const statements = Array.from({ length: count }, (_, index) => insert(index, index, Statement.unset))
  const end = yield* Effect.flip(changing(
    (limiter) => executeConcurrent(statements, { ...options, limiter, errorBudget: { failures: 20 } }),
    `ALTER TABLE ${table} DROP w`
  ))
  assert.equal(end.reason._tag, "InvalidQuery")
  assert(end.startedCount < count, "the budget has not stopped the run")
  const notStarted = [...end.notStarted(statements)].length
  assert.equal(notStarted, count - end.startedCount)
  const found = yield* idsIn(table)
  const reported = new Map(accountOf(end.results))
  for (let index = end.startedCount; index < count; index++) reported.set(index, "NotApplied")
  const settlements = yield* Settlement.settle(end.results)
  const settled = settlements.filter(({ isCertain }) => isCertain).length
  return audit(count, reported, { effects: (index) => found.get(index) ?? 0, repeatable: true }, { settled })
})

const dropped = Effect.gen(function*() {
  const table = `${keyspace}.dropped`
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
  const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`)
  const statements = Array.from({ length: 10 * count }, (_, index) => insert(index))
  // More than fails while the nodes do not agree yet.
  const end = yield* Effect.flip(changing(
    (limiter) => executeConcurrent(statements, { ...options, limiter, errorBudget: { failures: 2 * count } }),
    `DROP TABLE ${table}`
  ))
  assert.equal(end.reason._tag, "InvalidQuery")
  assert(end.startedCount < statements.length, "the budget has not stopped the run")
  const notStarted = [...end.notStarted(statements)].length
  assert.equal(notStarted, statements.length - end.startedCount)
  assert.equal(end.results.length, end.startedCount)
  assert.deepEqual([...reasonsOf(end.results)].filter((tag) => !whileDropped.has(tag)), [])
  for (const result of end.results) {
    if (result._tag === "Failure" && result.error.reason._tag === "InvalidQuery" && result.error.attempts === 1) {
      assert.equal(result.outcome, "NotApplied")
    }
  }
  // What was applied went with the table: there is nothing left to hold it against.
  assert.equal((yield* Effect.flip(Statement.make(`SELECT id FROM ${table}`, [], patient))).reason._tag, "InvalidQuery")
  return tallyOf(end.results, { notStarted })
})

/** Row 19 of what there is to survive. */
export const schemaChanges: ReadonlyArray<Fault<Cluster>> = [
  real("a column is added in the middle of a run", added),
  real("a column is dropped in the middle of a run", removed),
  real("the table is dropped in the middle of a run", dropped)
]
