/**
 * Refusals of a SELECT for its columns, its groups and its order.
 */
import type { Select, Selected, Selector } from "./cql/ast.ts"
import { invalid, unsupported } from "./failures.ts"
import { columnsOf, type Restriction } from "./relations.ts"
import type { Column, Table } from "./schema.ts"
import type { Expression } from "./selection.ts"
import { keysOf } from "./where.ts"

/** A SELECT of static columns is about partitions. */
export const checkStatics = (
  table: Table,
  selected: ReadonlyArray<Selected>,
  restrictions: ReadonlyArray<Restriction>
): void => {
  const kinds = selected.flatMap(({ selector }) => columnNamesOf(selector)).map((name) => table.column(name).kind)
  const isOfStatics = kinds.includes("static") && kinds.every((kind) => kind === "static" || kind === "partition_key")
  if (isOfStatics && restrictions.flatMap(columnsOf).some(({ kind }) => kind === "clustering")) {
    throw invalid("Cannot restrict clustering columns when selecting only static columns")
  }
}

export const checkDistinct = (
  table: Table,
  expressions: ReadonlyArray<Expression>,
  restrictions: ReadonlyArray<Restriction>
): void => {
  const names = new Set(expressions.map(({ column }) => column?.name))
  const stray = expressions.find(({ column }) => column?.kind === "clustering" || column?.kind === "regular")
  if (stray !== undefined) {
    throw invalid(
      `SELECT DISTINCT queries must only request partition key columns and/or static columns (not ${stray.name})`
    )
  }
  if (expressions.some(({ column }) => column === undefined)) {
    throw unsupported("SELECT DISTINCT of expressions", "Select the columns of the partition key.")
  }
  const missing = table.partition.find(({ name }) => !names.has(name))
  if (missing !== undefined) {
    throw invalid(`SELECT DISTINCT queries must request all the partition key columns (missing ${missing.name})`)
  }
  const restricted = restrictions.flatMap(columnsOf).some(({ kind }) => kind === "clustering" || kind === "regular")
  if (restricted) {
    throw invalid("SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.")
  }
}

export const checkGrouping = (table: Table, { groupBy }: Select, restrictions: ReadonlyArray<Restriction>): void => {
  if (groupBy.length === 0) return
  const key = [...table.partition, ...table.clustering]
  let at = 0
  for (const name of groupBy) {
    const column = table.column(name)
    if (column.kind !== "partition_key" && column.kind !== "clustering") {
      throw invalid(`Group by is currently only supported on the columns of the PRIMARY KEY, got ${name}`)
    }
    while (key[at] !== undefined && key[at] !== column && isFixed(restrictions, key[at]!)) at++
    if (key[at] !== column) {
      throw invalid(
        "Group by currently only support groups of columns following their declared order in the PRIMARY KEY"
      )
    }
    at++
  }
  if (at < table.partition.length) throw invalid("Group by is not supported on only a part of the partition key")
}

/** Returns true if a column has one value in all rows that are selected. */
const isFixed = (restrictions: ReadonlyArray<Restriction>, column: Column): boolean =>
  restrictions.some((one) =>
    (one._tag === "Eq" && one.column === column) ||
    (one._tag === "Tuples" && one.isEquality && one.columns.includes(column))
  )

/** Returns true if rows come in the reverse of their order. */
export const checkOrder = (table: Table, { orderBy }: Select, restrictions: ReadonlyArray<Restriction>): boolean => {
  if (orderBy.length === 0) return false
  for (const { column } of orderBy) {
    if (table.column(column).kind !== "clustering") {
      throw invalid(`Order by is currently only supported on the clustered columns of the PRIMARY KEY, got ${column}`)
    }
  }
  if (keysOf(table, restrictions) === undefined) {
    throw invalid("ORDER BY is only supported when the partition key is restricted by an EQ or an IN.")
  }
  let isReversed: boolean | undefined
  let at = 0
  for (const { column: name, isDescending } of orderBy) {
    const column = table.column(name)
    while (at < column.position && isFixed(restrictions, table.clustering[at]!)) at++
    if (column.position !== at) {
      throw invalid(
        "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY"
      )
    }
    at++
    const reverses = isDescending !== column.isDescending
    if (isReversed !== undefined && isReversed !== reverses) throw invalid("Unsupported order by relation")
    isReversed = reverses
  }
  return isReversed ?? false
}

/** The names of the columns that an expression reads. */
const columnNamesOf = (selector: Selector): ReadonlyArray<string> => {
  if (selector._tag === "ColumnOf") return [selector.column]
  if (selector._tag === "CallOf") return selector.args.flatMap(columnNamesOf)
  return "of" in selector ? columnNamesOf(selector.of) : []
}
