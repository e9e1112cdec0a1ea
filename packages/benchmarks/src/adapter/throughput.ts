/**
 * Statements a second on a real server: the library and the driver, each at its best concurrency; and bulk inserts in batches.
 */
import { Batch, runConcurrent, type Session } from "@effect-cql/core"
import type cassandra from "cassandra-driver"
import { type Context, Effect } from "effect"
import type { Contender, Samples } from "../internal/rounds.ts"
import { lowerBound, median } from "../internal/stats.ts"
import { driver, library, type Work } from "./contenders.ts"

export const concurrencies = [32, 128, 512]

const at = (name: string, concurrency: number): string => `${name}, concurrency ${concurrency}`

export const throughputNames = { library: "executeConcurrentWithArgs", driver: "executeConcurrent of the driver" }

/** Both at every concurrency. */
export const byConcurrency = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  work: Work
): ReadonlyArray<Contender> =>
  concurrencies.flatMap((concurrency) => [
    { ...library(session, work, concurrency), name: at(throughputNames.library, concurrency) },
    { ...driver(client, work, concurrency), name: at(throughputNames.driver, concurrency) }
  ])

/** The contender at the concurrency at which it is fastest. */
export const best = (samples: Samples, name: string): string =>
  concurrencies.map((concurrency) => at(name, concurrency)).reduce((best, each) =>
    samples.median(each, "wall") < samples.median(best, "wall") ? each : best
  )

/** Throughput of one to that of another, a round each. */
export const speedUp = (samples: Samples, name: string, to: string) => {
  const other = samples.of(to)
  const ratios = samples.of(name).map(({ wall }, round) => other[round]!.wall / wall)
  return { median: median(ratios), lowerBound: lowerBound(ratios) }
}

export const bulkNames = { library: "runConcurrent of batches", driver: "client.batch, a bare loop" }

/** INSERTs of a text in unlogged batches: through the library, and through a bare loop over the driver. */
export const bulk = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  { parameters, text }: Work,
  { concurrency, size }: { readonly concurrency: number; readonly size: number }
): ReadonlyArray<Contender> => {
  const parts = Array.from(
    { length: Math.ceil(parameters.length / size) },
    (_, index) => parameters.slice(index * size, (index + 1) * size)
  )
  // Made when their turn comes, as those of the bare loop.
  const batches = function*() {
    for (const part of parts) {
      yield Batch.make(part.map((params) => [text, params] as const), { type: "unlogged" })
    }
  }
  return [
    {
      name: bulkNames.library,
      run: () =>
        Effect.runPromise(
          Effect.suspend(() => runConcurrent(batches(), { concurrency })).pipe(Effect.provideContext(session))
        )
    },
    {
      name: bulkNames.driver,
      run: async () => {
        const options = { prepare: true, logged: false }
        let next = 0
        const lane = async () => {
          while (next < parts.length) {
            const part = parts[next++]!
            await client.batch(part.map((params) => ({ query: text, params })), options)
          }
        }
        await Promise.all(Array.from({ length: concurrency }, lane))
      }
    }
  ]
}
