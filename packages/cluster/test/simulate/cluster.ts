/**
 * A simulated cluster: the members on one hash ring, as each runner of Effect computes it, and the lanes of each. A runner has the real
 * engine of jobs, and a process of its own in virtual time.
 */
import { type JobRunner, Jobs, Lanes } from "@effect-cql/cluster"
import { Clock, Effect, Fiber, HashRing, Layer, type Scope } from "effect"
import { RunnerAddress } from "effect/cluster"
import type { Process, VirtualTime } from "../support/virtualTime.ts"
import type { Store } from "./store.ts"

/** Seconds of the settings of the cluster, which are Effect's defaults. */
export const settings = { lease: 35, refresh: 10, members: 3 } as const

interface Runner {
  readonly address: RunnerAddress.RunnerAddress
  readonly process: Process
  readonly lanes: Map<number, Fiber.Fiber<void>>
  work: ((lane: number) => Effect.Effect<void>) | undefined
  isAlive: boolean
}

export class Cluster {
  /** Seconds of runners and of lanes: each alive or owned for one second counts 1. */
  runnerSeconds = 0
  laneSeconds = 0
  moved = 0
  readonly runners: Array<Runner> = []
  readonly #ring = HashRing.make<RunnerAddress.RunnerAddress>()
  readonly #owners: Array<Runner | undefined> = []
  /** Moves of each lane so far. */
  readonly #moves: Array<number> = []
  readonly #lanes: number
  readonly #time: VirtualTime
  readonly #store: Store
  readonly #layer: Layer.Layer<never, never, JobRunner.JobRunner>
  readonly #runnerLayer: Layer.Layer<JobRunner.JobRunner, never, Jobs.Jobs | Lanes.Lanes>
  #since = 0

  constructor(
    time: VirtualTime,
    store: Store,
    lanes: number,
    layer: Layer.Layer<never, never, JobRunner.JobRunner>,
    runnerLayer: Layer.Layer<JobRunner.JobRunner, never, Jobs.Jobs | Lanes.Lanes>
  ) {
    this.#time = time
    this.#store = store
    this.#lanes = lanes
    this.#layer = layer
    this.#runnerLayer = runnerLayer
  }

  get living(): ReadonlyArray<Runner> {
    return this.runners.filter(({ isAlive }) => isAlive)
  }

  /** Adds runners at once. */
  join(count: number): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen({ self: this }, function*() {
      const joined: Array<Runner> = []
      for (let at = 0; at < count; at++) {
        const runner: Runner = {
          address: RunnerAddress.make("runner", this.runners.length + 1),
          process: this.#time.process(),
          lanes: new Map(),
          work: undefined,
          isAlive: true
        }
        this.runners.push(runner)
        joined.push(runner)
        const services = Layer.mergeAll(
          Layer.succeed(Jobs.Jobs, this.#store.jobsOf(runner.process)),
          Layer.succeed(Lanes.Lanes, lanesOf(runner, this.#lanes))
        )
        yield* Layer.build(
          Layer.fresh(this.#layer.pipe(Layer.provide(this.#runnerLayer), Layer.provide(services)))
        ).pipe(Effect.provideService(Clock.Clock, runner.process.clock))
      }
      this.#account()
      HashRing.addMany(this.#ring, joined.map(({ address }) => address))
      yield* this.#assign
    })
  }

  /** A power cut: the lanes have owners again when the leases have expired and the others have seen it. */
  kill(runner: Runner, late: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      runner.process.freeze()
      this.#account()
      runner.isAlive = false
      // The last renewal was up to a refresh ago, and the others read the members within their interval.
      const { lease, members, refresh } = settings
      yield* Effect.sleep((lease - refresh * late + members * late) * 1_000)
      HashRing.remove(this.#ring, runner.address)
      yield* this.#assign
    })
  }

  /** An orderly stop, as at a deploy: the lanes go over at once. */
  stop(runner: Runner): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      this.#account()
      HashRing.remove(this.#ring, runner.address)
      yield* this.#assign
      runner.isAlive = false
      runner.process.freeze()
    })
  }

  /** Freezes a runner for longer than its lease. It goes on with what it did, and has lost its lanes. */
  freeze(runner: Runner, late: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      yield* this.kill(runner, late)
      yield* Effect.sleep(5_000)
      runner.process.thaw()
      yield* Effect.sleep(10)
      // The first refresh of its locks finds them lost.
      yield* Fiber.interruptAll(runner.lanes.values())
      runner.lanes.clear()
      this.#account()
      runner.isAlive = true
      HashRing.add(this.#ring, runner.address)
      yield* this.#assign
    })
  }

  end(): void {
    this.#account()
  }

  /** Gives each lane to the runner that the ring names now. Ends when the lanes have moved. */
  get #assign(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const shards = HashRing.getShards(this.#ring, this.#lanes) ?? []
      const byAddress = new Map(this.runners.map((runner) => [runner.address, runner]))
      const moves: Array<Effect.Effect<void>> = []
      for (let lane = 0; lane < this.#lanes; lane++) {
        const address = shards[lane]
        const next = address === undefined ? undefined : byAddress.get(address)
        const former = this.#owners[lane]
        if (next === former) continue
        if (former !== undefined) this.moved++
        this.#owners[lane] = next
        this.#moves[lane] = (this.#moves[lane] ?? 0) + 1
        moves.push(this.#move(lane, former, next))
      }
      return Effect.forEach(moves, (move) => move, { concurrency: "unbounded", discard: true })
    })
  }

  /** Stops the work on a lane at one runner, or waits for its lease where that dies meanwhile, and starts it at another. */
  #move(lane: number, former: Runner | undefined, next: Runner | undefined): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const move = this.#moves[lane]
      const fiber = former?.process.isFrozen === false ? former.lanes.get(lane) : undefined
      if (fiber !== undefined) {
        former?.lanes.delete(lane)
        yield* Effect.timeoutOption(Fiber.interrupt(fiber), settings.lease * 1_000)
      }
      // A frozen process takes no lane, and the ring names another one when its lease has ended. Meanwhile the ring may also have
      // moved the lane on, and even back: the last move starts it.
      if (next?.work === undefined || next.process.isFrozen || this.#moves[lane] !== move) return
      const work = Effect.provideService(next.work(lane), Clock.Clock, next.process.clock)
      next.lanes.set(lane, yield* Effect.forkDetach(work))
    })
  }

  #account(): void {
    const seconds = (this.#time.now - this.#since) / 1_000
    this.#since = this.#time.now
    const { living } = this
    this.runnerSeconds += seconds * living.length
    this.laneSeconds += seconds * living.reduce((sum, { lanes }) => sum + lanes.size, 0)
  }
}

/** The lanes of a runner: the cluster starts and stops their work. */
const lanesOf = (runner: Runner, count: number): Lanes.Lanes["Service"] => ({
  count,
  register: (_, work) =>
    Effect.contextWith((context) =>
      Effect.sync(() => {
        runner.work = (lane) => Effect.orDie(Effect.provideContext(work(lane), context))
      })
    ),
  take: () => Effect.die(new Error("the engine of jobs takes its lanes from the stored jobs"))
})
