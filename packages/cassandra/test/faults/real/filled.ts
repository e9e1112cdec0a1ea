/** Tables with rows in them, and what is in tables. */
import { executeConcurrent, Query, RetryPolicy, Statement } from "@effect-cql/core"
import { Effect, Schedule } from "effect"

/** As patient as it takes: for what a test depends on, and is not about. */
export const patient: Statement.Options = {
  consistency: "ALL",
  requestTimeout: "20 seconds",
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 19, initial: "200 millis" }),
    budget: { minimum: 1_000, share: 1 }
  })
}

/** Inserts rows with the ids from 0 on. */
export const insertAll = (table: string, rows: number) => {
  const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`)
  return executeConcurrent(Array.from({ length: rows }, (_, id) => insert(id)), { statement: patient })
}

/** How often each id is in a table, at ALL; where its schema has changed, once all replicas have heard of that. */
export const idsIn = (table: string) =>
  Statement.make(`SELECT id FROM ${table}`, [], patient).pipe(
    Effect.retry({ schedule: Schedule.spaced("500 millis"), times: 20 }),
    Effect.map(({ rows }) => {
      const times = new Map<number, number>()
      for (const { id } of rows) times.set(Number(id), (times.get(Number(id)) ?? 0) + 1)
      return times
    })
  )
