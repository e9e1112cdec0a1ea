/** Users by id: every result is looked at, the failed ones as well. */
import { executeConcurrent, executeConcurrentWithArgs, ExecutionResult, Query } from "@effect-cql/core"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Cassandra } from "./cassandra.ts"

const insert = Query.make("INSERT INTO examples.users (id, name) VALUES (:id, :name)", {
  params: Schema.Struct({ id: Schema.Int, name: Schema.String })
})

const nameById = Query.make("SELECT name FROM examples.users WHERE id = ?", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ name: Schema.String })
})

const users = ["ada", "grace", "barbara"].map((name, index) => ({ id: index + 1, name }))

export const program = Effect.gen(function*() {
  yield* executeConcurrentWithArgs(insert, users)
  // No user has the id 4, and 1.5 is not an id: that statement fails as a value, before it is sent.
  const statements = [1, 2, 3, 4, 1.5].map((id) => nameById(id))
  const results = yield* executeConcurrent(statements, { concurrency: 50, raiseOnFirstError: false })
  const lines = results.map((result) =>
    ExecutionResult.match(result, {
      onSuccess: ({ value }) => value.first?.name ?? "nobody",
      onFailure: ({ error, outcome }) => `${error.reason._tag} (${outcome})`
    })
  )
  yield* Console.log(lines.join(", "))
  return lines
})

if (import.meta.main) NodeRuntime.runMain(Effect.provide(program, Cassandra))
