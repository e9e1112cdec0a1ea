/**
 * Visible values of a row at a moment: written, not deleted since, and not expired.
 */
import type { Column, Table } from "./schema.ts"
import { type Cell, type Complex, type ElementCell, isAlive, type Partition, type Row } from "./store.ts"
import { comparator, sortedMap, sortedSet } from "./values/compare.ts"
import { complete } from "./values/complete.ts"
import { isMultiCell } from "./values/types.ts"

/** A row to be read, with the partition that it belongs to. Without one it is the static row alone. */
export interface Live {
  readonly partition: Partition
  readonly row: Row | undefined
  readonly second: number
  readonly table: Table
}

const isThere = (cell: Cell, second: number): boolean => !cell.isTombstone && isAlive(cell, second)

const hasCells = (row: Row, second: number): boolean => {
  for (const cell of row.cells.values()) if (isThere(cell, second)) return true
  for (const { cells } of row.complexes.values()) {
    for (const cell of cells.values()) if (isThere(cell, second)) return true
  }
  return false
}

/** Returns true if a row exists: it was inserted, or holds a value. */
export const exists = (row: Row, second: number): boolean =>
  (row.liveness !== undefined && isAlive(row.liveness, second)) || hasCells(row, second)

export const hasStatics = (partition: Partition, second: number): boolean => hasCells(partition.statics, second)

/** The row that holds the cells of a column. */
const holder = ({ partition, row }: Live, column: Column): Row | undefined =>
  column.kind === "static" ? partition.statics : row

/** The elements of a column that live, in their order. */
export const elementsOf = (live: Live, column: Column): ReadonlyArray<ElementCell> => {
  const complex: Complex | undefined = holder(live, column)?.complexes.get(column.name)
  if (complex === undefined) return []
  const cells = [...complex.cells.values()].filter((cell) => isThere(cell, live.second))
  const { fieldsOf } = live.table
  const { type } = column
  switch (type._tag) {
    case "List":
      return cells.sort((one, other) => (one.key as bigint) < (other.key as bigint) ? -1 : 1)
    case "Set":
    case "Map": {
      const compare = comparator(type._tag === "Set" ? type.element : type.key, fieldsOf)
      return cells.sort((one, other) => compare(one.key, other.key))
    }
    case "Udt": {
      const names = fieldsOf(type.keyspace, type.name).map(({ name }) => name)
      return cells.filter(({ id }) => names.includes(id)).sort((one, other) =>
        names.indexOf(one.id) - names.indexOf(other.id)
      )
    }
    default:
      return cells
  }
}

/** The cell of a column of one value, if it lives. */
export const cellOf = (live: Live, column: Column): Cell | undefined => {
  const cell = holder(live, column)?.cells.get(column.name)
  return cell !== undefined && isThere(cell, live.second) ? cell : undefined
}

/** The value of a column; null for none. */
export const valueOf = (live: Live, column: Column): unknown =>
  complete(column.type, storedValue(live, column), live.table.fieldsOf)

const storedValue = (live: Live, column: Column): unknown => {
  if (column.kind === "partition_key") return live.partition.key[column.position]
  if (column.kind === "clustering") return live.row === undefined ? null : live.row.clustering[column.position]
  if (!isMultiCell(column.type)) return cellOf(live, column)?.value ?? null
  const elements = elementsOf(live, column)
  if (elements.length === 0) return null
  const { type } = column
  const { fieldsOf } = live.table
  switch (type._tag) {
    case "List":
      return elements.map(({ value }) => value)
    case "Set":
      return sortedSet(type.element, elements.map(({ key }) => key), fieldsOf)
    case "Map":
      return sortedMap(type.key, elements.map(({ key, value }) => [key, value] as const), fieldsOf)
    case "Udt":
      return Object.fromEntries(
        fieldsOf(type.keyspace, type.name).map((
          { name }
        ) => [name, elements.find(({ id }) => id === name)?.value ?? null])
      )
    default:
      return null
  }
}

/** The row of a key, as it is now. */
export const liveOf = (
  table: Table,
  key: ReadonlyArray<unknown>,
  clustering: ReadonlyArray<unknown> | undefined,
  second: number
): Live => {
  const partition = table.store.find(key) ?? absent(key)
  const row = clustering === undefined ? undefined : table.store.findRow(partition, clustering)
  return { partition, row: row !== undefined && exists(row, second) ? row : undefined, second, table }
}

const absent = (key: ReadonlyArray<unknown>): Partition => ({
  key,
  id: "",
  token: 0n,
  deletedAt: 0n,
  ranges: [],
  statics: { clustering: [], liveness: undefined, deletedAt: 0n, cells: new Map(), complexes: new Map() } satisfies Row,
  rows: []
})
