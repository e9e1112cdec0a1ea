/**
 * The same statements on the same server: through the library, and through the driver alone.
 */
import { executeConcurrentWithArgs, Query, type Session } from "@effect-cql/core"
import cassandra from "cassandra-driver"
import { type Context, Effect } from "effect"
import type { Contender } from "../internal/rounds.ts"

/** A kind of statement, with the parameters of each of a run. */
export interface Work {
  readonly text: string
  readonly parameters: Array<Array<unknown>>
}

export const names = {
  library: "executeConcurrentWithArgs",
  driver: "executeConcurrent of the driver",
  loop: "client.execute, a bare loop"
}

/** Runs the statements through the library. */
export const library = (
  session: Context.Context<Session>,
  { parameters, text }: Work,
  concurrency: number
): Contender => {
  const query = Query.make(text)
  const run = executeConcurrentWithArgs(query, parameters, { concurrency, raiseOnFirstError: false })
  return {
    name: names.library,
    run: () =>
      Effect.runPromise(
        Effect.tap(run, (results) => Effect.sync(() => mustSucceed(results.filter(({ success }) => !success)))).pipe(
          Effect.provideContext(session)
        )
      )
  }
}

/** Runs them through the helper of the driver. */
export const driver = (client: cassandra.Client, { parameters, text }: Work, concurrency: number): Contender => ({
  name: names.driver,
  run: async () => {
    const options = { concurrencyLevel: concurrency, collectResults: true, raiseOnFirstError: false }
    const { errors } = await cassandra.concurrent.executeConcurrent(client, text, parameters, options)
    mustSucceed(errors)
  }
})

const loop = (client: cassandra.Client, { parameters, text }: Work, concurrency: number): Contender => ({
  name: names.loop,
  run: async () => {
    const options = { prepare: true }
    const results: Array<unknown> = []
    let next = 0
    const lane = async () => {
      while (next < parameters.length) {
        const index = next++
        results[index] = await client.execute(text, parameters[index]!, options)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, lane))
  }
})

const mustSucceed = (failures: ReadonlyArray<unknown>): void => {
  if (failures.length > 0) throw new Error(`${failures.length} statements failed`, { cause: failures[0] })
}

export const everybody = (
  session: Context.Context<Session>,
  client: cassandra.Client,
  work: Work,
  concurrency: number
): ReadonlyArray<Contender> => [
  library(session, work, concurrency),
  driver(client, work, concurrency),
  loop(client, work, concurrency)
]
