/**
 * Makes one statement fail the way a row of the table of outcomes says, alone and in the middle of a run.
 */
import { type CqlError, executeConcurrent, type ExecutionResult, RetryPolicy, type Statement } from "@effect-cql/core"
import { Session } from "@effect-cql/core"
import type { Cluster, Then } from "@effect-cql/test-server/Simulacron"
import { Effect } from "effect"
import assert from "node:assert/strict"
import type { FrameProxy } from "./frameProxy.ts"
import { type Frame, opcode } from "./frames.ts"
import { fieldsOf, outcomeOf, type Row } from "./outcomeTable.ts"
import { batchTypeOf, type Kind, subject, textOf } from "./subjects.ts"

/** Which statement fails, and of how many. */
export const failing = 5
export const size = 8

/** Where it is done: a cluster of one node, a session to it, and a proxy in between for what the cluster cannot say. */
export interface Bench {
  readonly cluster: Cluster
  readonly proxy: FrameProxy
  readonly session: Session["Service"]
}

const params = { id: "int" }
const empty: Then = { result: "success", rows: [], column_types: {} }
const held: Then = { result: "success", rows: [{ "[applied]": true }], column_types: { "[applied]": "boolean" } }

/** A connection that ends takes some time to be there again, for which the other statements wait. */
const patient: Statement.Options = {
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 299, max: 100 }),
    budget: { minimum: 1_000, share: 1 }
  }),
  idempotent: true
}

/** The failing value as the protocol has it: four bytes of an int. */
const marker = Buffer.from([0, 0, 0, 4, 0, 0, 0, failing])

const isFailing = (request: Frame): boolean =>
  (request.opcode === opcode.execute || request.opcode === opcode.batch) && request.body.includes(marker)

/** Instructs the cluster, or the proxy, to fail that one statement on a table, and the others to succeed. */
const prepare = Effect.fnUntraced(function*({ cluster, proxy, session }: Bench, row: Row, kind: Kind, table: string) {
  const query = textOf(kind, table)
  proxy.decide(() => "forward")
  yield* cluster.prime({ query, params }, kind === "conditional" ? held : empty)
  // Prepared before, for what never answers does not answer that either.
  yield* session.execute(subject(kind, table, 99, patient))
  // A cluster that is primed to close a connection also closes it, and every later one, at the PREPARE.
  if (row.then?.result === "close_connection") {
    proxy.decide((request) => isFailing(request) ? { inParts: () => [], thenClose: true } : "forward")
    return
  }
  if (row.then !== undefined) {
    const one = { query, params, values: { id: failing } }
    const other = { query, params, values: { id: failing + 1_000 } }
    yield* cluster.prime(batchTypeOf(kind) === undefined ? one : { batch: [one, other] }, row.then, 0)
    return
  }
  const { body } = row
  assert(body !== undefined, `no server can answer ${row.name}`)
  proxy.decide((request) => isFailing(request) ? { error: body, executed: false } : "forward")
})

/** Where the answer is that none comes, it is not waited for long. */
const onceOf = ({ reason }: Row): Statement.Options => ({
  retry: "none",
  idempotent: false,
  requestTimeout: reason._tag === "RequestTimeout" ? reason.timeout : "30 seconds"
})

/** Checks an error against its row. */
export const check = (error: CqlError, row: Row, kind: Kind): void => {
  const name = `${row.name} of a ${kind}`
  assert.deepEqual(fieldsOf(error.reason), fieldsOf(row.reason), name)
  assert.equal(error.outcome, outcomeOf(row, kind), name)
  assert.equal(error.attempts, 1, name)
}

/** The statement alone fails as its row says. */
export const alone = Effect.fnUntraced(function*(bench: Bench, row: Row, kind: Kind, table: string) {
  yield* prepare(bench, row, kind, table)
  const error = yield* Effect.flip(bench.session.execute(subject(kind, table, failing, onceOf(row))))
  check(error, row, kind)
})

/** In the middle of a run it alone fails as its row says, and the results stand in order. */
export const amongOthers = Effect.fnUntraced(function*(
  bench: Bench,
  row: Row,
  kind: Kind,
  table: string
): Effect.fn.Return<ReadonlyArray<ExecutionResult.ExecutionResult<unknown>>, CqlError> {
  yield* prepare(bench, row, kind, table)
  const statements = Array.from(
    { length: size },
    (_, index) => subject(kind, table, index, index === failing ? onceOf(row) : patient)
  )
  // Beside a connection that ends others would end as well.
  const concurrency = row.reason._tag === "ConnectionClosed" ? 1 : 4
  const run = executeConcurrent(statements, { concurrency, raiseOnFirstError: false })
  const results = yield* Effect.provideService(run, Session, bench.session)
  const name = `${row.name} of a ${kind}`
  assert.deepEqual(results.map(({ index }) => index), statements.map((_, index) => index), name)
  assert.deepEqual(results.filter(({ success }) => !success).map(({ index }) => index), [failing], name)
  const failed = results[failing]
  assert(failed?._tag === "Failure")
  assert.equal(failed.statement, statements[failing], name)
  check(failed.error, row, kind)
  return results
})
