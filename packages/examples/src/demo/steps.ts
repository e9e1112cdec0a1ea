/** The steps of the demo. Each does one thing with the session, checks it, and reports the result. */
import {
  executeConcurrent,
  executeConcurrentWithArgs,
  ExecutionResult,
  Session,
  Statement,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import { Reporter, RunReport } from "@effect-cql/report"
import { Console, Duration, Effect, Equal, Stream } from "effect"
import { check } from "./check.ts"
import { byId, cities, type City, ids, insert, schema } from "./cities.ts"
import * as Heap from "./heap.ts"

/** One line of the table at the end. */
export interface Row {
  readonly step: string
  readonly rows: number
  readonly seconds: number
  /** Failures by reason. */
  readonly failures: Readonly<Record<string, number>>
}

const measured = <E, R>(
  step: string,
  effect: Effect.Effect<{ readonly rows: number; readonly failures?: Record<string, number> }, E, R>
): Effect.Effect<Row, E, R> =>
  Effect.map(Effect.timed(effect), ([duration, { failures = {}, rows }]) => ({
    step,
    rows,
    seconds: Duration.toMillis(duration) / 1_000,
    failures
  }))

/** Creates the keyspace and the table, empty. */
export const createSchema = Effect.forEach(schema, (text) => Statement.make(text), { discard: true })

const concurrency = 256

/** Loads every city, and writes a report about that to a file. */
export const load = (file: string) =>
  measured(
    "load",
    Effect.scoped(Effect.gen(function*() {
      const onProgress = Reporter.all([
        yield* Reporter.console({ title: "loading cities", total: cities.length }),
        yield* RunReport.html(file, { title: "Loading the cities of the world", settings: { concurrency } })
      ])
      const results = yield* executeConcurrentWithArgs(insert, cities, { concurrency, onProgress })
      return { rows: results.length }
    }))
  )

/** Checks that every city is in the table. */
export const countRows = measured(
  "count",
  Effect.gen(function*() {
    // Page by page, where `count(*)` would ask one coordinator for everything at once.
    const inTable = yield* Session.use((session) => Stream.runCount(session.stream(ids())))
    yield* check(inTable === cities.length, `${cities.length} rows are in the table, not ${inTable}`)
    return { rows: inTable }
  })
)

// Wrong in three ways: no number, no int, and no key.
const wrongIds = ["Atlantis", "El Dorado", 2 ** 40, -(2 ** 40), null]

/** Reads a thousand cities, some of them by ids that are wrong on purpose. */
export const readBack = measured(
  "read back",
  Effect.gen(function*() {
    const step = Math.floor(cities.length / 1_000)
    const ids = Array.from(
      { length: 1_000 },
      (_, index) => index % 200 === 100 ? wrongIds[Math.floor(index / 200)] : cities[index * step]!.id
    )
    const results = yield* executeConcurrent(ids.map((id) => byId(id)), { raiseOnFirstError: false })
    const [found, failed] = ExecutionResult.partition(results)
    yield* check(
      found.every(({ index, value }) => Equal.equals(value.first, cities[index * step])),
      "every city that was read is the one that was written"
    )
    yield* check(
      failed.length === wrongIds.length,
      `${wrongIds.length} ids are wrong, and ${failed.length} reads failed`
    )
    yield* Console.log(`reading 1000 back, ${wrongIds.length} of them by ids that are wrong on purpose:`)
    for (const { error, index, outcome } of failed) {
      yield* Console.log(`  ${index}: ${error.reason._tag} (${outcome}), ${error.reason.message}`)
    }
    return { rows: found.length, failures: countBy(failed, ({ error }) => error.reason._tag) }
  })
)

const countBy = <A>(items: ReadonlyArray<A>, keyOf: (item: A) => string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return counts
}

const heapChecks = 8

/** Streams the whole table back in the order of the ids, to a consumer that takes its time. */
export const streamBack = measured(
  "stream back",
  Effect.gen(function*() {
    const { before, heaps, read, wrong } = yield* Effect.scoped(streamed)
    yield* check(read === cities.length, `${cities.length} cities were written, and ${read} read`)
    yield* check(wrong === 0, `${wrong} cities differ from what was written`)
    const inMegabytes = [before, ...heaps].map((heap) => heap.toFixed(0))
    yield* Console.log(`  heap held, in MB: ${inMegabytes[0]} before, ${inMegabytes.slice(1).join(" ")} on the way`)
    yield* check(Math.max(...heaps) < before + 48, "the heap stays flat while the table is streamed")
    return { rows: read }
  })
)

const streamed = Effect.gen(function*() {
  const onProgress = yield* Reporter.console({ title: "streaming back, to a slow consumer", total: cities.length })
  const before = yield* Heap.used
  const heaps: Array<number> = []
  let read = 0
  let wrong = 0
  const compare = (results: ReadonlyArray<ExecutionResult.Success<City>>) => {
    for (const { value } of results) if (!Equal.equals(value.first, cities[read++])) wrong++
  }
  yield* streamConcurrentWithArgs(byId, cities.map(({ id }) => [id] as const), { concurrency, onProgress }).pipe(
    Stream.rechunk(1_000),
    Stream.runForEachArray((results) =>
      Effect.gen(function*() {
        compare(results)
        // Slower than the server: the run has to wait for this consumer, and must not hoard what it waits with.
        yield* Effect.sleep("20 millis")
        if (read >= (heaps.length + 1) * cities.length / heapChecks) heaps.push(yield* Heap.used)
      })
    )
  )
  return { before, heaps, read, wrong }
})
