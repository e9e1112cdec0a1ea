/**
 * ALTER TYPE ... RENAME: values are kept by the names of their fields, and get the new ones.
 */
import type * as Ast from "./cql/ast.ts"
import { invalid } from "./failures.ts"
import type { Column, Keyspace, Table } from "./schema.ts"
import type { ElementCell, Row } from "./store.ts"
import { type CqlType, isMultiCell } from "./values/types.ts"

type Rename = Extract<
  Extract<Ast.Definition, { readonly _tag: "AlterType" }>["change"],
  { readonly _tag: "RenameFields" }
>

/** The name of a field, and the change of a value of a type. */
interface Renaming {
  readonly nameOf: (type: CqlType, field: string) => string
  readonly typeOf: (type: CqlType, field: string) => CqlType
}

export const renameFields = (keyspace: Keyspace, type: string, { fields: changes, ifExists }: Rename): void => {
  const fields = keyspace.types.get(type) ?? []
  const names = new Map<string, string>()
  for (const [from, to] of changes) {
    if (fields.some(({ name }) => name === from)) names.set(from, to)
    // The spelling is that of a server.
    else if (!ifExists) throw invalid(`Unkown field ${from} in user type ${keyspace.name}.${type}`)
  }
  const renamed = fields.map((field) => ({ ...field, name: names.get(field.name) ?? field.name }))
  const twice = renamed.find(({ name }, at) => renamed.findIndex((other) => other.name === name) !== at)
  if (twice !== undefined) throw invalid(`Duplicate field name ${twice.name} in type ${keyspace.name}`)
  const renaming: Renaming = {
    nameOf: (udt, field) => udt._tag === "Udt" && udt.name === type ? names.get(field) ?? field : field,
    typeOf: (udt, field) =>
      (udt._tag === "Udt" ? keyspace.types.get(udt.name) : undefined)?.find(({ name }) => name === field)?.type ?? udt
  }
  for (const table of keyspace.tables.values()) renameIn(table, renaming)
  keyspace.types.set(type, renamed)
}

const renameIn = (table: Table, renaming: Renaming): void => {
  const all = (columns: ReadonlyArray<Column>, values: ReadonlyArray<unknown>) =>
    values.map((value, at) => valueWith(renaming, columns[at]!.type, value))
  for (const partition of table.store.partitions) {
    partition.key = all(table.partition, partition.key)
    for (const { end, start } of partition.ranges) {
      for (const bound of [start, end]) bound.values = all(table.clustering, bound.values)
    }
    for (const row of [partition.statics, ...partition.rows]) {
      row.clustering = all(table.clustering, row.clustering)
      for (const column of [...table.statics, ...table.regulars]) renameCells(row, column, renaming)
    }
  }
}

const renameCells = (row: Row, { name, type }: Column, renaming: Renaming): void => {
  const complex = isMultiCell(type) ? row.complexes.get(name) : undefined
  const cell = row.cells.get(name)
  if (cell !== undefined) row.cells.set(name, { ...cell, value: valueWith(renaming, type, cell.value) })
  if (complex === undefined) return
  const cells = [...complex.cells.values()].map((cell) => elementWith(renaming, type, cell))
  complex.cells.clear()
  for (const cell of cells) complex.cells.set(cell.id, cell)
}

const elementWith = (renaming: Renaming, type: CqlType, cell: ElementCell): ElementCell => {
  const { key, value } = cell
  switch (type._tag) {
    case "Udt": {
      const name = renaming.nameOf(type, cell.id)
      return { ...cell, id: name, key: name, value: valueWith(renaming, renaming.typeOf(type, cell.id), value) }
    }
    case "Set":
      return { ...cell, key: valueWith(renaming, type.element, key) }
    case "Map":
      return { ...cell, key: valueWith(renaming, type.key, key), value: valueWith(renaming, type.value, value) }
    case "List":
      return { ...cell, value: valueWith(renaming, type.element, value) }
    default:
      return cell
  }
}

/** A value with the new names. */
const valueWith = (renaming: Renaming, type: CqlType, value: unknown): unknown => {
  if (value === null || value === undefined) return value
  const within = (type: CqlType) => (value: unknown) => valueWith(renaming, type, value)
  switch (type._tag) {
    case "Udt":
      return Object.fromEntries(
        Object.entries(value).map(([field, each]) => [
          renaming.nameOf(type, field),
          within(renaming.typeOf(type, field))(each)
        ])
      )
    case "List":
    case "Vector":
      return (value as ReadonlyArray<unknown>).map(within(type.element))
    case "Set":
      return new Set(Array.from(value as Iterable<unknown>, within(type.element)))
    case "Map":
      return new Map(Array.from(value as ReadonlyMap<unknown, unknown>, ([key, each]) => [
        within(type.key)(key),
        within(type.value)(each)
      ]))
    case "Tuple":
      return (value as ReadonlyArray<unknown>).map((each, at) => within(type.elements[at]!)(each))
    case "Scalar":
      return value
  }
}
