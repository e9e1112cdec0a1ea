/**
 * The heart of the suite: a steady run of writes at QUORUM while nodes fail, and afterwards every one of them held against
 * what all replicas have.
 */
import type { Outcome } from "@effect-cql/core"
import {
  type ExecutionResult,
  Limiter,
  Session,
  Settlement,
  type SourceError,
  streamConcurrent
} from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { types } from "cassandra-driver"
import { Effect, Fiber, Stream } from "effect"
import { CassandraClient, CassandraSession } from "../../../src/index.ts"
import { accountOf } from "../audit.ts"
import { sum } from "../fault.ts"
import { check } from "./account.ts"
import { allUp, impatient } from "./cluster.ts"
import { Latencies } from "./latencies.ts"
import type { Phase } from "./phases.ts"
import type { PhaseReport, Report, Settled } from "./report.ts"
import { everyKind, type Kind, makeTables, readAll, type Tables, type Write, writeOf } from "./writes.ts"

export interface Options<R> {
  /** Names the tables of the run. */
  readonly run: string
  /** Requests a second, the repeated ones included. */
  readonly rate: number
  /** Kinds of writes, used in turn. Default: every kind. */
  readonly kinds?: ReadonlyArray<Kind>
  /** Another session, and the client of the driver, write at the same time. Default: false. */
  readonly isShared?: boolean
  readonly phases: ReadonlyArray<Phase<R>>
}

/** Writes while one phase follows the other, and gives an account of every write. */
export const acknowledged = Effect.fnUntraced(function*<R>(options: Options<R>) {
  const tables = yield* makeTables(options.run)
  const written = yield* write(tables, options)
  const { writers, writes } = written

  yield* allUp
  const before = yield* readAll(tables)
  const settled: Array<Settled> = []
  for (const { own, results } of writers) {
    const open = results.filter(({ outcome }) => outcome === "Unknown" || outcome === "WillApply")
    for (const settlement of yield* Settlement.settle(open)) {
      settled.push({ write: own[settlement.index]!, settlement })
    }
  }
  const after = yield* readAll(tables)
  const stranger = [...after.times.keys()].find((index) => writes[index] === undefined)
  if (stranger !== undefined) return yield* Effect.die(new Error(`${stranger} is there, and was never written`))

  const reported = new Map(written.reported)
  for (const { own, results } of writers) {
    for (const [index, outcome] of accountOf(results)) reported.set(own[index]!.index, outcome)
  }
  // What will be applied need not be there at ALL before a read at SERIAL has finished its round.
  const certain = new Map(
    [...reported].map(([index, outcome]) => [index, outcome === "WillApply" ? "Unknown" : outcome])
  )
  const outcomes = new Map(settled.map(({ settlement, write }) => [write.index, settlement.outcome]))
  const phases = options.phases.map(({ name }, phase): PhaseReport => {
    const own = writes.filter((write) => write.phase === phase)
    const first = check(own, certain, before)
    const last = check(own, new Map([...reported, ...outcomes]), after)
    return {
      name,
      seconds: written.seconds[phase]!,
      retried: own.filter(({ retries }) => retries.length > 0).length,
      latencies: written.latencies[phase]!,
      tally: {
        ...check(own, reported, after),
        settled: own.filter(({ index }) => reported.get(index) === "Unknown" && isCertain(outcomes.get(index))).length,
        lost: Math.max(first.lost, last.lost),
        unsafeDuplicates: Math.max(first.unsafeDuplicates, last.unsafeDuplicates) + unsafeRetries(own)
      }
    }
  })
  const report: Report = {
    phases,
    results: writers.flatMap(({ results }) => results),
    tally: sum(phases.map(({ tally }) => tally)),
    settled
  }
  return report
})

/** A session that writes, and what it reports. Its results have the positions of its own writes as their index. */
interface Writer {
  readonly own: Array<Write>
  readonly results: Array<ExecutionResult.ExecutionResult<unknown>>
}

/** Writes until the last phase is over, and waits for every answer. */
const write = Effect.fnUntraced(function*<R>(
  tables: Tables,
  { isShared = false, kinds = everyKind, phases, rate }: Options<R>
) {
  const latencies = phases.map(() => new Latencies())
  const seconds: Array<number> = []
  const writes: Array<Write> = []
  const reported = new Map<number, Outcome.Outcome>()
  let phase = 0
  const begin = (kind: Kind): Write => {
    const write = writeOf(tables, kind, writes.length, phase)
    writes.push(write)
    return write
  }
  const limiter = yield* Limiter.rate({ statements: rate, per: "1 second" })
  const writing = ({ own, results }: Writer) => {
    const started: Array<number> = []
    function* source() {
      while (phase < phases.length) {
        const write = begin(kinds[writes.length % kinds.length]!)
        own.push(write)
        started.push(performance.now())
        yield write.statement
      }
    }
    return streamConcurrent(source(), {
      raiseOnFirstError: false,
      ordered: false,
      concurrency: 64,
      limiter,
      statement: { consistency: "QUORUM", serialConsistency: "SERIAL" }
    }).pipe(
      Stream.runForEach((result) =>
        Effect.sync(() => {
          results.push(result)
          latencies[own[result.index]!.phase]!.add(performance.now() - started[result.index]!)
        })
      )
    )
  }
  const client = yield* CassandraClient
  // The driver reports less: what it fails with may have been applied.
  const writingByDriver = Effect.gen(function*() {
    while (phase < phases.length) {
      const { index, statement: { params, text } } = begin("insert")
      const options = { prepare: true, consistency: types.consistencies.quorum }
      const exit = yield* Effect.exit(
        Effect.tryPromise(() => client.execute(text, Object.values(params ?? []), options))
      )
      reported.set(index, exit._tag === "Success" ? "Applied" : "Unknown")
      yield* Effect.sleep("10 millis")
    }
  })
  const writers: Array<Writer> = [{ own: [], results: [] }]
  const runs: Array<Effect.Effect<void, SourceError, Session>> = [writing(writers[0]!)]
  if (isShared) {
    const another = yield* CassandraSession.make(impatient(yield* CassandraServer))
    writers.push({ own: [], results: [] })
    runs.push(Effect.provideService(writing(writers[1]!), Session, another), writingByDriver)
  }
  const run = yield* Effect.forkChild(Effect.all(runs, { concurrency: "unbounded", discard: true }))
  const faults = Effect.forEach(phases, ({ during }) =>
    Effect.gen(function*() {
      const begin = performance.now()
      yield* during
      seconds.push((performance.now() - begin) / 1_000)
      phase++
    }))
  // Neither must a run that fails wait for all phases, nor a phase that fails leave an endless run behind.
  yield* Effect.raceFirst(faults, Effect.andThen(Fiber.join(run), Effect.never))
  yield* Fiber.join(run)
  return { latencies, seconds, writes, writers, reported }
})

const isCertain = (outcome: Outcome.Outcome | undefined): boolean => outcome === "Applied" || outcome === "NotApplied"

/** Writes that were to be sent again though they may have been applied, where twice is not as once. */
const unsafeRetries = (writes: ReadonlyArray<Write>): number =>
  writes.filter(({ kind, retries }) => kind !== "insert" && retries.some(({ outcome }) => outcome !== "NotApplied"))
    .length
