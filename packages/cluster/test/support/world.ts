/**
 * A cluster in virtual time: real `Sharding`, lanes and jobs in each runner, over tables in memory. Runners are killed, frozen,
 * stopped, restarted and started by a seed. The storage is away at times, answers get lost, and requests arrive late. The wall
 * clocks of the runners differ by up to a minute.
 *
 * A runner is a process: while it is frozen, none of its timers ends and none of its answers arrives. All that goes wrong happens
 * between its session and the server, so that every statement meets it.
 */
import { CqlCluster, CqlRunnerStorage, Job, JobRunner, Jobs, Lanes } from "@effect-cql/cluster"
import { CqlError, Reason, Statement } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import { Random as Seeded } from "@effect-cql/test-support/random"
import { MockSession } from "@effect-cql/testing"
import { Clock, Deferred, Effect, Exit, Layer, Logger, Option, Random, Schema, Scope } from "effect"
import { MessageStorage, RunnerAddress, RunnerHealth, Runners, Sharding, ShardingConfig } from "effect/cluster"
import { breaking, type Broken } from "./broken.ts"
import { History, lease, members, refresh } from "./history.ts"
import { gated } from "./port.ts"
import { interval, isLimited, limited, text } from "./traffic.ts"
import { type Process, VirtualTime } from "./virtualTime.ts"

export interface Options {
  readonly seed: number
  readonly runners: number
  readonly lanes: number
  readonly events: number
  /** A part that does not work, for tests of the invariants. Default: all of them work. */
  readonly broken?: Broken | undefined
}

interface Runner {
  readonly port: number
  readonly process: Process
  readonly scope: Scope.Closeable
  mode: "live" | "killed" | "frozen" | "stopped"
}

/** Units of a job that count their steps. */
const Steps = Job.make("Steps", {
  version: "1",
  params: Schema.Array(Schema.Int),
  unit: Schema.Int,
  units: (lengths) => Effect.succeed(lengths)
})

const stepsLayer = (broken: Broken | undefined) =>
  Steps.toLayer(
    (length, { checkpoint, cursor }) =>
      Effect.gen(function*() {
        for (let step = Number(cursor ?? 0); step < length; step++) {
          yield* Effect.sleep(3_000)
          yield* checkpoint({ cursor: step + 1, rows: broken === "count" ? 1 + step % 2 : 1 })
        }
      }),
    { attempts: 1_000 }
  )

const pages = 3
const pageSize = 8

/** Units of a job that sends pages of statements within its limits. A unit has the number of its lane. */
const Limited = Job.make("Limited", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int, lanes: Schema.Int }),
  unit: Schema.Int,
  units: ({ lanes, units }) => Effect.succeed(Array.from({ length: units }, (_, unit) => unit % lanes))
})

const limitedLayer = Limited.toLayer(
  (lane, { checkpoint, cursor, execute }) =>
    Effect.gen(function*() {
      for (let page = Number(cursor ?? 0); page < pages; page++) {
        yield* execute(Array.from({ length: pageSize }, (_, id) => Statement.make(text, [id, lane])), {
          statement: { requestTimeout: "4 seconds" }
        })
        yield* checkpoint({ cursor: page + 1, rows: pageSize })
      }
    }),
  { attempts: 1_000 }
)

/** Counts in its lane, once in three seconds, for as long as it has the lane. */
const workLayer = Layer.effectDiscard(
  Lanes.Lanes.use((lanes) =>
    lanes.register("work", (index) =>
      Effect.gen(function*() {
        const lane = yield* lanes.take("work", index)
        let counted = Number((yield* lane.entries).get("counted") ?? "0")
        while (true) {
          yield* Effect.sleep(3_000)
          counted++
          yield* lane.save([["counted", String(counted)]])
        }
      }))
  )
)

/** All that a process of the cluster runs, but its session. */
const processLayer = ({ broken, lanes }: Options, port: number) =>
  Layer.mergeAll(
    workLayer,
    Layer.merge(stepsLayer(broken), limitedLayer).pipe(Layer.provide(JobRunner.layerLanes({ interval })))
  ).pipe(
    Layer.provide([Lanes.layer({ keyspace: "app" }), Jobs.layer({ keyspace: "app", lanes })]),
    Layer.provide(Sharding.layer),
    Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(CqlRunnerStorage.layer({ keyspace: "app" })),
    Layer.provide(ShardingConfig.layer({
      runnerAddress: Option.some(RunnerAddress.make("runner", port)),
      shardsPerGroup: lanes,
      shardLockExpiration: lease,
      shardLockRefreshInterval: refresh,
      refreshAssignmentsInterval: members,
      entityMessagePollInterval: members
    }))
  )

const table = "CREATE TABLE app.rows (id int, lane int, PRIMARY KEY (lane, id))"

const failing = (reason: Reason.Reason) => Effect.fail(new CqlError({ reason, query: "" }))
const away = failing(new Reason.Overloaded({ message: "the storage is away" }))
const lost = failing(new Reason.ConnectionClosed({ message: "the connection was lost", written: true }))

/** Lives the world of a seed, and returns what has happened. */
export const run = (options: Options): Promise<History> => {
  const time = new VirtualTime()
  const history = new History(time, options)
  const program = live(options, time, history).pipe(
    Effect.provide([
      Layer.fresh(
        MockSession.memory([...CqlCluster.ddl("app"), table], { record: false, metrics: false, spans: false })
      ),
      // Runners that are killed or cut off report that at length.
      Logger.layer([])
    ]),
    Random.withSeed(options.seed)
  )
  return time.run(Effect.as(program, history))
}

const live = (options: Options, time: VirtualTime, history: History) =>
  Effect.gen(function*() {
    const random = new Seeded(options.seed)
    const under = (bound: number) => random.between(0, bound - 1)
    const breaks = breaking(options.broken)
    const runners: Array<Runner> = []
    const isIn = (mode: Runner["mode"]) => runners.filter((runner) => runner.mode === mode)
    let network: "well" | "refusing" | "hanging" = "well"

    /** The way of a request from a process to the server and back. The server executes it although its client has given it up. */
    const way = (process: Process, number: number, request: Request, execute: Effect.Effect<Page, CqlError>) =>
      Effect.gen(function*() {
        const answer = Deferred.makeUnsafe<Page, CqlError>()
        const fate = random.next()
        // The statements of the job with limits take their time, so that many of them are in flight.
        const latency = fate < 0.002 ? under(10_000) : 1 + under(isLimited(request) ? 800 : 5)
        const answered = Effect.sync(history.traffic.send(number, request))
        const atServer = network === "refusing" && fate > 0.01
          ? away
          : network === "hanging"
          ? Effect.never
          : fate > 0.998
          ? lost
          : fate > 0.996
          ? Effect.andThen(execute, lost)
          : execute
        yield* Effect.sleep(latency).pipe(
          Effect.andThen(atServer),
          Effect.provideService(Clock.Clock, time.clock),
          Effect.ensuring(answered),
          Effect.exit,
          Effect.flatMap((exit) => Deferred.done(answer, exit)),
          Effect.forkDetach
        )
        const exit = yield* Effect.exit(Effect.ensuring(Deferred.await(answer), answered))
        yield* process.running
        return yield* exit
      })

    const start = (port: number) =>
      Effect.gen(function*() {
        const process = time.process(random.between(-30_000, 30_000))
        const runner: Runner = { port, process, scope: yield* Scope.make(), mode: "live" }
        const number = runners.push(runner) - 1
        const session = gated((request, send) =>
          way(process, number, request, history.observed(number, request, breaks(request, send)))
        )
        yield* Layer.buildWithScope(
          Layer.fresh(processLayer(options, port).pipe(Layer.provide(session))),
          runner.scope
        ).pipe(Effect.provideService(Clock.Clock, process.clock), Effect.forkDetach)
      })

    const victimOf = () => isIn("live")[under(isIn("live").length)]
    const nextPort = () => runners.length + 1
    const kinds = ["kill", "freeze", "stop", "join", "restart", "outage"] as const
    const step = Effect.gen(function*() {
      const victim = victimOf()
      const kind = kinds[under(kinds.length)] ?? "join"
      if (kind === "join" || victim === undefined || isIn("live").length <= 2) {
        history.event(`join ${nextPort()}`)
        yield* start(nextPort())
      } else if (kind === "kill" || kind === "restart") {
        history.event(`${kind} ${victim.port}`)
        victim.mode = "killed"
        victim.process.freeze()
        if (kind === "restart") yield* start(victim.port)
      } else if (kind === "freeze") {
        const millis = 2_000 + under(25_000)
        history.event(`freeze ${victim.port} for ${millis} ms`)
        victim.mode = "frozen"
        victim.process.freeze()
        const isOver = history.traffic.disturb()
        yield* Effect.sleep(millis).pipe(
          Effect.andThen(Effect.sync(() => {
            history.event(`thaw ${victim.port}`)
            isOver()
            history.traffic.thaw(runners.indexOf(victim))
            victim.mode = "live"
            victim.process.thaw()
          })),
          Effect.forkDetach
        )
      } else if (kind === "stop") {
        history.event(`stop ${victim.port}`)
        victim.mode = "stopped"
        yield* Effect.forkDetach(
          Effect.provideService(Scope.close(victim.scope, Exit.void), Clock.Clock, victim.process.clock)
        )
      } else {
        const millis = 1_000 + under(12_000)
        network = random.chance(0.5) ? "refusing" : "hanging"
        history.event(`the storage is ${network} for ${millis} ms`)
        const isOver = history.traffic.disturb()
        yield* Effect.sleep(millis)
        isOver()
        network = "well"
        history.event("the storage is well")
      }
    })

    for (let port = 1; port <= options.runners; port++) yield* start(port)
    yield* Effect.sleep(12_000)
    const lengths = Array.from({ length: options.lanes * 5 }, () => random.between(1, 6))
    history.planned = lengths.reduce((sum, length) => sum + length, 0)
    const jobs = yield* Layer.build(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: options.lanes })))
    const job = yield* Effect.provide(Steps.start(lengths, { id: "steps" }), jobs)
    const limits = () => ({ concurrency: random.between(1, 2 * options.lanes), rate: random.between(2, 40) })
    const units = 2 * options.lanes
    history.limitedRows = units * pages * pageSize
    const first = limits()
    history.traffic.limit(first)
    const other = yield* Effect.provide(
      Limited.start({ units, lanes: options.lanes }, { id: limited, ...first }),
      jobs
    )
    const change = Effect.suspend(() => {
      const { concurrency, rate } = limits()
      const next = random.chance(0.5) ? { concurrency } : random.chance(0.5) ? { rate } : { concurrency, rate }
      history.event(`limits ${JSON.stringify(next)}`)
      return Effect.ignore(Effect.andThen(other.setLimits(next), noteLimits))
    })
    const noteLimits = Effect.flatMap(
      Effect.provide(Jobs.Jobs.use(({ find }) => find(limited)), jobs),
      (job) => Effect.sync(() => job && history.traffic.limit(job))
    )
    for (let event = 0; event < options.events; event++) {
      if (random.chance(0.6)) yield* change
      yield* step
      if (random.chance(0.5)) yield* Effect.sleep(under(10_000))
      else yield* history.calm
    }
    // The longest freeze is over by then.
    yield* Effect.sleep(27_000)
    yield* history.calm
    // At the lowest rate its rows take ten minutes.
    for (const each of [job, other]) {
      for (let waited = 0; waited < 200 && (yield* each.progress).state === "running"; waited++) {
        yield* Effect.sleep(5_000)
      }
    }
    history.end(yield* job.progress, yield* other.progress, isIn("live").map((runner) => runners.indexOf(runner)))
  }).pipe(Effect.scoped)
