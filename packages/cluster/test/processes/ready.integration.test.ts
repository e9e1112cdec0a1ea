/** Ready jobs in two processes. One is killed while both work, and each row is written and counted once. */
import { CqlCluster, type Job, Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { assertSameCells, cellsNow, fill } from "../support/ready.ts"
import { start } from "./child.ts"
import { jobsOf, runnerOptions, type Settings } from "./readyJobs.ts"

const keyspace = ownName("ready_processes")
const { Copied, Counted, Item, ddl } = jobsOf(keyspace)
const items = 240
const partitions = 16

const live = Layer.provideMerge(
  Jobs.layer(runnerOptions(keyspace)),
  withKeyspace(keyspace, ...CqlCluster.ddl(keyspace), ...ddl)
)

const rowsOf = (text: string) =>
  Effect.map(
    Statement.make(text.replace("FROM ", `FROM ${keyspace}.`), [], { consistency: "LOCAL_QUORUM" }),
    ({ rows }) => rows
  )

/** The process of each lane of a job. */
const ownersOf = ({ id }: Job.Handle) =>
  Effect.map(
    rowsOf("SELECT DISTINCT cluster, name, lane, owner FROM cluster_lanes"),
    (rows) =>
      new Map(rows.flatMap(({ lane, name, owner }) =>
        String(name).startsWith(`job/${id}/`) && Number(lane) >= 0
          ? [[Number(lane), String(owner).split(" ")[0] ?? ""] as const]
          : []
      ))
  )

const processesOf = (owners: ReadonlyMap<number, string>) => new Set(owners.values())

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, isSo: (value: A) => boolean) =>
  Effect.repeat(effect, { schedule: Schedule.spaced("50 millis"), until: isSo }).pipe(Effect.timeout("60 seconds"))

integration("Ready jobs in two processes", () => {
  layer(live, { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect(
      "copy and change each row once, although one of them is killed midway",
      () =>
        Effect.gen(function*() {
          const { contactPoints, localDataCenter } = yield* CassandraServer
          const settings: Settings = { keyspace, contactPoints, localDataCenter }
          const ids = Array.from({ length: items }, (_, id) => id)
          yield* fill(keyspace, partitions)
          yield* executeConcurrentWithArgs(
            Item.insert,
            ids.map((id) => ({ id, count: id * 10, name: `item ${id}` })),
            { statement: { timestamp: 1n } }
          )
          const jobs = [yield* Copied.start({ id: "copied" }), yield* Counted.start({ id: "counted" })]

          const victim = yield* start("readyMain.ts", settings)
          for (const job of jobs) yield* until(job.progress, ({ rows }) => rows > 0)
          const other = yield* start("readyMain.ts", settings)
          for (const job of jobs) yield* until(ownersOf(job), (owners) => processesOf(owners).size > 1)
          const before = yield* Effect.forEach(jobs, ownersOf)
          yield* victim.kill
          assert.isTrue((yield* Effect.forEach(jobs, (job) => job.progress)).every(({ state }) => state === "running"))
          for (const job of jobs) yield* job.setLimits({ rate: "unbounded" })
          const [copied, counted] = yield* Effect.forEach(jobs, (job) => Effect.timeout(job.await, "60 seconds"))
          yield* other.kill

          for (const [at, job] of jobs.entries()) {
            const after = yield* ownersOf(job)
            const taken = [...after].filter(([lane, owner]) => owner !== before[at]?.get(lane))
            assert.isAbove(taken.length, 0, "lanes of the process that was killed have another owner")
          }
          const source = yield* rowsOf("SELECT k, c FROM source")
          assert.deepInclude(copied, { state: "done", rows: source.length, rejected: 0, failed: 0 })
          assert.strictEqual(copied?.done, copied?.units)
          assertSameCells(yield* cellsNow(`${keyspace}.source`), yield* cellsNow(`${keyspace}.target`))

          assert.deepInclude(counted, { state: "done", rows: items, rejected: 0, failed: 0 })
          assert.strictEqual(counted?.done, counted?.units)
          const changed = yield* rowsOf("SELECT id, count, name, writetime(name) AS at FROM items")
          assert.deepStrictEqual(
            changed.toSorted((a, b) => Number(a["id"]) - Number(b["id"])),
            ids.map((id) => ({ id, count: id * 10 + 1, name: `item ${id}`, at: 1n }))
          )
        }).pipe(Effect.scoped),
      120_000
    )
  })
})
