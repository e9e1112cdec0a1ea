/** The entity and the workflows that the runners of the test run, and the log that they write. */
import { Query, Statement } from "@effect-cql/core"
import { Effect, Layer, Schema } from "effect"
import { ClusterSchema, Entity } from "effect/cluster"
import { Rpc } from "effect/rpc"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"

export const logTable = (keyspace: string) =>
  `CREATE TABLE ${keyspace}.log (what text, at timeuuid, event text, runner int, PRIMARY KEY (what, at))`

export const Slow = Entity.make("Slow", [
  Rpc.make("Work", { payload: { key: Schema.String }, success: Schema.Int, primaryKey: ({ key }) => key })
    .annotate(ClusterSchema.Persisted, true)
])

export const Approval = DurableDeferred.make("Approval", { success: Schema.Int })

export const Child = Workflow.make("Child", {
  payload: { of: Schema.String, n: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ n, of }) => `${of}/${n}`
})

export const Parent = Workflow.make("Parent", {
  payload: { id: Schema.String },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})

export interface Runner {
  readonly keyspace: string
  readonly port: number
  /** Duration of each piece of work in milliseconds. */
  readonly work: number
}

/** The entity and the workflows of a runner. Each piece of work is logged when it begins and when it ends. */
export const layer = ({ keyspace, port, work }: Runner) => {
  const log = Query.make(
    `INSERT INTO ${keyspace}.log (what, at, event, runner) VALUES (?, now(), ?, ?)`,
    { params: Schema.Tuple([Schema.String, Schema.String, Schema.Int]) }
  )
  const worked = (what: string) =>
    Effect.orDie(Effect.andThen(
      log(what, "began", port),
      Effect.andThen(Effect.sleep(work), log(what, "ended", port))
    ))
  const SlowLive = Slow.toLayer(Effect.succeed(Slow.of({
    Work: ({ payload }) => Effect.as(worked(`entity ${payload.key}`), port)
  })))
  const ChildLive = Child.toLayer(({ n, of }) =>
    Activity.make({
      name: "step",
      success: Schema.Int,
      execute: Effect.as(worked(`child ${of}/${n}`), n)
    })
  )
  const ParentLive = Parent.toLayer(Effect.fnUntraced(function*({ id }: { readonly id: string }) {
    yield* Activity.make({ name: "begin", execute: worked(`parent ${id}`) })
    const parts = yield* Effect.forEach([1, 2, 3], (n) => Child.execute({ of: id, n }), { concurrency: 3 })
    yield* DurableClock.sleep({ name: "pause", duration: "2 seconds", inMemoryThreshold: 0 })
    yield* Activity.make({ name: "waiting", execute: worked(`waiting ${id}`) })
    const approved = yield* DurableDeferred.await(Approval)
    return parts.reduce((sum, n) => sum + n, 0) + approved
  }))
  return Layer.mergeAll(SlowLive, ChildLive, ParentLive)
}

/** How often a piece of work began and ended, and at which runners. */
export const logged = (keyspace: string, what: string) =>
  Effect.map(
    Statement.make(`SELECT event, runner FROM ${keyspace}.log WHERE what = ?`, [what], { consistency: "LOCAL_QUORUM" }),
    ({ rows }) => ({
      began: rows.filter(({ event }) => event === "began").map(({ runner }) => Number(runner)),
      ended: rows.filter(({ event }) => event === "ended").map(({ runner }) => Number(runner))
    })
  )

/** Settings under which a dead runner is noticed within seconds, and a starved one is not taken for dead. */
export const cluster = (keyspace: string) => ({
  keyspace,
  lease: "12 seconds",
  shards: 24,
  sharding: {
    shardLockRefreshInterval: "2 seconds",
    refreshAssignmentsInterval: "500 millis",
    entityMessagePollInterval: "1 second",
    runnerHealthCheckInterval: "1 second"
  }
} as const)
