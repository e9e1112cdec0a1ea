/** A thousand inserts of one statement, fifty in flight. */
import { executeConcurrentWithArgs, Query } from "@effect-cql/core"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Cassandra } from "./cassandra.ts"

const insert = Query.make("INSERT INTO examples.numbers (a, b) VALUES (1, ?)", {
  params: Schema.Tuple([Schema.Int])
})

export const program = Effect.gen(function*() {
  const parameters = Array.from({ length: 1_000 }, (_, b) => [b] as const)
  const results = yield* executeConcurrentWithArgs(insert, parameters, { concurrency: 50 })
  yield* Console.log(`${results.length} rows inserted`)
  return results.length
})

if (import.meta.main) NodeRuntime.runMain(Effect.provide(program, Cassandra))
