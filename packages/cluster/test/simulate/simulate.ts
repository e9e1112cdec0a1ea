/** A job on a simulated cluster, under a scenario of deaths, freezes and restarts. */
import { Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { Random } from "@effect-cql/test-support/random"
import { Effect, Logger, Random as Chance, Schema, Scope } from "effect"
import { VirtualTime } from "../support/virtualTime.ts"
import { Cluster, settings } from "./cluster.ts"
import { Store } from "./store.ts"

export interface Size {
  readonly seed: number
  readonly runners: number
  readonly lanes: number
  readonly units: number
}

/** Shares of the runners to which something happens in the course of the job. */
export interface Scenario {
  readonly name: string
  readonly killed?: number | undefined
  /** Killed in one moment, in the middle of the job. */
  readonly killedTogether?: number | undefined
  readonly frozen?: number | undefined
  readonly restarted?: number | undefined
  /** Limit of the job, which it never reaches. Default: it has none. */
  readonly concurrency?: number | undefined
}

export interface Outcome {
  readonly scenario: string
  /** Seconds from the start to the end of the job. */
  readonly makespan: number
  /** Seconds that the work takes if no lane is ever idle. */
  readonly ideal: number
  /** Seconds of the lane that has most work. */
  readonly fullest: number
  readonly repeatedUnits: number
  /** Share of the work that was done again. */
  readonly repeatedWork: number
  readonly moved: number
  readonly refused: number
  /** Statements of jobs a second: in the mean and in the busiest second. */
  readonly mean: number
  readonly peak: number
  /** Statements a second of leases and members, by their intervals. */
  readonly upkeep: number
  readonly counts: ReadonlyMap<string, number>
  readonly problems: ReadonlyArray<string>
}

/** Seconds between two checkpoints of a unit. */
export const checkpointEvery = 20

/** Seconds between two reads of the states of jobs by a runner: fewer than by default, for there are many. */
export const pollEvery = 10

/** Seconds of the units: most are short, and a few take ten times the mean. */
const lengths = (random: Random, units: number): ReadonlyArray<number> =>
  Array.from({ length: units }, () => Math.min(600, Math.max(1, Math.round(-60 * Math.log(1 - random.next())))))

const Work = Job.make("Work", {
  version: "1",
  params: Schema.Struct({ seed: Schema.Int, units: Schema.Int }),
  unit: Schema.Int,
  units: ({ seed, units }) => Effect.succeed(lengths(new Random(seed), units))
})

export const simulate = (size: Size, scenario: Scenario): Promise<Outcome> => {
  const time = new VirtualTime()
  return time.run(
    run(time, size, scenario).pipe(
      Effect.scoped,
      Effect.provide(Logger.layer([])),
      Chance.withSeed(size.seed)
    )
  )
}

const run = (time: VirtualTime, { lanes, runners, seed, units }: Size, scenario: Scenario) =>
  Effect.gen(function*() {
    const store = new Store(time, lanes)
    const random = new Random(seed + 1)
    let [begun, worked] = [0, 0]
    const workLayer = Work.toLayer(
      (length, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          begun++
          for (let at = Number(cursor ?? 0); at < length;) {
            const step = Math.min(checkpointEvery, length - at)
            worked += step
            yield* Effect.sleep(step * 1_000)
            at += step
            yield* checkpoint({ cursor: at, rows: step })
          }
        }),
      { attempts: 1_000 }
    )
    const scope = yield* Effect.scope
    const cluster = new Cluster(time, store, lanes, workLayer, JobRunner.layerLanes({ interval: pollEvery * 1_000 }))
    yield* cluster.join(runners)
    const jobs = store.jobsOf()
    const job = yield* Effect.provideService(
      Work.start({ seed, units }, { id: "work", concurrency: scenario.concurrency }),
      Jobs.Jobs,
      jobs
    )
    const [started, before] = [time.now, store.total]

    const all = lengths(new Random(seed), units)
    const planned = all.reduce((sum, length) => sum + length, 0)
    const ofLane = Array.from({ length: lanes }, () => 0)
    all.forEach((length, at) => ofLane[at % lanes]! += length)
    const ideal = planned / lanes
    const fullest = Math.max(...ofLane)

    const victims = <A>(share: number | undefined, happen: () => Effect.Effect<A>) =>
      Effect.forEach(Array.from({ length: Math.round((share ?? 0) * runners) }), () =>
        Effect.forkDetach(Effect.andThen(Effect.sleep(random.next() * ideal * 1_000), Effect.suspend(happen))), {
        discard: true
      })
    const victim = () =>
      cluster.living[random.between(0, cluster.living.length - 1)]!
    const joinLater = Effect.andThen(Effect.sleep(30_000), Effect.provideService(cluster.join(1), Scope.Scope, scope))
    yield* victims(scenario.killed, () =>
      Effect.andThen(cluster.kill(victim(), random.next()), joinLater))
    yield* victims(scenario.frozen, () => cluster.freeze(victim(), random.next()))
    yield* victims(scenario.restarted, () => Effect.andThen(cluster.stop(victim()), joinLater))
    const together = Math.round((scenario.killedTogether ?? 0) * runners)
    yield* Effect.forkDetach(Effect.andThen(
      Effect.sleep(ideal * 500),
      Effect.forEach(cluster.living.slice(0, together), (runner) =>
        Effect.forkDetach(cluster.kill(runner, random.next())))
    ))

    let end = yield* job.progress
    const reads = lanes + 1
    let progressReads = reads
    while (end.state === "running" && time.now - started < 20 * ideal * 1_000) {
      yield* Effect.sleep(10_000)
      if ((yield* jobs.find("work"))?.state === "running") {
        continue
      }
      end = yield* job.progress
      progressReads += reads
    }
    cluster.end()
    const seconds = (time.now - started) / 1_000
    const problems = [
      ...(end.state === "done" ? [] : [`the job is ${end.state}`]),
      ...(end.rows === planned ? [] : [`${end.rows} of ${planned} seconds of work were counted`]),
      ...(end.done === units ? [] : [`${end.done} of ${units} units have ended`])
    ]
    return {
      scenario: scenario.name,
      makespan: seconds,
      ideal,
      fullest,
      repeatedUnits: begun - units,
      repeatedWork: (worked - planned) / planned,
      moved: cluster.moved,
      refused: store.refused,
      mean: (store.total - before - progressReads) / seconds,
      peak: Math.max(...Array.from(store.bySecond.slice(Math.floor(started / 1_000) + 1), (count) =>
        count ?? 0)),
      upkeep: (cluster.laneSeconds / settings.refresh + 2 * cluster.runnerSeconds / settings.refresh +
        cluster.runnerSeconds / settings.members) / seconds,
      counts: store.counts,
      problems
    } satisfies Outcome
  })
