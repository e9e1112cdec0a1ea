/** Batches that are too large, and what the server warns of. */
import { Batch, executeConcurrent, Query, Statement } from "@effect-cql/core"
import { Effect } from "effect"
import assert from "node:assert/strict"
import { type Fault, sum, type Tally, tally } from "../fault.ts"
import { type Cluster, ddl, keyspace, real } from "./cluster.ts"
import { idsIn } from "./filled.ts"

const kibibyte = 1_024

/** Batches over many partitions, of about so many bytes each. */
const batches = Effect.fnUntraced(function*(table: string, sizes: ReadonlyArray<number>) {
  const children = 10
  yield* ddl(`CREATE TABLE ${table} (id int PRIMARY KEY, v blob)`)
  const insert = Query.make(`INSERT INTO ${table} (id, v) VALUES (?, ?)`)
  const statements = sizes.map((bytes, batch) =>
    Batch.make(
      Array.from(
        { length: children },
        (_, child) => insert(batch * children + child, new Uint8Array(bytes / children))
      ),
      { type: batch % 2 === 0 ? "logged" : "unlogged", consistency: "QUORUM" }
    )
  )
  const results = yield* executeConcurrent(statements, { raiseOnFirstError: false })
  const found = yield* idsIn(table)
  // Each child shares the fate of its batch.
  const tallyOf = (batch: number): Tally => {
    const { outcome } = results[batch]!
    const there = Array.from({ length: children }, (_, child) => found.has(batch * children + child))
      .filter((isThere) => isThere).length
    assert(outcome === "Applied" || outcome === "NotApplied")
    return outcome === "Applied"
      ? tally({ statements: children, applied: children, lost: children - there })
      : tally({ statements: children, notApplied: children, unsafeDuplicates: there })
  }
  return { results, tally: sum(results.map((_, batch) => tallyOf(batch))) }
})

const tooLarge = Effect.gen(function*() {
  const sizes = [1, 60, 2, 55, 3, 200].map((size) => size * kibibyte)
  const { results, tally } = yield* batches(`${keyspace}.too_large`, sizes)
  for (const [batch, size] of sizes.entries()) {
    const result = results[batch]!
    if (size < 50 * kibibyte) assert.equal(result._tag, "Success")
    else if (result._tag === "Success") assert.fail(`${size} bytes were not too many`)
    else {
      const { attempts, reason } = result.error
      assert.deepEqual({ tag: reason._tag, attempts }, { tag: "InvalidQuery", attempts: 1 })
      assert.match(reason.message, /batch too large/i)
    }
  }
  return tally
})

const largeBatch = Effect.gen(function*() {
  const sizes = [1, 2, 20, 3, 30].map((size) => size * kibibyte)
  const { results, tally } = yield* batches(`${keyspace}.large`, sizes)
  for (const [batch, size] of sizes.entries()) {
    const result = results[batch]!
    if (result._tag === "Failure") return yield* result.error
    const warnings = result.value.info.warnings ?? []
    const ofSize = warnings.filter((warning) => /batch.* exceeding/i.test(warning))
    assert.equal(ofSize.length, size > 5 * kibibyte ? 1 : 0, `${size} bytes: ${warnings.join("; ")}`)
  }
  return tally
})

/** Number of tombstones that triggers a warning of the server. By default, it warns from 1,000 on. */
const graves = 1_500
const alive = 300

const tombstones = Effect.gen(function*() {
  const table = `${keyspace}.graves`
  yield* ddl(`CREATE TABLE ${table} (p int, c int, PRIMARY KEY (p, c))`)
  const insert = Query.make(`INSERT INTO ${table} (p, c) VALUES (0, ?)`, { consistency: "ALL" })
  const remove = Query.make(`DELETE FROM ${table} WHERE p = 0 AND c = ?`, { consistency: "ALL" })
  yield* executeConcurrent(Array.from({ length: alive }, (_, c) => insert(graves + c)))
  yield* executeConcurrent(Array.from({ length: graves }, (_, c) => remove(c)))
  const { info, rows } = yield* Statement.make(`SELECT c FROM ${table} WHERE p = 0`, [], { consistency: "QUORUM" })
  assert.equal(rows.length, alive)
  const warnings = info.warnings ?? []
  assert(warnings.some((warning) => /tombstone/.test(warning)), warnings.join("; "))
  return tally({ statements: 1, applied: 1 })
})

/** Rows 27 and 28 of what there is to survive. */
export const batchFaults: ReadonlyArray<Fault<Cluster>> = [
  real("batches over 50 KiB", tooLarge),
  real("the server warns of large batches", largeBatch),
  real("the server warns of tombstones", tombstones)
]
