import { CassandraSession } from "@effect-cql/cassandra"
import type { Session } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { MockSession } from "../../src/index.ts"
import { scenarios } from "./cases/index.ts"
import { observe, type Observed } from "./observe.ts"
import type { Step } from "./scenario.ts"

const keyspace = `conformance_${process.pid}`

/** The answer of the memory session; what it does not support is a defect, and differs from every answer. */
const observeMemory = (session: Session["Service"], step: Step): Effect.Effect<Observed | string> =>
  Effect.map(
    Effect.exit(observe(session, step, keyspace)),
    (exit) => Exit.isSuccess(exit) ? exit.value : Cause.pretty(exit.cause)
  )

const shownStep = ({ batch, text }: Step): string =>
  batch === undefined ? text : `BATCH ${batch.statements.map(([text]) => text).join("; ")}`

integration("a memory session answers as a server does", ({ contactPoints, credentials, localDataCenter }) => {
  const options = {
    contactPoints,
    localDataCenter,
    username: credentials?.username,
    password: credentials?.password
  }
  const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
  const withKeyspace = <A, E>(use: (real: Session["Service"]) => Effect.Effect<A, E>) =>
    Effect.scoped(Effect.gen(function*() {
      const admin = yield* CassandraSession.make(options)
      yield* admin.execute([`DROP KEYSPACE IF EXISTS ${keyspace}`])
      yield* admin.execute([`CREATE KEYSPACE ${keyspace} WITH replication = ${replication}`])
      yield* Effect.addFinalizer(() => Effect.ignore(admin.execute([`DROP KEYSPACE ${keyspace}`])))
      return yield* use(yield* CassandraSession.make({ ...options, keyspace }))
    }))

  describe("with the same rows, order, types, reasons and kinds of messages", () => {
    for (const { feature, steps, tables } of scenarios) {
      it.live(feature, () =>
        withKeyspace((real) =>
          Effect.scoped(Effect.gen(function*() {
            const { session } = yield* MockSession.makeMemory(tables, { keyspace })
            for (const table of tables) yield* real.execute([table])
            for (const step of steps) {
              if (step.wait !== undefined) yield* Effect.sleep(step.wait)
              const [ours, theirs] = [yield* observeMemory(session, step), yield* observe(real, step, keyspace)]
              assert.deepStrictEqual(ours, theirs, shownStep(step))
            }
          }))
        ), 120_000)
    }
  })
})
