/**
 * The answer of conditional writes that are not applied.
 */
import type { Answer } from "./database.ts"
import { exists, hasStatics, type Live, liveOf } from "./live.ts"
import { appliedColumn } from "./reads.ts"
import type { Column, Table } from "./schema.ts"
import { columnExpression, type Expression } from "./selection.ts"
import { isAlive } from "./store.ts"
import { columnText } from "./values/types.ts"
import type { Plan } from "./writes.ts"

const nothing: Answer = { rows: [] }

/** The answer to a condition that did not hold: the values that it met. */
export const refusal = (plans: ReadonlyArray<Plan>, second: number, isBatch: boolean): Answer => {
  const conditional = plans.filter(({ condition }) => condition !== undefined)
  const [first] = conditional
  if (first === undefined) return nothing
  const { table, targets } = first
  const expressions = shownColumns(conditional, table, isBatch)
  const key = targets.keys[0] ?? []
  const rows = conditional.map(({ condition, targets }) => {
    const ofStatics = condition?.kind === "columns" && condition.columns.every(({ column }) => column.kind === "static")
    const isStatic = condition?.isStatic === true || ofStatics
    return { isStatic, clustering: isStatic ? undefined : targets.rows?.[0] }
  })
  const lives: Array<Live> = []
  const readsCells = plans.some(({ targets }) => targets.rows !== undefined)
  let absent: Live | undefined
  for (const { clustering, isStatic } of sortedRows(table, rows)) {
    const live = isStatic
      ? staticOf(liveOf(table, key, undefined, second), readsCells)
      : liveOf(table, key, clustering, second)
    const showsStatics = isStatic ||
      conditional.some(({ condition }) => condition?.readsStatics === true)
    if (live.row !== undefined) lives.push(live)
    else if (showsStatics && hasStatics(live.partition, second)) absent = live
  }
  // If none of the rows is there, the static values that were read beside them are shown.
  if (lives.length === 0 && absent !== undefined) lives.push(absent)
  const columns = [appliedColumn, ...expressions.map(({ name, type }) => ({ name, type: columnText(type) }))]
  if (lives.length === 0) {
    return { rows: [{ "[applied]": false }], columns: [appliedColumn], wasApplied: false }
  }
  return {
    rows: lives.map((live) => ({
      "[applied]": false,
      ...Object.fromEntries(expressions.map(({ name, of }) => [name, of([live])]))
    })),
    columns,
    wasApplied: false
  }
}

/**
 * The static values of a partition. The server reads the first of its rows beside them, and the cells of that only if the write is one
 * of rows: without them, it sees no row that was not inserted.
 */
const staticOf = (live: Live, readsCells: boolean): Live => {
  const { second } = live
  const row = live.partition.rows.find((row) =>
    readsCells ? exists(row, second) : row.liveness !== undefined && isAlive(row.liveness, second)
  )
  if (row === undefined || readsCells) return { ...live, row }
  return { ...live, row: { ...row, cells: new Map(), complexes: new Map() } }
}

interface Asked {
  readonly isStatic: boolean
  readonly clustering: ReadonlyArray<unknown> | undefined
}

/** The rows that conditions are about, each once and in their order. */
const sortedRows = (table: Table, rows: ReadonlyArray<Asked>): ReadonlyArray<Asked> => {
  const named = rows.filter(({ clustering }) => clustering !== undefined)
  const sorted = named.toSorted((one, other) => table.compareClustering(one.clustering ?? [], other.clustering ?? []))
  const unique = sorted.filter((row, index) =>
    index === 0 || table.compareClustering(row.clustering ?? [], sorted[index - 1]?.clustering ?? []) !== 0
  )
  return unique.length > 0 ? unique : rows.slice(0, 1)
}

const shownColumns = (
  plans: ReadonlyArray<Plan>,
  table: Table,
  isBatch: boolean
): ReadonlyArray<Expression> => {
  const isWhole = plans.some(({ condition }) => condition?.kind !== "columns")
  if (isWhole) {
    // A conditional write that sets no static column reads those that have conditions, and no other.
    const readsAll = plans.some(({ setsStatics }) => setsStatics)
    const named = new Set(plans.flatMap(({ condition }) => condition?.columns.map(({ column }) => column) ?? []))
    return table.columns.map((column) => {
      const expression = columnExpression(column)
      return column.kind === "static" && !readsAll && !named.has(column)
        ? { ...expression, of: () => null }
        : expression
    })
  }
  const conditions = plans.flatMap(({ condition }) => {
    const columns = condition?.columns.map(({ column }) => column) ?? []
    const isStatic = ({ kind }: Column) => kind === "static"
    return [...columns.filter((column) => !isStatic(column)), ...columns.filter(isStatic)]
  })
  const key = isBatch ? [...table.partition, ...table.clustering] : []
  return [...new Set([...key, ...conditions])].map(columnExpression)
}
