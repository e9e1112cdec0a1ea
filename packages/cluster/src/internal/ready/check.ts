/**
 * Columns whose write times a server does not return.
 */
import { type CqlError, InvalidOptions, type Session } from "@effect-cql/core"
import type { Table } from "@effect-cql/schema"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { isTimed } from "./cells.ts"
import { timedIn } from "./scan.ts"

/**
 * The server does not return the write times of some columns of a table.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimesNotReadable extends Data.TaggedError("TimesNotReadable")<{
  readonly table: string
  readonly columns: ReadonlyArray<string>
}> {
  override get message(): string {
    return `a job over ${this.table} could not be started: expected the write times of all columns, got none of ` +
      `${this.columns.join(", ")}. Upgrade to Cassandra 5.0, or set the option untimed: "job".`
  }
}

/** Fails if the server does not return the write times of some columns, unless they may have that of the job. */
export const checkTimes = (
  { keyspace, table }: Table.Meta,
  columns: ReadonlyArray<Table.ColumnMeta>,
  untimed: "refuse" | "job"
): Effect.Effect<void, CqlError | TimesNotReadable, Session> => {
  if (untimed === "job" || columns.every((column) => isTimed(column, false))) return Effect.void
  return Effect.flatMap(timedIn(columns), (timed) => {
    const others = columns.filter((column) => !timed.includes(column)).map(({ name }) => name)
    return others.length === 0
      ? Effect.void
      : Effect.fail(new TimesNotReadable({ table: `${keyspace}.${table}`, columns: others }))
  })
}

/** The table, unless it has counters: they have no write times. */
export const withoutCounters = (job: string, meta: Table.Meta): Table.Meta => {
  if (!meta.isCounter) return meta
  throw new InvalidOptions({
    option: `${job}: table`,
    given: "a table of counters",
    expected: "a table without counters"
  })
}
