/** A page that cannot be fetched in the middle of a result, for no node answers. */
import { type CqlError, executeConcurrent, type PageState, Query, Session, Statement } from "@effect-cql/core"
import { Effect, Stream } from "effect"
import assert from "node:assert/strict"
import { type Fault, tally } from "../fault.ts"
import { type Cluster, ddl, keyspace, pauseAll, real, threeNodes, whilePaused } from "./cluster.ts"
import { patient } from "./filled.ts"

const rows = 1_000
const pageSize = 90
const table = `${keyspace}.pages`

const all = Statement.make(`SELECT c FROM ${table} WHERE p = 0`, [], { consistency: "QUORUM", pageSize })
const impatient = Statement.withOptions(all, { requestTimeout: "500 millis", retry: "none" })
const expected = Array.from({ length: rows }, (_, c) => c)
const numbers = (result: Iterable<Record<string, unknown>>) => Array.from(result, ({ c }) => Number(c))

const fill = Effect.gen(function*() {
  yield* ddl(`CREATE TABLE ${table} (p int, c int, PRIMARY KEY (p, c))`)
  const insert = Query.make(`INSERT INTO ${table} (p, c) VALUES (0, ?)`)
  yield* executeConcurrent(expected.map((c) => insert(c)), { statement: patient })
})

/** The page state of a failed page. Its error reports `NotApplied`. */
const stateOf = (error: CqlError): PageState => {
  assert.equal(error.reason._tag, "RequestTimeout")
  assert.equal(error.outcome, "NotApplied")
  return error.pageState ?? assert.fail("the error has no page state")
}

/** The rows from a page on, by a session and its patience. */
const from = (state: PageState | undefined) =>
  Effect.gen(function*() {
    const session = yield* Session
    const rest: Array<number> = []
    let next = state
    do {
      const page = yield* session.executePage(Statement.withOptions(all, patient), next)
      rest.push(...numbers(page.result))
      next = page.pageState
    } while (next !== undefined)
    return rest
  })

const pages = Effect.gen(function*() {
  const nodes = yield* threeNodes
  const session = yield* Session
  yield* fill

  // Page by page, at several places of the result.
  for (const failing of [1, 4, 10]) {
    const before: Array<number> = []
    let state: PageState | undefined
    for (let page = 0; page < failing; page++) {
      const got = yield* session.executePage(Statement.withOptions(all, patient), state)
      before.push(...numbers(got.result))
      state = got.pageState
    }
    const error = yield* whilePaused(nodes, Effect.flip(session.executePage(impatient, state)))
    assert.deepEqual([...before, ...yield* from(stateOf(error))], expected)
  }

  // A stream hands over what came before the page that failed.
  const seen: Array<number> = []
  const error = yield* Effect.scoped(Effect.gen(function*() {
    let isPaused = false
    const pause = Effect.suspend(() => {
      isPaused = true
      return Effect.acquireRelease(
        pauseAll(nodes),
        () => Effect.forEach(nodes, ({ resume }) => resume)
      )
    })
    return yield* session.stream(impatient).pipe(
      Stream.runForEach(({ c }) => {
        seen.push(Number(c))
        return seen.length === 3 * pageSize && !isPaused ? pause : Effect.void
      }),
      Effect.flip
    )
  }))
  assert.deepEqual([...seen, ...yield* from(stateOf(error))], expected)
  return tally({ statements: 4, notApplied: 4 })
})

/** Row 31 of what there is to survive. */
export const paging: ReadonlyArray<Fault<Cluster>> = [
  real("a page fails in the middle of a result", pages)
]
