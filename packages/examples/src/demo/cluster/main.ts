/**
 * Copies every city of the world into another table, by three processes: `npm run demo:cluster`. One of them is killed on the way,
 * and the others go on with its part. In the end every row is compared.
 */
import { Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { Reporter, Screen } from "@effect-cql/report"
import { Scan } from "@effect-cql/schema"
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Clock, Console, Effect, Equal, Fiber, Layer, Schedule, Stream } from "effect"
import { sessionTo } from "../../cassandra.ts"
import { CopyCities } from "../../worker/job.ts"
import { migrate } from "../../worker/migrations.ts"
import { City, CityOfCountry, keyspace, toCityOfCountry } from "../../worker/tables.ts"
import { check } from "../check.ts"
import { cities } from "../cities.ts"
import { lineOf, linesOf, type Moment, rowsOf } from "./board.ts"
import { lanesOf, ownersOf } from "./moment.ts"
import { cluster, type Runner, start } from "./runners.ts"

const job = "copy-cities"
const total = cities.length

const grouped = (count: number): string => count.toLocaleString("en-US")

/** Creates the tables, and loads the cities. */
const prepare = Effect.gen(function*() {
  const { localDataCenter } = yield* CassandraServer.CassandraServer
  yield* Statement.make(`DROP KEYSPACE IF EXISTS ${keyspace}`, [], { requestTimeout: "1 minute" })
  yield* migrate({ [localDataCenter]: 1 })
  const onProgress = yield* Reporter.console({ title: "loading cities", total })
  yield* executeConcurrentWithArgs(City.insert, cities.map((city) => new City(city)), { concurrency: 256, onProgress })
}).pipe(Effect.scoped)

/** Starts the runners, and waits until each has its lanes. Fails if one of them ends by itself. */
const startRunners = Effect.gen(function*() {
  yield* Console.log("starting three runners ...")
  const runners = yield* Effect.forEach([1, 2, 3], start)
  const died = Effect.raceAll(runners.map(({ died }) => died))
  const haveLanes = Effect.repeat(ownersOf(runners), {
    schedule: Schedule.spaced("250 millis"),
    until: (owners) => runners.every((runner) => owners.includes(runner)) && !owners.includes(undefined)
  })
  yield* Effect.raceFirst(haveLanes, died)
  return { runners, died }
})

/** Kills a runner in the middle of the copy, and waits until all of its lanes have a new owner. */
const killOne = Effect.fnUntraced(function*(victim: Runner, moments: () => Moment, print: Screen.Screen["print"]) {
  const waitUntil = (holds: (moment: Moment) => boolean) =>
    Effect.repeat(Effect.sync(() => holds(moments())), {
      schedule: Schedule.spaced("50 millis"),
      until: (holds) => holds
    })
  yield* waitUntil((moment) => rowsOf(moment) > total / 4)
  const { lanes } = moments()
  const theirs = lanes.flatMap(({ owner }, lane) => owner === victim.owner ? [lane] : [])
  const began = yield* Clock.currentTimeMillis
  yield* victim.kill
  yield* print(`${victim.owner.name} was killed (kill -9). It had ${theirs.length} lanes, whose leases have to end`)
  yield* waitUntil(({ lanes }) =>
    theirs.every((lane) => {
      const owner = lanes[lane]?.owner
      return owner !== undefined && owner !== victim.owner
    })
  )
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1_000
  yield* print(
    `its ${theirs.length} lanes have new owners after ${seconds.toFixed(1)} s, and go on behind their checkpoints`
  )
})

/** Runs the job, shows it, and kills a runner meanwhile. */
const copy = Effect.fnUntraced(function*(runners: ReadonlyArray<Runner>) {
  const screen = yield* Screen.make
  const began = yield* Clock.currentTimeMillis
  const handle = yield* CopyCities.start({ id: job })
  let moment: Moment = { lanes: yield* lanesOf(job, runners), total }
  const look = Effect.gen(function*() {
    moment = { lanes: yield* lanesOf(job, runners), total }
    const now = moment
    yield* screen.draw((columns) => linesOf(now, columns))
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("250 millis")))
  if (!screen.isTerminal) {
    const print = Effect.suspend(() => screen.print(lineOf(moment)))
    yield* Effect.forkScoped(Effect.repeat(print, Schedule.spaced("2 seconds")))
  }
  const victim = runners[1] ?? (yield* Effect.die(new Error("there is no second runner")))
  const hasMoved = yield* Effect.forkScoped(killOne(victim, () => moment, screen.print))
  const end = yield* handle.await
  yield* Fiber.join(hasMoved)
  yield* look
  return { rows: end.rows, seconds: ((yield* Clock.currentTimeMillis) - began) / 1_000 }
}, Effect.scoped)

/** Compares each row of the target with the city that it was made of. */
const verify = Effect.gen(function*() {
  const expected = new Map(cities.map((city) => [city.id, toCityOfCountry(new City(city))]))
  let rows = 0
  let wrong = 0
  yield* Stream.runForEach(Scan.table(CityOfCountry), (row) =>
    Effect.sync(() => {
      rows++
      if (!Equal.equals(row, expected.get(row.id))) wrong++
      expected.delete(row.id)
    }))
  yield* check(wrong === 0, `${wrong} of ${rows} rows differ from what they were made of`)
  yield* check(expected.size === 0, `${expected.size} cities have no row in the target`)
  yield* check(rows === total, `${total} rows are in the target, not ${rows}`)
})

const demo = Effect.gen(function*() {
  yield* prepare
  const { died, runners } = yield* startRunners
  const { rows, seconds } = yield* Effect.raceFirst(copy(runners), died)
  yield* check(rows === total, `${total} rows are counted, each once, not ${rows}`)
  yield* Console.log(`copied ${grouped(rows)} rows in ${seconds.toFixed(1)} s, each counted once. Verifying them ...`)
  yield* verify
  yield* Console.log(`${grouped(total)} rows copied and verified, although one of three processes was killed`)
}).pipe(Effect.scoped)

const SessionLive = Layer.unwrap(Effect.map(CassandraServer.CassandraServer, sessionTo)).pipe(
  Layer.provideMerge(CassandraServer.layer({ heap: "1g" }))
)
const JobsLive = Jobs.layer({ keyspace, lanes: cluster.lanes }).pipe(Layer.provideMerge(SessionLive))

const main = Console.log("starting a Cassandra server, or finding one ...").pipe(
  Effect.andThen(Effect.provide(demo, Layer.merge(JobsLive, NodeServices.layer)))
)

NodeRuntime.runMain(main)
