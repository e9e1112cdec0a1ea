/** A source that is never in memory as a whole, written and summed up as a stream. */
import { Query, runConcurrentWithArgs, streamConcurrentWithArgs } from "@effect-cql/core"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema, Stream } from "effect"
import { Cassandra } from "./cassandra.ts"

const insert = Query.make("INSERT INTO examples.numbers (a, b) VALUES (2, ?)", {
  params: Schema.Tuple([Schema.Int])
})

const select = Query.make("SELECT b FROM examples.numbers WHERE a = 2 AND b = ?", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ b: Schema.Int })
})

const numbers = Stream.range(1, 5_000).pipe(Stream.map((b) => [b] as const))

export const program = Effect.gen(function*() {
  const { succeeded } = yield* runConcurrentWithArgs(insert, numbers, { concurrency: 64 })
  // Results come in the order of the source, and a slow consumer holds the reads back.
  const sum = yield* streamConcurrentWithArgs(select, numbers, { concurrency: 64 }).pipe(
    Stream.runFold(() => 0, (sum, { value }) => sum + (value.first?.b ?? 0))
  )
  yield* Console.log(`${succeeded} rows written, sum of what was read: ${sum}`)
  return { succeeded, sum }
})

if (import.meta.main) NodeRuntime.runMain(Effect.provide(program, Cassandra))
