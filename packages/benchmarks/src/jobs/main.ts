/**
 * `npm run bench:jobs`: what a job costs beside a plain run of the same statements, and what three processes on one machine cost
 * beside one.
 *
 * docs/benchmarks.md describes the comparison. `--quick` takes fewer rows and rounds.
 */
import { Job, Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, type Session, Statement } from "@effect-cql/core"
import { Scan } from "@effect-cql/schema"
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { atLeast, conclude, printTable, type Row } from "../internal/report.ts"
import { median, spread } from "../internal/stats.ts"
import { freePort, start, type Worker } from "./processes.ts"
import * as Workload from "./workload.ts"

const quick = process.argv.includes("--quick")
// A copy takes some ten seconds, so that its throughput counts, and not the moment until its runners have found the job.
const plan = { rows: quick ? 40_000 : 300_000, rounds: quick ? 3 : 5, warmUp: 1 }
const { keyspace, lanes } = Workload

interface Contender {
  readonly name: string
  readonly workers: ReadonlyArray<Worker>
  /** Copies the table, and gives the rows. */
  readonly copy: Effect.Effect<number>
}

/** Microseconds a row. */
interface Sample {
  readonly wall: number
  readonly cpu: number
}

const tables = Effect.acquireRelease(
  Effect.forEach(
    [
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
      ...Workload.ddl
    ],
    (text) => Statement.make(text),
    { discard: true }
  ),
  () => Effect.ignore(Statement.make(`DROP KEYSPACE ${keyspace}`, [], { requestTimeout: "1 minute" }))
)

const load = Effect.suspend(() =>
  executeConcurrentWithArgs(
    Workload.Source.insert,
    Array.from({ length: plan.rows }, (_, id) => Workload.sourceRow(id))
  )
)

/** Waits until some runners of a cluster own all of its lanes. */
const settled = (cluster: string, runners: number) =>
  Effect.repeat(
    Effect.map(Statement.make(`SELECT cluster, owner FROM ${keyspace}.cluster_locks`), ({ rows }) =>
      rows.flatMap((row) => row["cluster"] === cluster ? [String(row["owner"]).split(" ")[0]] : [])),
    {
      schedule: Schedule.spaced("500 millis"),
      until: (owners) =>
        owners.length === lanes && new Set(owners).size === runners
    }
  ).pipe(Effect.timeout("3 minutes"))

const plain = Effect.fnUntraced(function*(settings: Workload.Settings) {
  const worker = yield* start(settings, { role: "plain" })
  return { name: "a plain run", workers: [worker], copy: worker.run } satisfies Contender
})

/** A job, worked off by some runners. Its end is the moment at which its state has changed. */
const cluster = Effect.fnUntraced(function*(settings: Workload.Settings, runners: number) {
  const name = `of_${runners}`
  const workers = yield* Effect.forEach(
    Array.from({ length: runners }),
    () => Effect.flatMap(freePort, (port) => start(settings, { role: "runner", cluster: name, port }))
  )
  yield* settled(name, runners)
  let jobs = 0
  const copy = Effect.gen(function*() {
    const { id } = yield* Workload.Copy.start({ id: `copy-${++jobs}` })
    const stored = yield* Jobs.Jobs
    yield* Effect.repeat(stored.find(id), {
      schedule: Schedule.spaced("50 millis"),
      until: (job) => job?.state !== "running"
    })
    const { rows } = yield* Effect.flatMap(Job.handle(id), ({ await: end }) => end)
    return rows
  }).pipe(Effect.provide(Jobs.layer({ keyspace, cluster: name, lanes })), Effect.orDie)
  const context = yield* Effect.context<Session>()
  return {
    name: runners === 1 ? "a job, one runner" : `a job, ${runners} runners`,
    workers,
    copy: Effect.provideContext(copy, context)
  }
})

const cpuOf = ({ workers }: Contender) =>
  Effect.map(Effect.forEach(workers, ({ cpu }) => cpu), (all) => all.reduce((sum, cpu) => sum + cpu, 0))

const turn = Effect.fnUntraced(function*(contender: Contender) {
  const before = yield* cpuOf(contender)
  const began = performance.now()
  const rows = yield* contender.copy
  const wall = (performance.now() - began) * 1_000
  if (rows !== plan.rows) {
    return yield* Effect.die(new Error(`${contender.name} has copied ${rows} rows of ${plan.rows}`))
  }
  return { wall: wall / rows, cpu: ((yield* cpuOf(contender)) - before) / rows } satisfies Sample
})

/** Every row is in the target, as it has to be. */
const verified = Effect.gen(function*() {
  const rows = yield* Stream.runFold(
    Scan.table(Workload.Target),
    () => 0,
    (sum, row) => sum + (Workload.isChanged(row) ? 1 : 0)
  )
  if (rows === plan.rows) return
  return yield* Effect.die(new Error(`expected ${plan.rows} changed rows in the target, got ${rows}`))
})

const main = Effect.gen(function*() {
  const server = yield* CassandraServer.CassandraServer
  yield* tables
  yield* load
  const settings = {
    keyspace,
    contactPoints: server.contactPoints,
    localDataCenter: server.localDataCenter,
    ...(server.credentials && {
      username: server.credentials.username,
      password: Redacted.value(server.credentials.password)
    })
  }
  const contenders = [yield* plain(settings), yield* cluster(settings, 1), yield* cluster(settings, 3)]
  const samples = contenders.map((): Array<Sample> => [])
  for (let round = 0; round < plan.warmUp + plan.rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      const sample = yield* turn(contender)
      if (round >= plan.warmUp) samples[at]?.push(sample)
      yield* Console.log(
        `round ${round === 0 ? "0, which does not count" : round}: ${contender.name}, ` +
          `${Math.round(1_000_000 / sample.wall)} rows/s`
      )
    }
    yield* verified
  }
  // Throughput of the second to that of the first, within each round.
  const ratio = (of: number, to: number) =>
    spread((samples[of] ?? []).map(({ wall }, round) => (samples[to]?.[round]?.wall ?? Number.NaN) / wall))
  const cpuRatio = (of: number, to: number) =>
    spread((samples[of] ?? []).map(({ cpu }, round) => cpu / (samples[to]?.[round]?.cpu ?? Number.NaN)))
  printTable(
    `Copying ${plan.rows} rows, ${lanes} lanes, ${plan.rounds} rounds`,
    ["", "rows/s", "to a plain run", "quartiles", "client CPU us/row", "to a plain run"],
    contenders.map(({ name }, at): Row => {
      const { high, low, median: middle } = ratio(at, 0)
      const own = samples[at] ?? []
      return [
        name,
        String(Math.round(1_000_000 / median(own.map(({ wall }) => wall)))),
        middle,
        `${low.toFixed(2)} to ${high.toFixed(2)}`,
        median(own.map(({ cpu }) => cpu)),
        cpuRatio(at, 0).median
      ]
    })
  )
  yield* Effect.sync(() =>
    conclude("jobs", [
      atLeast("throughput of a job with one runner, to a plain run of the same statements", ratio(1, 0).median, 0.8),
      atLeast("throughput of three runners on one machine, to that of one", ratio(2, 1).median, 0.8)
    ], { server: { provider: server.provider, version: server.version }, plan, lanes, samples })
  )
}).pipe(Effect.scoped)

const SessionLive = Layer.unwrap(
  Effect.map(CassandraServer.CassandraServer, ({ contactPoints, credentials, localDataCenter }) =>
    Workload.sessionOf({
      keyspace,
      contactPoints,
      localDataCenter,
      ...(credentials && { username: credentials.username, password: Redacted.value(credentials.password) })
    }))
).pipe(Layer.provideMerge(CassandraServer.layer({ heap: "1g" })))

main.pipe(Effect.provide(SessionLive), NodeRuntime.runMain)
