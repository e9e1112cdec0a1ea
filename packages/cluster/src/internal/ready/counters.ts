/**
 * Copies of counters: the difference is added to the target.
 */
import { type CqlError, executeConcurrent, type Session, Statement, type StatementFailed } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import type { Table } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import { isKey, type Read, tableName } from "./cells.ts"
import { keyOf, type Mapping } from "./copying.ts"

type Write = Statement.Statement<unknown>

/** The increments that rows of counters need; none for a row whose target has the same counts. */
export const increments = (
  meta: Table.Meta,
  mappings: ReadonlyArray<Mapping>,
  rows: ReadonlyArray<Read>,
  statement: Statement.Options
): Effect.Effect<ReadonlyArray<readonly [read: Read, write: Write]>, CqlError | StatementFailed, Session> =>
  Effect.gen(function*() {
    const key = meta.columns.filter(isKey)
    const counters = mappings.filter(({ to }) => !isKey(to) && to.kind !== "static")
    const names = counters.map(({ to }) => quoted(to.name))
    const where = key.map(({ name }) => `${quoted(name)} = ?`).join(" AND ")
    const select = `SELECT ${names.join(", ")} FROM ${tableName(meta)} WHERE ${where}`
    const update = `UPDATE ${tableName(meta)} SET ${
      names.map((name) => `${name} = ${name} + ?`).join(", ")
    } WHERE ${where}`
    const keys = rows.map((read) => {
      const values = keyOf({ mappings }, read)
      return key.map(({ name }) => values[name])
    })
    const found = yield* executeConcurrent(keys.map((key) => Statement.make(select, key, statement)))
    return rows.flatMap((read, index) => {
      const target = found[index]?.value.first
      const amounts = counters.map(({ from, to }) => countOf(read.record[from.name]) - countOf(target?.[to.name]))
      return amounts.every((amount) => amount === 0n)
        ? []
        : [[read, Statement.make(update, [...amounts, ...keys[index]!])] as const]
    })
  })

const countOf = (value: unknown): bigint => typeof value === "bigint" ? value : 0n
