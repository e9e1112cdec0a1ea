/** Determines the outcome of every write of a run, as far as possible. */
import type { Outcome } from "@effect-cql/core"
import { executeConcurrent, Query, Settlement } from "@effect-cql/core"
import { Effect, Schema } from "effect"

const insert = Query.make("INSERT INTO examples.users (id, name) VALUES (?, ?)", {
  params: Schema.Tuple([Schema.Int, Schema.String])
})

/** Counts of users that are in the table, that are not, and the users with an unknown outcome. */
export interface Account {
  readonly applied: number
  readonly notApplied: number
  readonly unknown: ReadonlyArray<number>
}

/** Writes all users, then settles what the run has left open: by reading it back, and else by writing it again. */
export const writeAll = Effect.fn("writeAll")(function*(users: ReadonlyArray<readonly [id: number, name: string]>) {
  const results = yield* executeConcurrent(users.map((user) => insert(...user)), {
    raiseOnFirstError: false,
    // A database that refuses everything is not asked a million times.
    errorBudget: { share: 0.5, window: 100 },
    statement: { consistency: "QUORUM" }
  }).pipe(Effect.catchTag("ErrorBudgetExhausted", ({ results }) => Effect.succeed(results)))

  const settlements = yield* Settlement.settle(results)
  // With its first timestamp and its options: a newer value of another client stays, whatever happened to the first attempt.
  const open = settlements.filter(({ again }) => again !== undefined)
  const again = yield* executeConcurrent(open.flatMap(({ again }) => again ?? []), { raiseOnFirstError: false })

  const outcomes = new Map(results.map(({ index, outcome }): [number, Outcome.Outcome] => [index, outcome]))
  for (const { index, outcome } of settlements) outcomes.set(index, outcome)
  for (const [at, { success }] of again.entries()) if (success) outcomes.set(open[at]!.index, "Applied")
  return accountOf(users.length, outcomes)
})

// Statements that were not started have no outcome and were not applied.
const accountOf = (count: number, outcomes: ReadonlyMap<number, Outcome.Outcome>): Account => {
  const account = { applied: 0, notApplied: 0, unknown: new Array<number>() }
  for (let index = 0; index < count; index++) {
    const outcome = outcomes.get(index) ?? "NotApplied"
    if (outcome === "Applied" || outcome === "WillApply") account.applied++
    else if (outcome === "NotApplied") account.notApplied++
    else account.unknown.push(index)
  }
  return account
}
