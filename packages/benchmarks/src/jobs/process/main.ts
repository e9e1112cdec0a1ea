/**
 * A process of a contender: a runner of a cluster, or the plain run. It ends with the process that has started it.
 *
 * It answers two messages: `"cpu"` with the CPU time that it has used, in microseconds, and `"run"` with the rows of a plain run.
 */
import { JobRunner, Jobs, Lanes } from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import process from "node:process"
import { Copy, keyspace, lanes, plainCopy, sessionOf, settings } from "../workload.ts"

const Role = Schema.fromJsonString(Schema.Union([
  Schema.Struct({ role: Schema.Literal("plain") }),
  Schema.Struct({ role: Schema.Literal("runner"), cluster: Schema.String, port: Schema.Int })
]))

const Message = Schema.Literals(["cpu", "run"])

const cpu = Effect.sync(() => {
  const { system, user } = process.cpuUsage()
  return system + user
})

/** Answers messages until the other end is closed. */
const serve = <E, R>(run: Effect.Effect<number, E, R>) =>
  Effect.gen(function*() {
    const runPromise = Effect.runPromiseWith(yield* Effect.context<R>())
    yield* Effect.callback<void>((resume) => {
      process.on("disconnect", () => resume(Effect.void))
      process.on("message", (message) => {
        const answer = Schema.decodeUnknownSync(Message)(message) === "cpu" ? cpu : run
        void runPromise(answer).then((result) => process.send?.(result))
      })
      process.send?.("ready")
    })
  })

const plain = serve(Effect.flatMap(Copy.plan, ({ units }) => plainCopy(units.map(({ unit }) => unit)))).pipe(
  Effect.provide(Jobs.layer({ keyspace, lanes }))
)

const runner = (cluster: string, port: number) => {
  const options = { keyspace, cluster }
  return serve(Effect.succeed(0)).pipe(
    Effect.provide(
      Copy.layer.pipe(
        Layer.provide(JobRunner.layerLanes({ interval: "250 millis" })),
        Layer.provide([Lanes.layer(options), Jobs.layer({ ...options, lanes })]),
        Layer.provide(NodeCqlCluster.layer({ ...options, shards: lanes, address: { host: "127.0.0.1", port } }))
      )
    )
  )
}

const main = Effect.gen(function*() {
  const role = yield* Schema.decodeUnknownEffect(Role)(process.env["BENCH_ROLE"])
  if (settings === undefined) return yield* Effect.die(new Error("BENCH_JOBS is not set"))
  yield* (role.role === "plain" ? plain : runner(role.cluster, role.port)).pipe(Effect.provide(sessionOf(settings)))
})

NodeRuntime.runMain(main)
