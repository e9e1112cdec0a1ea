/** The statements for cqlsh of the guide "Beyond one machine", on the tables of a cluster that has run a job. */
import { CqlCluster, JobRunner, TableJob } from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { freePort } from "@effect-cql/test-support/ports"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schedule, Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const keyspace = ownName("guide")
const lanes = 4

const guide = readFileSync(join(import.meta.dirname, "../../../docs/guides/beyond-one-machine.md"), "utf8")

/** The statements of the guide, in this keyspace. */
const statements = [...guide.matchAll(/^```sql\n([^]*?)^```/gm)].flatMap(([, block = ""]) =>
  block.split("\n").filter((line) => line !== "").map((line) => line.replaceAll("app.", `${keyspace}.`))
)

class User extends Table.Class<User>("User")(`${keyspace}.users`, {
  columns: { id: CqlSchema.Int, name: Schema.String },
  partitionKey: "id"
}) {}

const CountUsers = TableJob.make("CountUsers", {
  version: "1",
  table: User,
  rows: (users, { reject }) =>
    Effect.forEach(
      users.filter(({ id }) => id === 2),
      ({ id }) => reject({ position: `user ${id}`, error: new Error("the user has no address") })
    )
})

const Cluster = Layer.unwrap(
  Effect.map(
    freePort,
    (port) => NodeCqlCluster.layer({ keyspace, shards: lanes, address: { host: "127.0.0.1", port } })
  )
)
const Runner = CountUsers.layer.pipe(
  Layer.provideMerge(JobRunner.layerLocal({ keyspace, lanes, interval: "200 millis" })),
  Layer.provideMerge(Cluster),
  Layer.provideMerge(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace), ...Table.ddl(User)))
)

/** The time of the job in the guide. */
const time = "1764345600000000"

/** The rows of a statement of the guide, about a job of another time. */
const rowsOf = (part: string, timestamp: unknown = time) =>
  Effect.map(
    Statement.make(statements.find((text) => text.includes(part))?.replaceAll(time, String(timestamp)) ?? ""),
    ({ rows }) => rows
  )

integration("The statements of the guide", () => {
  layer(Runner, { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect(
      "show the owners of shards, and the progress and the rejects of a job",
      () =>
        Effect.gen(function*() {
          yield* executeConcurrentWithArgs(User.insert, [1, 2, 3].map((id) => ({ id, name: `user ${id}` })))
          const job = yield* CountUsers.start({ id: "count-users-1" })
          yield* job.await
          yield* Effect.repeat(rowsOf("cluster_locks"), {
            schedule: Schedule.spaced("200 millis"),
            until: (rows) => rows.length === lanes
          }).pipe(Effect.timeout("60 seconds"))

          assert.isAtLeast(statements.length, 8)
          for (const text of statements) assert.isArray((yield* Statement.make(text)).rows)
          for (const { owner } of yield* rowsOf("cluster_locks")) assert.match(String(owner), /^127\.0\.0\.1:\d+ /)
          assert.strictEqual((yield* rowsOf("cluster_runners")).length, 1)
          const [stored] = yield* rowsOf("cluster_jobs")
          assert.deepInclude(stored, { job: "count-users-1", name: "CountUsers", state: "done", lanes })
          const progress = yield* rowsOf("entry = 'progress'", stored?.["timestamp"])
          const counted = progress.map(({ body }) => JSON.parse(String(body)) as { readonly rows: number })
          assert.strictEqual(counted.reduce((sum, { rows }) => sum + rows, 0), 3)
          const lane = yield* rowsOf("SELECT entry, body, epoch", stored?.["timestamp"])
          assert.isAtLeast(lane.length, 5)
          assert.isTrue(lane.every(({ epoch, owner }) => Number(epoch) > 0 && typeof owner === "string"))
          const [reject] = yield* rowsOf("cluster_rejects", stored?.["timestamp"])
          assert.deepInclude(reject, { position: "user 2" })
          assert.include(String(reject?.["error"]), "the user has no address")
        }),
      120_000
    )
  })
})
