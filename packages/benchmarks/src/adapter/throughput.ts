/**
 * Statements a second on a real server: the library and the driver, each at its best level; and bulk inserts in batches.
 */
import { Batch, runConcurrent, type Session } from "@effect-cql/core"
import type cassandra from "cassandra-driver"
import { type Context, Effect } from "effect"
import type { Contender, Samples } from "../internal/rounds.ts"
import { lowerBound, median } from "../internal/stats.ts"
import { driver, library, type Work } from "./contenders.ts"

export const levels = [32, 128, 512]

const at = (name: string, level: number): string => `${name}, level ${level}`

export const throughputNames = { library: "executeConcurrentWithArgs", driver: "executeConcurrent of the driver" }

/** Both at every level. */
export const byLevel = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  work: Work
): ReadonlyArray<Contender> =>
  levels.flatMap((level) => [
    { ...library(session, work, level), name: at(throughputNames.library, level) },
    { ...driver(client, work, level), name: at(throughputNames.driver, level) }
  ])

/** The contender at the level at which it is fastest. */
export const best = (samples: Samples, name: string): string =>
  levels.map((level) => at(name, level)).reduce((best, each) =>
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
  { level, size }: { readonly level: number; readonly size: number }
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
          Effect.suspend(() => runConcurrent(batches(), { concurrency: level })).pipe(Effect.provideContext(session))
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
        await Promise.all(Array.from({ length: level }, lane))
      }
    }
  ]
}
