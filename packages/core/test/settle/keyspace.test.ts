import {
  Batch,
  CqlError,
  executeConcurrent,
  ExecutionResult,
  Reason,
  Session,
  Settlement,
  Statement
} from "@effect-cql/core"
import type { Port } from "@effect-cql/core/Port"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const columns = [
  { column_name: "id", kind: "partition_key", type: "int" },
  { column_name: "a", kind: "regular", type: "int" }
]

/** A database that loses its answers to writes, and has no row. */
const sessionOf = (port: { keyspace: string | undefined; readonly reads: Array<string> }) => {
  const lost = new Reason.WriteTimeout({
    message: "0 of 2 replicas accepted",
    consistency: "SERIAL",
    received: 0,
    blockFor: 2,
    writeType: "CAS"
  })
  const execute: Port["execute"] = (request) => {
    const text = request._tag === "Statement" ? request.text : "batch"
    if (!text.startsWith("SELECT")) return Effect.fail(new CqlError({ reason: lost, query: text }))
    if (/system_schema\.columns/.test(text)) return Effect.succeed({ rows: columns })
    if (/system_schema\.tables/.test(text)) return Effect.succeed({ rows: [{ default_time_to_live: 0 }] })
    port.reads.push(text)
    return Effect.succeed({ rows: [] })
  }
  return Session.make({
    execute,
    defaults: { retry: "none" },
    get keyspace() {
      return port.keyspace
    }
  })
}

const insert = Statement.make("INSERT INTO t (id, a) VALUES (?, ?) IF NOT EXISTS", [1, 2])
const writes = [insert, Statement.make("INSERT INTO t (id, a) VALUES (3, 4)"), Batch.make([insert])]

const unsettledIn = (session: Session["Service"]) =>
  Effect.map(
    executeConcurrent(writes, { raiseOnFirstError: false }).pipe(Effect.provideService(Session, session)),
    (results) => results.filter(ExecutionResult.isFailure)
  )

describe("a write to an unqualified table", () => {
  it.effect("is read from the keyspace in which it was executed, whichever session settles it", () =>
    Effect.gen(function*() {
      const session = yield* sessionOf({ keyspace: "shop", reads: [] })
      const results = yield* unsettledIn(session)
      assert.lengthOf(results, writes.length)
      for (const keyspace of ["other", undefined]) {
        const reads: Array<string> = []
        const another = yield* sessionOf({ keyspace, reads })
        yield* Settlement.settle(results).pipe(Effect.provideService(Session, another))
        assert.lengthOf(reads, writes.length)
        for (const text of reads) assert.include(text, `FROM "shop"."t"`)
      }
    }).pipe(Effect.scoped))

  it.effect("is read from there also where the keyspace of its session has changed since", () =>
    Effect.gen(function*() {
      const port = { keyspace: "shop", reads: new Array<string>() }
      const session = yield* sessionOf(port)
      const results = yield* unsettledIn(session)
      port.keyspace = "other"
      assert.strictEqual(session.keyspace, "other")
      yield* Settlement.settle(results).pipe(Effect.provideService(Session, session))
      assert.lengthOf(port.reads, writes.length)
      for (const text of port.reads) assert.include(text, `FROM "shop"."t"`)
    }).pipe(Effect.scoped))
})
