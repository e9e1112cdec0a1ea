/**
 * A cluster on the virtual clock: real `Sharding` for each runner, over the storage of runners on tables in memory. Runners are
 * killed, frozen and started by a seed, and the storage is away at times.
 */
import { CqlCluster, CqlRunnerStorage, Lanes } from "@effect-cql/cluster"
import { Random } from "@effect-cql/test-support/random"
import { MockSession } from "@effect-cql/testing"
import { Clock, Effect, Exit, Layer, Logger, Option, Scope } from "effect"
import {
  ClusterError,
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  RunnerStorage,
  Sharding,
  ShardingConfig
} from "effect/cluster"
import { TestClock } from "effect/testing"

export const lease = 15_000
export const refresh = 5_000
export const members = 3_000

/** A write of a lane that passed its fence. */
export interface Saved {
  readonly lane: number
  readonly epoch: number
  readonly runner: number
  readonly at: number
}

type Mode = "live" | "killed" | "frozen" | "over"

class Runner {
  mode: Mode = "live"
  readonly port: number
  readonly scope: Scope.Closeable
  refused = 0

  constructor(port: number, scope: Scope.Closeable) {
    this.port = port
    this.scope = scope
  }

  /** Lets a call through, holds it while the runner is frozen, and never answers one of a killed runner. */
  readonly gate = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      switch (this.mode) {
        case "live":
          return self
        case "over":
          return Effect.interrupt
        default:
          return Effect.andThen(Effect.sleep(250), this.gate(self))
      }
    })
}

export interface World {
  readonly saved: ReadonlyArray<Saved>
  readonly refused: number
  readonly live: ReadonlySet<number>
  readonly counters: ReadonlyArray<number>
  readonly events: ReadonlyArray<string>
  /** Time of the last event in milliseconds. */
  readonly calmSince: number
  readonly now: number
}

export const run = (
  options: { readonly seed: number; readonly runners: number; readonly lanes: number; readonly events: number }
) =>
  Effect.gen(function*() {
    const random = new Random(options.seed)
    const under = (bound: number) => random.between(0, bound - 1)
    const runners: Array<Runner> = []
    const saved: Array<Saved> = []
    const events: Array<string> = []
    let isAway = false

    const start = Effect.gen(function*() {
      const runner = new Runner(runners.length + 1, yield* Scope.make())
      runners.push(runner)
      const storage = Layer.effect(
        RunnerStorage.RunnerStorage,
        Effect.map(CqlRunnerStorage.make({ keyspace: "app" }), (storage) => gated(storage, runner, () => isAway))
      )
      const layer = Lanes.layer({ keyspace: "app" }).pipe(
        Layer.provide(Sharding.layer),
        Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
        Layer.provide(MessageStorage.layerNoop),
        Layer.provide(storage),
        Layer.provide(ShardingConfig.layer({
          runnerAddress: Option.some(RunnerAddress.make("runner", runner.port)),
          shardsPerGroup: options.lanes,
          shardLockExpiration: lease,
          shardLockRefreshInterval: refresh,
          refreshAssignmentsInterval: members,
          entityMessagePollInterval: members
        }))
      )
      const context = yield* Layer.buildWithScope(Layer.fresh(layer), runner.scope)
      yield* Effect.gen(function*() {
        const lanes = yield* Lanes.Lanes
        yield* lanes.register("work", (index) => work(lanes, index, runner, saved))
      }).pipe(Effect.provide(context), Scope.provide(runner.scope))
    })

    const living = () => runners.filter(({ mode }) => mode === "live")
    const step: Effect.Effect<void, unknown, MockSession.MockSession | Effect.Services<typeof start>> = Effect.gen(
      function*() {
        const now = yield* Clock.currentTimeMillis
        const victim = living()[under(living().length)]
        const kind = ["kill", "freeze", "stop", "join", "outage"][under(5)]
        if (kind === "join" || victim === undefined || living().length <= 2) {
          events.push(`${now} join`)
          yield* start
        } else if (kind === "kill") {
          events.push(`${now} kill ${victim.port}`)
          victim.mode = "killed"
        } else if (kind === "freeze") {
          const millis = 2_000 + under(40_000)
          events.push(`${now} freeze ${victim.port} for ${millis}`)
          victim.mode = "frozen"
          yield* Effect.forkDetach(Effect.andThen(
            Effect.sleep(millis),
            Effect.sync(() => {
              if (victim.mode === "frozen") victim.mode = "live"
            })
          ))
        } else if (kind === "stop") {
          events.push(`${now} stop ${victim.port}`)
          yield* Effect.forkDetach(Scope.close(victim.scope, Exit.void))
          yield* TestClock.adjust(1_000)
          victim.mode = "over"
        } else {
          const millis = 1_000 + under(20_000)
          events.push(`${now} outage for ${millis}`)
          isAway = true
          yield* TestClock.adjust(millis)
          isAway = false
        }
      }
    )

    yield* Effect.forEach(Array.from({ length: options.runners }), () => start, { discard: true })
    yield* TestClock.adjust(20_000)
    for (let event = 0; event < options.events; event++) {
      yield* step
      yield* TestClock.adjust(1_000 + under(20_000))
    }
    // The longest freeze is over by then, and everything has settled.
    const calmSince = (yield* Clock.currentTimeMillis) + 42_000
    yield* TestClock.adjust(42_000 + 2 * lease + 4 * members)
    const now = yield* Clock.currentTimeMillis
    const live = new Set(living().map(({ port }) => port))
    for (const runner of runners) runner.mode = "over"
    yield* TestClock.adjust(1_000)
    yield* Effect.forEach(runners, ({ scope }) => Effect.forkDetach(Scope.close(scope, Exit.void)), { discard: true })
    yield* TestClock.adjust(60_000)
    return {
      saved,
      refused: runners.reduce((sum, { refused }) => sum + refused, 0),
      live,
      counters: yield* counters(options.lanes),
      events,
      calmSince,
      now
    } satisfies World
  }).pipe(
    Effect.provide([
      Layer.fresh(MockSession.memory(CqlCluster.ddl("app"), { record: false })),
      // Runners that are killed or cut off report that at length.
      Logger.layer([])
    ])
  )

/** Counts in its lane, once in a second. What is on its way when the runner is frozen arrives later, as in a real one. */
const work = (lanes: Lanes.Lanes["Service"], index: number, runner: Runner, saved: Array<Saved>) =>
  Effect.gen(function*() {
    const lane = yield* runner.gate(lanes.take("work", index))
    let counted = Number((yield* runner.gate(lane.entries)).get("counted") ?? "0")
    while (true) {
      yield* Effect.sleep(1_000)
      yield* Effect.uninterruptible(
        runner.gate(lane.save([["counted", String(counted + 1)]])).pipe(
          Effect.tap(Effect.flatMap(Clock.currentTimeMillis, (at) =>
            Effect.sync(() => {
              counted++
              saved.push({ lane: index, epoch: lane.epoch, runner: runner.port, at })
            }))),
          Effect.tapErrorTag("LaneLost", () => Effect.sync(() => runner.refused++))
        )
      )
    }
  })

const counters = (lanes: number) =>
  Effect.gen(function*() {
    const reader = yield* Lanes.Lanes
    return yield* Effect.forEach(Array.from({ length: lanes }, (_, lane) => lane), (lane) =>
      Effect.flatMap(reader.take("work", lane), ({ entries }) =>
        Effect.map(entries, (entries) =>
          Number(entries.get("counted") ?? "0"))))
  }).pipe(Effect.provide(Layer.fresh(Lanes.layerLocal({ keyspace: "app" }))))

const gated = (
  storage: RunnerStorage.RunnerStorage["Service"],
  { gate }: Runner,
  isAway: () => boolean
): RunnerStorage.RunnerStorage["Service"] => {
  const call = <A>(self: Effect.Effect<A, ClusterError.PersistenceError>) =>
    gate(
      Effect.suspend(() =>
        isAway() ? Effect.fail(new ClusterError.PersistenceError({ cause: "the storage is away" })) : self
      )
    )
  return {
    getRunners: call(storage.getRunners),
    register: (runner, healthy) => call(storage.register(runner, healthy)),
    unregister: (address) => call(storage.unregister(address)),
    setRunnerHealth: (address, healthy) => call(storage.setRunnerHealth(address, healthy)),
    acquire: (address, shards) => call(storage.acquire(address, shards)),
    refresh: (address, shards) => call(storage.refresh(address, shards)),
    release: (address, shard) => call(storage.release(address, shard)),
    releaseAll: (address) => call(storage.releaseAll(address))
  }
}
