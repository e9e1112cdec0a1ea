/** The work of a lane ends with the lease of its lock, by real sharding in virtual time. */
import { CqlCluster, CqlRunnerStorage, Lanes } from "@effect-cql/cluster"
import { CqlError, Reason } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { Effect, Layer, Logger, Option, Random } from "effect"
import { MessageStorage, RunnerAddress, RunnerHealth, Runners, Sharding, ShardingConfig } from "effect/cluster"
import { assert, describe, it } from "vitest"
import { gated } from "./support/port.ts"
import { VirtualTime } from "./support/virtualTime.ts"

interface Setting {
  readonly lease: number
  readonly interval: number
  readonly poll: number
}

interface Fault {
  /** The time from which the lock of the first shard cannot be renewed. */
  readonly from: number
  readonly renewal: "refused" | "hangs"
  /** Result of every acquisition of the last shard. */
  readonly acquisition: "refused" | "hangs" | "taken"
}

const refused = Effect.fail(
  new CqlError({ reason: new Reason.Overloaded({ message: "the storage is away" }), query: "" })
)

const taken = { rows: [{ "[applied]": false, owner: "runner:2 other 1" }], wasApplied: false }

/** Milliseconds from the last renewal of the lock of the first shard to the end of the work there. */
const overtime = (setting: Setting, fault: Fault): Promise<number> => {
  const time = new VirtualTime()
  let renewed = 0
  let ended: number | undefined
  const session = gated((request, send) =>
    Effect.suspend(() => {
      if (request._tag !== "Statement" || !request.text.includes("cluster_locks")) return send(request)
      const kind = request.params.includes("default:3")
        ? fault.acquisition
        : request.params.includes("default:1") && time.now >= fault.from
        ? fault.renewal
        : undefined
      if (kind === "taken") return Effect.succeed(taken)
      if (kind !== undefined) return kind === "hangs" ? Effect.never : refused
      if (request.params.includes("default:1")) renewed = time.now
      return send(request)
    })
  )
  const work = Layer.effectDiscard(
    Lanes.Lanes.use((lanes) =>
      lanes.register("work", (lane) =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            if (lane === 0) ended ??= time.now
          })))
    )
  )
  const process = work.pipe(
    Layer.provide(Lanes.layer({ keyspace: "app" })),
    Layer.provide(Sharding.layer),
    Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(CqlRunnerStorage.layer({ keyspace: "app" })),
    Layer.provide(ShardingConfig.layer({
      runnerAddress: Option.some(RunnerAddress.make("runner", 1)),
      shardsPerGroup: 3,
      shardLockExpiration: setting.lease,
      shardLockRefreshInterval: setting.interval,
      entityMessagePollInterval: setting.poll
    })),
    Layer.provide(session),
    Layer.provide(Layer.fresh(MockSession.memory(CqlCluster.ddl("app"), { metrics: false, spans: false })))
  )
  const program = Effect.gen(function*() {
    yield* Layer.build(process)
    yield* Effect.sleep(fault.from + setting.lease + 2 * setting.poll + 10_000)
    return (ended ?? time.now) - renewed - setting.lease
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Random.withSeed(1))
  return time.run(program)
}

describe("the work of a lane whose lock cannot be renewed ends before the lease does", () => {
  for (
    const setting of [
      { lease: 9_000, interval: 3_000, poll: 3_000 },
      { lease: 35_000, interval: 10_000, poll: 10_000 }
    ]
  ) {
    for (const renewal of ["refused", "hangs"] as const) {
      for (const acquisition of ["refused", "hangs", "taken"] as const) {
        const name = `${setting.lease} ms, renewal ${renewal}, acquisition of another ${acquisition}`
        it(name, async () => {
          const late: Array<string> = []
          for (let phase = 0; phase < 10; phase++) {
            const from = 20_000 + phase * 0.23 * setting.interval + 7
            const millis = await overtime(setting, { from, renewal, acquisition })
            if (millis > 0) late.push(`${millis} ms late, renewed until ${from} ms`)
          }
          assert.deepStrictEqual(late, [])
        }, 60_000)
      }
    }
  }
})
