/** One real `Sharding` in a cluster that lists many runners: what its start and its steady work cost. */
import { CqlRunnerStorage } from "@effect-cql/cluster"
import { Session } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import { Effect, Layer, Logger, Option } from "effect"
import { MessageStorage, Runner, RunnerAddress, RunnerHealth, Runners, Sharding, ShardingConfig } from "effect/cluster"
import process from "node:process"
import { VirtualTime } from "../support/virtualTime.ts"

export interface Cost {
  /** Milliseconds of CPU until the first shards are acquired. */
  readonly start: number
  readonly acquired: number
  /** Milliseconds of CPU in a second of steady work. */
  readonly steady: number
  /** Statements in a second of steady work. */
  readonly statements: number
}

const addressOf = (port: number) => RunnerAddress.make("10.0.0.1", port)

/** A server that lists so many runners, and gives every lock. It costs next to nothing. */
const server = (runners: number) => {
  let statements = 0
  const rows = Array.from({ length: runners }, (_, at) => {
    const runner = Runner.make({ address: addressOf(at + 1), groups: ["default"], weight: 1 })
    return { address: `10.0.0.1:${at + 1}`, runner: Runner.Runner.encodeSync(runner), healthy: true }
  })
  const locks = new Set<string>()
  const execute = (request: Request): Page => {
    statements++
    if (request._tag === "Batch") return { rows: [] }
    if (request.text.includes("FROM app.cluster_runners")) return { rows }
    if (request.text.includes("FROM system.local")) return { rows: [{ data_center: "datacenter1" }] }
    if (request.text.startsWith("INSERT INTO app.cluster_locks")) locks.add(String(request.params[1]))
    return request.conditional ? { rows: [{ "[applied]": true }], wasApplied: true } : { rows: [] }
  }
  const layer = Layer.effect(
    Session,
    Session.make({ metrics: false, spans: false, execute: (request) => Effect.sync(() => execute(request)) })
  )
  return { layer, acquired: () => locks.size, statements: () => statements }
}

/** Measures a runner in virtual time, so that its CPU time is that of its work alone. */
export const cost = (runners: number, lanes: number, seconds: number): Promise<Cost> => {
  const time = new VirtualTime()
  const { acquired, layer, statements } = server(runners)
  const sharding = Sharding.layer.pipe(
    Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(CqlRunnerStorage.layer({ keyspace: "app" })),
    Layer.provide(ShardingConfig.layer({
      runnerAddress: Option.some(addressOf(1)),
      shardsPerGroup: lanes
    })),
    Layer.provide(layer)
  )
  const program = Effect.gen(function*() {
    const begun = cpu()
    yield* Layer.build(sharding)
    while (acquired() === 0) yield* Effect.sleep(100)
    const start = cpu() - begun
    yield* Effect.sleep(30_000)
    const [then, before] = [cpu(), statements()]
    yield* Effect.sleep(seconds * 1_000)
    return {
      start,
      acquired: acquired(),
      steady: (cpu() - then) / seconds,
      statements: (statements() - before) / seconds
    }
  })
  return time.run(program.pipe(Effect.scoped, Effect.provide(Logger.layer([]))))
}

const cpu = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1_000
}
