/** Entities, workflows with children, durable clocks and deferred in three processes: each outlives a kill of its runner. */
import { CqlCluster } from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { freePort } from "@effect-cql/test-support/ports"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { ClusterWorkflowEngine } from "effect/cluster"
import { DurableDeferred } from "effect/workflow"
import { start as startProcess } from "./child.ts"
import { Approval, cluster, logged, logTable, Parent, Slow } from "./parts.ts"

const keyspace = ownName("processes")
const work = 1_500

interface Runner {
  readonly port: number
  readonly kill: Effect.Effect<void>
}

/** Starts a runner, which is killed at the end of the scope. */
const start = Effect.gen(function*() {
  const server = yield* CassandraServer
  const port = yield* freePort
  const settings = {
    keyspace,
    port,
    work,
    contactPoints: server.contactPoints,
    localDataCenter: server.localDataCenter
  }
  const { kill } = yield* startProcess("main.ts", settings)
  return { port, kill } satisfies Runner
})

/** Waits until some runners own all shards. */
const settled = (runners: number) =>
  Effect.repeat(
    Statement.make(`SELECT owner FROM ${keyspace}.cluster_locks`, [], { consistency: "LOCAL_QUORUM" }),
    {
      schedule: Schedule.spaced("250 millis"),
      until: ({ rows }) =>
        rows.length === cluster(keyspace).shards &&
        new Set(rows.map(({ owner }) => String(owner).split(" ")[0])).size === runners
    }
  ).pipe(Effect.timeout("150 seconds"))

/** Waits until a runner has begun a piece of work, and gives it. */
const runnerOf = (runners: ReadonlyArray<Runner>, what: string) =>
  Effect.map(logged(keyspace, what), ({ began }) => runners.find(({ port }) => began.includes(port))).pipe(
    Effect.repeat({ schedule: Schedule.spaced("50 millis"), until: (found) => found !== undefined }),
    Effect.timeout("150 seconds"),
    Effect.flatMap(Effect.fromNullishOr)
  )

const Client = ClusterWorkflowEngine.layer.pipe(
  Layer.provideMerge(NodeCqlCluster.layerClient(cluster(keyspace))),
  Layer.provideMerge(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace), logTable(keyspace)))
)

integration("A cluster of three processes over CQL", () => {
  layer(Client, { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect(
      "answers every persisted request, although a runner is killed while it works",
      () =>
        Effect.gen(function*() {
          const runners = yield* Effect.all([start, start, start])
          yield* settled(3)
          const clientOf = yield* Slow.client
          const keys = Array.from({ length: 12 }, (_, at) => `${at}`)
          const asked = yield* Effect.forkChild(
            Effect.forEach(keys, (key) => clientOf(`entity-${key}`).Work({ key }), { concurrency: 12 })
          )
          const victim = yield* runnerOf(runners, "entity 0")
          yield* victim.kill
          const answers = yield* Effect.timeout(Fiber.join(asked), "200 seconds")
          const log = yield* Effect.forEach(keys, (key) => logged(keyspace, `entity ${key}`))
          assert.isTrue(log.every(({ ended }, at) => ended.includes(answers[at] ?? 0)))
          assert.isAbove(log.filter(({ began }) => began.includes(victim.port)).length, 0)
          // The same key is the same request: nothing is done again.
          assert.strictEqual(yield* clientOf("entity-0").Work({ key: "0" }), answers[0])
          assert.deepStrictEqual(yield* logged(keyspace, "entity 0"), log[0])
        }).pipe(Effect.scoped),
      240_000
    )

    it.effect(
      "ends a workflow whose runner is killed in a child, in its clock and before its deferred",
      () =>
        Effect.gen(function*() {
          const runners = [...(yield* Effect.all([start, start, start]))]
          yield* settled(3)
          const payload = { id: "w" }
          const executionId = yield* Parent.execute(payload, { discard: true })
          const inChild = yield* runnerOf(runners, "child w/1")
          yield* inChild.kill
          runners.push(yield* start)
          yield* Effect.repeat(logged(keyspace, "child w/3"), {
            schedule: Schedule.spaced("100 millis"),
            until: ({ ended }) => ended.length > 0
          })
          // The clock of a workflow is in its shard. If that has moved already, the clock was moved with it.
          const inClock = yield* runnerOf(runners, "parent w")
          yield* inClock.kill
          runners.push(yield* start)
          const inWaiting = yield* runnerOf(runners, "waiting w")
          yield* inWaiting.kill
          const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Parent, executionId })
          yield* DurableDeferred.done(Approval, { token, exit: Exit.succeed(100) })
          assert.strictEqual(yield* Effect.timeout(Parent.execute(payload), "200 seconds"), 106)
          const children = yield* Effect.forEach([1, 2, 3], (n) => logged(keyspace, `child w/${n}`))
          assert.isTrue(children.every(({ ended }) => ended.length > 0))
        }).pipe(Effect.scoped),
      300_000
    )
  })
})
