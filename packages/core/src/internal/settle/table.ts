/**
 * Metadata of a table that settling needs.
 */
import * as Effect from "effect/Effect"
import type { CqlError } from "../../CqlError.ts"
import type { Service } from "../../Session.ts"
import { make as makeStatement } from "../../Statement.ts"

export interface Column {
  readonly name: string
  readonly kind: string
  readonly type: string
}

export interface Table {
  /** None where there is no such table. */
  readonly columns: ReadonlyArray<Column>
  /** True if rows expire by themselves. */
  readonly expires: boolean
}

/** Gives what there is to know of a table. */
export type Tables = (keyspace: string, table: string) => Effect.Effect<Table, CqlError>

const ofTable = "WHERE keyspace_name = ? AND table_name = ?"
const columns = `SELECT column_name, kind, type FROM system_schema.columns ${ofTable}`
const options = `SELECT default_time_to_live FROM system_schema.tables ${ofTable}`

const readTable = Effect.fnUntraced(function*(
  session: Service,
  keyspace: string,
  table: string
): Effect.fn.Return<Table, CqlError> {
  const { rows } = yield* session.execute(makeStatement(columns, [keyspace, table]))
  const { first } = yield* session.execute(makeStatement(options, [keyspace, table]))
  return {
    columns: rows.map((row) => ({ name: `${row["column_name"]}`, kind: `${row["kind"]}`, type: `${row["type"]}` })),
    expires: Number(first?.["default_time_to_live"] ?? 0) > 0
  }
})

/** Reads each table once for all that ask, and again after a failure. */
export const makeTables = (session: Service): Tables => {
  const known = new Map<string, Effect.Effect<Table, CqlError>>()
  return (keyspace, table) =>
    Effect.suspend(() => {
      const name = JSON.stringify([keyspace, table])
      const before = known.get(name)
      if (before !== undefined) return before
      const read = Effect.onError(readTable(session, keyspace, table), () => Effect.sync(() => known.delete(name)))
      return Effect.flatMap(Effect.cached(read), (cached) => {
        known.set(name, cached)
        return cached
      })
    })
}
