/** The code under test, the same for every runner. */
import { type CqlError, Query, type Session } from "@effect-cql/core"
import { Effect, Schema } from "effect"

export const tables = ["CREATE TABLE app.users (name text PRIMARY KEY, id int)"]

const insert = Query.make("INSERT INTO app.users (name, id) VALUES (?, ?) IF NOT EXISTS", {
  params: Schema.Tuple([Schema.String, Schema.Int])
})

/** Takes a name for a user; reports whether it was free. */
export const claim = (name: string, id: number): Effect.Effect<boolean, CqlError, Session> =>
  Effect.map(insert(name, id), ({ wasApplied }) => wasApplied)
