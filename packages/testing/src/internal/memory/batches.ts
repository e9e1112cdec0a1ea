/**
 * The statements of a batch together, and the rows that their conditions read.
 */
import type * as Ast from "./cql/ast.ts"
import { invalid } from "./failures.ts"
import { exists } from "./live.ts"
import type { Column, Table } from "./schema.ts"
import type { Conditional, Plan } from "./writes.ts"

type Key = ReadonlyArray<unknown>

/** Refuses statements that a server does not execute as one. */
export const checkBatch = (type: Ast.BatchText["type"], plans: ReadonlyArray<Plan>): void => {
  const counters = plans.filter(({ table }) => table.isCounter).length
  if (type === "counter" && counters < plans.length) {
    throw invalid("Cannot include non-counter statement in a counter batch")
  }
  if (type === "logged" && counters > 0) throw invalid("Cannot include a counter statement in a logged batch")
  if (counters > 0 && counters < plans.length) {
    throw invalid("Counter and non-counter mutations cannot exist in the same batch")
  }
  const conditional = plans.filter(({ condition }) => condition !== undefined)
  if (conditional.length === 0) return
  const [first] = plans
  for (const { table, targets } of plans) {
    if (first !== undefined && table !== first.table) throw invalid("Batch with conditions cannot span multiple tables")
    const id = (table: Table, key: ReadonlyArray<unknown> | undefined) => JSON.stringify(key?.map(String)) + table.name
    if (targets.keys.length > 1 || id(table, targets.keys[0]) !== id(table, first?.targets.keys[0])) {
      throw invalid("Batch with conditions cannot span multiple partitions")
    }
  }
}

/** A row that has conditions; without clustering columns, the static columns of the partition. */
interface Conditioned {
  readonly clustering: Key | undefined
  readonly kind: Conditional["kind"]
}

/** Refuses conditions of different kinds on one row. Returns the rows that have conditions. */
const conditionedRows = (table: Table, plans: ReadonlyArray<Plan>): ReadonlyArray<Conditioned> => {
  const rows: Array<Conditioned> = []
  const add = (clustering: Key | undefined, kind: Conditional["kind"]): void => {
    const before = rows.find((row) => isSameRow(table, row.clustering, clustering))?.kind
    if (before === undefined) rows.push({ clustering, kind })
    if (before === undefined || before === kind) return
    // The server names this one condition in all cases.
    if (kind === "columns") throw invalid("Cannot mix IF conditions and IF NOT EXISTS for the same row")
    throw invalid(
      before === "columns"
        ? `Cannot mix IF conditions and IF ${kind} for the same row`
        : "Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row"
    )
  }
  for (const { condition, targets } of plans) {
    if (condition === undefined) continue
    const { columns, isStatic, kind } = condition
    const clustering = targets.rows?.[0]
    if (kind !== "columns") add(isStatic ? undefined : clustering, kind)
    else {
      if (columns.some(({ column }) => column.kind !== "static")) add(clustering, kind)
      if (columns.some(({ column }) => column.kind === "static")) add(undefined, kind)
    }
  }
  return rows
}

const isSameRow = (table: Table, one: Key | undefined, other: Key | undefined): boolean =>
  one === undefined || other === undefined ? one === other : table.compareClustering(one, other) === 0

/** Returns true for a column whose lists a write can read in a row. */
export type IsRead = (column: Column, clustering: Key | undefined) => boolean

/**
 * The rows and columns that a conditional write reads: the rows that have conditions or, if only static columns have some, the
 * first row of the partition; the static columns that have conditions, or all of them if a statement with a condition sets
 * one. To a change of a list, everything else is empty.
 */
export const readBy = (plans: ReadonlyArray<Plan>, second: number): IsRead => {
  const [first] = plans
  if (first === undefined) return () => true
  const { table, targets } = first
  const rows = conditionedRows(table, plans).flatMap(({ clustering }) => clustering === undefined ? [] : [clustering])
  if (rows.length === 0) {
    const partition = table.store.find(targets.keys[0] ?? [])
    const row = partition?.rows.find((each) => exists(each, second))
    if (row !== undefined) rows.push(row.clustering)
  }
  const conditional = plans.filter(({ condition }) => condition !== undefined)
  const readsStatics = conditional.some(({ setsStatics }) => setsStatics)
  const named = new Set(
    conditional.flatMap(({ condition }) => condition?.columns.map(({ column }) => column) ?? [])
  )
  return (column, clustering) =>
    column.kind === "static"
      ? readsStatics || named.has(column)
      : rows.some((row) => isSameRow(table, row, clustering))
}
