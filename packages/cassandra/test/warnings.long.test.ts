/** The warnings of a server about many statements: few lines, whatever their number. */
import { Batch, Query, runConcurrent, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import { optionsOf, ownName } from "@effect-cql/test-support/session"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("warnings")
const insert = Query.make(`INSERT INTO ${keyspace}.users (id) VALUES (?)`)

// The server warns about batches over more than ten partitions.
const partitions = 11

describe("warnings of a server", () => {
  const SessionLive = Layer.unwrap(
    Effect.map(CassandraServer.CassandraServer, (server) => CassandraSession.layer(optionsOf(server)))
  ).pipe(Layer.provide(CassandraServer.layer({ startTimeout: "5 minutes" })))

  layer(SessionLive, { excludeTestServices: true, timeout: 330_000 })((it) => {
    it.effect(
      "50,000 unlogged batches over many partitions log at most ten lines, and the summary counts them",
      () =>
        Effect.gen(function*() {
          yield* Statement.make(
            `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
          )
          yield* Effect.addFinalizer(() => Effect.ignore(Statement.make(`DROP KEYSPACE ${keyspace}`)))
          yield* Statement.make(`CREATE TABLE ${keyspace}.users (id int PRIMARY KEY)`)
          const lines: Array<string> = []
          const logger = Logger.make(({ message }) => {
            lines.push(String(message))
          })
          const members = Array.from({ length: partitions }, (_, id) => insert(id))
          const batches = Array.from({ length: 50_000 }, () => Batch.make(members, { type: "unlogged" }))
          const { succeeded } = yield* Effect.provide(
            runConcurrent(batches, { concurrency: 32, raiseOnFirstError: false }),
            Logger.layer([logger])
          )
          assert.strictEqual(succeeded, batches.length)
          assert.isAtMost(lines.length, 10)
          assert.include(lines.at(-1), "50000 warnings")
        }),
      600_000
    )
  })
})
