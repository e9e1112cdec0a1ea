/** After: the same with effect-cql. */
import { executeConcurrentWithArgs, ExecutionResult } from "@effect-cql/core"
import { Effect } from "effect"

export const insertAll = (count: number) =>
  executeConcurrentWithArgs(
    "INSERT INTO examples.numbers (a, b) VALUES (11, ?)",
    Array.from({ length: count }, (_, b) => [b]),
    { concurrency: 50 }
  ).pipe(Effect.map((results) => results.length))

export const selectAll = (bs: ReadonlyArray<number | null>) =>
  executeConcurrentWithArgs("SELECT b FROM examples.numbers WHERE a = 11 AND b = ?", bs.map((b) => [b]), {
    concurrency: 50,
    raiseOnFirstError: false
  }).pipe(
    Effect.map((results) =>
      results.map(ExecutionResult.match({
        onSuccess: ({ value }) => String(value.length),
        onFailure: ({ error, outcome }) => `${error.reason._tag}, ${outcome}`
      }))
    )
  )
