/** The warnings of a server about many statements: few lines, whatever their number. */
import { Batch, Query, runConcurrent } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Logger } from "effect"

const keyspace = ownName("warnings")
const insert = Query.make(`INSERT INTO ${keyspace}.users (id) VALUES (?)`)

// The server warns about batches over more than ten partitions.
const partitions = 11

integration("warnings", () => {
  layer(withKeyspace(keyspace, `CREATE TABLE ${keyspace}.users (id int PRIMARY KEY)`), {
    excludeTestServices: true
  })((it) => {
    it.effect(
      "50,000 unlogged batches over many partitions log at most ten lines, and the summary counts them",
      () =>
        Effect.gen(function*() {
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
