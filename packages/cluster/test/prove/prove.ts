/**
 * Copies a table by a job on three processes, while processes and nodes are killed, frozen, stopped and restarted. Afterwards every
 * row of the target is compared with the source, and the account of the job with both.
 */
import { Jobs } from "@effect-cql/cluster"
import { runConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Random } from "@effect-cql/test-support/random"
import { Clock, Effect, Fiber, Layer, Schedule, type Scope } from "effect"
import process from "node:process"
import { Account, applicationWrites, type Check, compare, others, owners, patient, rowOf } from "./checks.ts"
import { Copy, insertInto, sessionLayer, shards, tables } from "./copy.ts"
import { type Counts, type Fault, plan } from "./faults.ts"
import * as Fleet from "./fleet.ts"
import { killTwo, whileFailing } from "./nodes.ts"

export interface Options extends Counts {
  readonly seed: number
  readonly rows: number
  readonly units: number
  /** Seconds between the earliest and the latest wall clock of the processes. */
  readonly skew: number
  readonly pageSize: number
  /** Milliseconds to wait behind a page. */
  readonly pause: number
}

export interface Proof {
  readonly checks: ReadonlyArray<Check>
  readonly facts: ReadonlyArray<readonly [name: string, value: string]>
}

type Print = (line: string) => Effect.Effect<void>

const seconds = (millis: number) => `${(millis / 1_000).toFixed(1)} s`

/** Runs a proof on the server of the context. It ends with its checks, also if some of them fail. */
export const prove = (options: Options, print: Print): Effect.Effect<Proof, unknown, CassandraServer | Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* CassandraServer
    const keyspace = `prove_${process.pid}_${options.seed}`
    return yield* proof(options, keyspace, print).pipe(Effect.provide(
      Jobs.layer({ keyspace, lanes: shards }).pipe(
        Layer.provideMerge(keyspaceLayer(keyspace, options.nodes)),
        Layer.provideMerge(sessionLayer(server))
      )
    ))
  })

const ddl = (text: string) => Statement.make(text, [], { requestTimeout: "30 seconds", retry: "none" })

const keyspaceLayer = (keyspace: string, replicas: number) =>
  Layer.effectDiscard(Effect.acquireRelease(
    Effect.gen(function*() {
      yield* ddl(
        `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': ${replicas}}`
      )
      yield* Effect.forEach(tables(keyspace), ddl)
    }),
    () => Effect.ignore(ddl(`DROP KEYSPACE ${keyspace}`))
  ))

const proof = (options: Options, keyspace: string, print: Print) =>
  Effect.gen(function*() {
    const { lease, rows, seed, skew, units } = options
    const server = yield* CassandraServer
    const begun = yield* Clock.currentTimeMillis
    const say = (line: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => print(`${seconds(now - begun).padStart(9)}  ${line}`))

    yield* say(`seed ${seed}: ${rows} rows, ${units} units, ${options.nodes} node(s), leases of ${lease} s`)
    const all = function*() {
      for (let id = 0; id < rows; id++) yield rowOf(seed, id)
    }
    const writes = { concurrency: 128, statement: { consistency: "LOCAL_QUORUM" as const, ...patient } }
    yield* runConcurrentWithArgs(insertInto(keyspace, "source"), all(), writes)
    const foreign = Array.from({ length: others }, (_, at) => [rows + at, "other", rows + at] as const)
    yield* runConcurrentWithArgs(insertInto(keyspace, "target"), foreign, writes)
    yield* say("the source is there")

    const account = new Account()
    const settings = {
      keyspace,
      contactPoints: server.contactPoints,
      localDataCenter: server.localDataCenter,
      lease,
      pageSize: options.pageSize,
      pause: options.pause
    }
    const clocks = [0, skew * 500, -skew * 500]
    const fleet = yield* Fleet.make(settings, clocks, (report) => account.enter(report))
    const started = yield* Clock.currentTimeMillis
    const job = yield* Copy.start({ units }, { id: "copy" })
    const progress = Effect.retry(job.progress, { schedule: Schedule.spaced("500 millis"), times: 240 })
    const checks: Array<Check> = []
    const handOvers: Array<number> = []
    const background: Array<Fiber.Fiber<unknown, unknown>> = []
    const later = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(Effect.forkScoped(effect), (fiber) => {
        background.push(fiber)
      })
    const random = new Random(seed ^ 0x5eed)
    const dead = new Set<number>()

    const locks = Effect.orElseSucceed(owners(keyspace), () => new Map<string, string>())

    /** Waits until each lock of processes that have died has had another owner. */
    const handOver = (former: ReadonlyMap<string, string>, from: number) =>
      Effect.gen(function*() {
        const left = new Set(former.keys())
        while (left.size > 0) {
          yield* Effect.sleep("250 millis")
          for (const [lock, owner] of yield* locks) {
            if (owner !== former.get(lock)) left.delete(lock)
          }
        }
        handOvers.push((yield* Clock.currentTimeMillis) - from)
      }).pipe(
        Effect.timeout("3 minutes"),
        Effect.catch(() =>
          Effect.sync(() => checks.push(["every lane had an owner again", "one had none for three minutes"]))
        )
      )

    const revive = (place: number, millis: number) =>
      Effect.sleep(millis).pipe(
        Effect.andThen(fleet.start(place)),
        Effect.andThen(Effect.sync(() => dead.delete(place)))
      )

    const victim = Effect.suspend(() => {
      const running = fleet.members.filter(({ place, state }) => state === "running" && !dead.has(place))
      return Effect.succeed(running[random.between(0, running.length - 1)])
    }).pipe(
      Effect.repeat({ until: (member) => member !== undefined, schedule: Schedule.spaced("100 millis") }),
      Effect.flatMap(Effect.fromNullishOr)
    )

    const onProcess = (kind: "kill -9" | "SIGSTOP" | "SIGTERM", length: number) =>
      Effect.gen(function*() {
        const member = yield* victim
        const { place } = member
        yield* say(`${kind} in place ${place}, which has ${member.units.size} units`)
        const now = yield* Clock.currentTimeMillis
        if (kind === "SIGSTOP") {
          yield* fleet.freeze(member)
          yield* later(Effect.andThen(Effect.sleep(length), fleet.thaw(member)))
          return
        }
        dead.add(place)
        const address = fleet.addresses[place] ?? ""
        const former = new Map([...yield* locks].filter(([, owner]) => owner.startsWith(`${address} `)))
        yield* fleet.end(member, kind === "SIGTERM" ? "SIGTERM" : "SIGKILL")
        if (kind === "SIGTERM") yield* say(`the process in place ${place} has ended`)
        yield* later(handOver(former, now))
        yield* later(revive(place, length))
      })

    const inject = ({ kind, length }: Fault) => {
      const [, second, third] = server.nodes
      if (kind === "kill -9" || kind === "SIGSTOP" || kind === "SIGTERM") return onProcess(kind, length)
      if (second === undefined || third === undefined) return Effect.void
      if (kind === "two nodes killed") {
        return Effect.map(
          killTwo({ first: [second, third], keyspace, lease, account, fleet, progress, say }),
          (found) => {
            checks.push(...found)
          }
        )
      }
      return whileFailing(kind, kind === "node paused" ? second : third, length + 4_000, say)
    }

    const faults = plan(seed, options)
    let late = 0
    const injected = yield* Effect.forkScoped(Effect.gen(function*() {
      for (const fault of faults) {
        yield* Effect.repeat(progress, {
          until: ({ rows: done }) => done >= fault.share * rows,
          schedule: Schedule.spaced("200 millis")
        })
        yield* Effect.sleep(fault.delay)
        if ((yield* progress).state === "done") late++
        yield* inject(fault)
      }
    }))
    // A process that ends by itself is started again, as a supervisor of processes does.
    yield* Effect.forkScoped(
      Effect.forEach([0, 1, 2], (place) =>
        Effect.suspend(() =>
          fleet.members[place]?.state === "over" && !dead.has(place) ? fleet.start(place) : Effect.void
        )).pipe(Effect.repeat(Schedule.spaced("1 second")))
    )
    const application = yield* Effect.forkScoped(
      Effect.forEach([0, 1, 2, 3], (part) =>
        Effect.repeat(progress, {
          until: ({ rows: done }) =>
            done >= part * rows / 4,
          schedule: Schedule.spaced("500 millis")
        }).pipe(Effect.andThen(applicationWrites(keyspace, rows, part / 4, (part + 1) / 4))), { discard: true })
    )
    yield* Effect.forkScoped(
      Effect.flatMap(progress, ({ done, rows: counted, state }) =>
        say(`${state}: ${counted} of ${rows} rows, ${done} of ${units} units`)).pipe(
          Effect.repeat(Schedule.spaced("10 seconds"))
        )
    )

    yield* Fiber.join(injected)
    yield* Effect.repeat(progress, {
      until: ({ state }) =>
        state !== "running" && state !== "planning",
      schedule: Schedule.spaced("500 millis")
    })
    const ended = yield* Clock.currentTimeMillis
    yield* Fiber.join(application)
    yield* Effect.forEach(background, Fiber.join, { discard: true })
    yield* say("the job has ended; comparing row by row")
    checks.push(...yield* compare(keyspace, options, job, account))

    const longest = Math.max(0, ...handOvers)
    const bound = 2 * lease * 1_000 + 30_000
    checks.push([
      `every lane of a dead process had an owner again within ${seconds(bound)}`,
      longest <= bound ? undefined : `the longest took ${seconds(longest)}`
    ])
    const count = (kind: Fault["kind"]) =>
      faults.filter((fault) =>
        fault.kind === kind
      ).length
    return {
      checks,
      facts: [
        ["rows copied", String(rows)],
        ["time of the copy", seconds(ended - started)],
        ["processes killed, frozen, stopped", `${count("kill -9")}, ${count("SIGSTOP")}, ${count("SIGTERM")}`],
        ["faults of nodes", String(faults.length - count("kill -9") - count("SIGSTOP") - count("SIGTERM"))],
        ["faults after the end of the job (--pause makes it longer)", String(late)],
        ["processes that ended by themselves", String(fleet.crashes.length)],
        ["units begun, of " + units, String(account.began)],
        ["checkpoints acknowledged", String(account.checkpoints)],
        ["checkpoints that the fence refused", String(account.refused)],
        [
          "hand-over after a death: mean, longest",
          `${seconds(handOvers.reduce((sum, each) => sum + each, 0) / Math.max(1, handOvers.length))}, ${
            seconds(longest)
          }`
        ],
        ...fleet.crashes.map((crash) => ["ended by itself", crash] as const)
      ]
    } satisfies Proof
  })
