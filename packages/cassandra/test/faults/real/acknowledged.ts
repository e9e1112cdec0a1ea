/**
 * The heart of the suite: a steady run of writes at QUORUM while nodes fail, and afterwards every one of them held against
 * what all replicas have.
 */
import type { Outcome } from "@effect-cql/core"
import { type ExecutionResult, Limiter, Settlement, streamConcurrent } from "@effect-cql/core"
import { Effect, Fiber, Stream } from "effect"
import { accountOf } from "../audit.ts"
import { sum } from "../fault.ts"
import { check } from "./account.ts"
import { allUp } from "./cluster.ts"
import { Latencies } from "./latencies.ts"
import type { Phase } from "./phases.ts"
import type { PhaseReport, Report } from "./report.ts"
import { everyKind, type Kind, makeTables, readAll, type Tables, type Write, writeOf } from "./writes.ts"

export interface Options<R> {
  /** Names the tables of the run. */
  readonly run: string
  /** Requests a second, the repeated ones included. */
  readonly rate: number
  /** What is written, in turn. Default: every kind. */
  readonly kinds?: ReadonlyArray<Kind>
  readonly phases: ReadonlyArray<Phase<R>>
}

/** Writes while one phase follows the other, and gives an account of every write. */
export const acknowledged = Effect.fnUntraced(function*<R>(options: Options<R>) {
  const tables = yield* makeTables(options.run)
  const written = yield* write(tables, options)
  const { results, writes } = written

  yield* allUp
  const before = yield* readAll(tables)
  const open = results.filter(({ outcome }) => outcome === "Unknown" || outcome === "WillApply")
  const settlements = yield* Settlement.settle(open)
  const after = yield* readAll(tables)
  const stranger = [...after.times.keys()].find((index) => writes[index] === undefined)
  if (stranger !== undefined) return yield* Effect.die(new Error(`${stranger} is there, and was never written`))

  const told = accountOf(results)
  // What will be applied need not be there at ALL before a read at SERIAL has finished its round.
  const certain = new Map([...told].map(([index, outcome]) => [index, outcome === "WillApply" ? "Unknown" : outcome]))
  const settled = new Map(settlements.map(({ index, outcome }) => [index, outcome]))
  const phases = options.phases.map(({ name }, phase): PhaseReport => {
    const own = writes.filter((write) => write.phase === phase)
    const first = check(own, certain, before)
    const last = check(own, new Map([...told, ...settled]), after)
    return {
      name,
      seconds: written.seconds[phase]!,
      retried: own.filter(({ retries }) => retries.length > 0).length,
      latencies: written.latencies[phase]!,
      tally: {
        ...check(own, told, after),
        settled: own.filter(({ index }) => told.get(index) === "Unknown" && isCertain(settled.get(index))).length,
        lost: Math.max(first.lost, last.lost),
        unsafeDuplicates: Math.max(first.unsafeDuplicates, last.unsafeDuplicates) + unsafeRetries(own)
      }
    }
  })
  const report: Report = {
    phases,
    results,
    writes,
    tally: sum(phases.map(({ tally }) => tally)),
    settlements
  }
  return report
})

/** Writes until the last phase is over, and waits for every answer. */
const write = Effect.fnUntraced(function*<R>(tables: Tables, { kinds = everyKind, phases, rate }: Options<R>) {
  const latencies = phases.map(() => new Latencies())
  const seconds: Array<number> = []
  const writes: Array<Write> = []
  const started: Array<number> = []
  const results: Array<ExecutionResult.ExecutionResult<unknown>> = []
  let phase = 0
  function* source() {
    while (phase < phases.length) {
      const write = writeOf(tables, kinds[writes.length % kinds.length]!, writes.length, phase)
      writes.push(write)
      started.push(performance.now())
      yield write.statement
    }
  }
  const run = yield* streamConcurrent(source(), {
    raiseOnFirstError: false,
    ordered: false,
    concurrency: 64,
    limiter: yield* Limiter.rate({ statements: rate, per: "1 second" }),
    statement: { consistency: "QUORUM", serialConsistency: "SERIAL" }
  }).pipe(
    Stream.runForEach((result) =>
      Effect.sync(() => {
        results.push(result)
        latencies[writes[result.index]!.phase]!.add(performance.now() - started[result.index]!)
      })
    ),
    Effect.forkChild
  )
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
  return { latencies, seconds, writes, results }
})

const isCertain = (outcome: Outcome.Outcome | undefined): boolean => outcome === "Applied" || outcome === "NotApplied"

/** Writes that were to be sent again though they may have been applied, where twice is not as once. */
const unsafeRetries = (writes: ReadonlyArray<Write>): number =>
  writes.filter(({ kind, retries }) => kind !== "insert" && retries.some(({ outcome }) => outcome !== "NotApplied"))
    .length
