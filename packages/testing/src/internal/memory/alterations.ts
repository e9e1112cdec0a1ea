/**
 * ALTER TABLE.
 */
import type * as Ast from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { configError, invalid } from "./failures.ts"
import { checkProperties } from "./properties.ts"
import type { Column, Schema, Table } from "./schema.ts"
import {
  type CqlType,
  type FieldsOf,
  isCounter,
  isMultiCell,
  resolveType,
  schemaText,
  withoutUdts
} from "./values/types.ts"

type Change = Extract<Ast.Definition, { readonly _tag: "AlterTable" }>["change"]

export const changeTable = (table: Table, change: Change, { millis, schema }: Environment): void => {
  switch (change._tag) {
    case "AddColumns":
      return addColumns(table, change.columns, change.ifNotExists, schema)
    case "DropColumns":
      return dropColumns(table, change.columns, change.ifExists, new Date(millis))
    case "RenameColumns":
      return change.columns.forEach(([from, to]) => renameColumn(table, from, to))
    case "SetProperties": {
      const properties = new Map([...table.properties, ...checkProperties(change.properties)])
      checkTtl(table, properties)
      table.properties = properties
    }
  }
}

/** Refuses a time to live of counters. */
export const checkTtl = ({ isCounter }: Table, properties: ReadonlyMap<string, string>): void => {
  if (isCounter && Number(properties.get("default_time_to_live") ?? 0) > 0) {
    throw invalid("Cannot set default_time_to_live on a table with counters")
  }
}

/** Refuses a user-defined type that is not frozen and has a collection that is not either. */
export const checkNested = (type: CqlType, fieldsOf: FieldsOf, where: string): void => {
  if (type._tag !== "Udt" || type.frozen) return
  if (fieldsOf(type.keyspace, type.name).some((field) => isMultiCell(field.type))) {
    throw invalid(`Non-frozen UDTs with nested non-frozen collections are not supported${where}`)
  }
}

const addColumns = (
  table: Table,
  columns: ReadonlyArray<Ast.ColumnDefinition>,
  ifNotExists: boolean,
  schema: Schema
): void => {
  const added: Array<Column> = []
  for (const { isStatic, name, type } of columns) {
    if (table.find(name) !== undefined) {
      if (ifNotExists) continue
      throw invalid(`Column with name '${name}' already exists`)
    }
    const resolved = resolveType(type, table.keyspace, schema.hasType)
    checkNested(resolved, schema.fieldsOf, ` for column ${name}`)
    checkDropped(table, name, resolved, isStatic)
    if (isStatic && table.clustering.length === 0) {
      throw invalid("Static columns are only useful (and thus allowed) if the table has at least one clustering column")
    }
    if (isCounter(resolved) !== table.isCounter) {
      throw table.isCounter
        ? invalid("Cannot have a non counter column in a counter table")
        : configError(
          `${table.keyspace}.${table.name}: Cannot have a counter column ("${name}") in a non counter table`
        )
    }
    added.push({ name, kind: isStatic ? "static" : "regular", position: -1, type: resolved, isDescending: false })
  }
  table.columns = [...table.columns, ...added]
}

// Values of the dropped column may still be on disk.
const checkDropped = (table: Table, name: string, type: CqlType, isStatic: boolean): void => {
  const dropped = table.dropped.get(name)
  if (dropped === undefined) return
  const before = schemaText(withoutUdts(dropped.type, table.fieldsOf))
  const text = schemaText(type)
  if (text !== before && followers[before]?.includes(text) !== true) {
    throw invalid(
      `Cannot add a column '${name}' of type ${text}, incompatible with previously dropped column '${name}' of type ${before}`
    )
  }
  if (isStatic !== (dropped.kind === "static")) {
    const [kind, other] = isStatic ? ["STATIC", "REGULAR"] : ["REGULAR", "STATIC"]
    throw invalid(
      `Cannot re-add previously dropped column '${name}' of kind ${kind}, incompatible with previous kind ${other}`
    )
  }
  if (table.isCounter) throw invalid(`Cannot re-add previously dropped counter column ${name}`)
}

// Types that read the values of another one.
const followers: Readonly<Record<string, ReadonlyArray<string>>> = {
  ascii: ["text", "blob"],
  text: ["blob"],
  timeuuid: ["uuid"]
}

const dropColumns = (table: Table, names: ReadonlyArray<string>, ifExists: boolean, at: Date): void => {
  for (const name of names) {
    const column = table.find(name)
    if (column === undefined) {
      if (ifExists) continue
      throw invalid(`Column ${name} was not found in table '${table.keyspace}.${table.name}'`)
    }
    if (column.kind === "partition_key" || column.kind === "clustering") {
      throw invalid(`Cannot drop PRIMARY KEY column ${name}`)
    }
    const indexes = [...table.indexes.values()].filter((index) => index.column === name).map((index) => index.name)
    if (indexes.length > 0) {
      throw invalid(`Cannot drop column ${name} because it has dependent secondary indexes (${indexes.join(", ")})`)
    }
    table.columns = table.columns.filter((each) => each !== column)
    table.store.dropColumn(name)
    table.dropped.set(name, { ...column, at })
  }
}

const renameColumn = (table: Table, from: string, to: string): void => {
  const column = table.find(from)
  if (column === undefined) throw invalid(`Column ${from} was not found in table ${table.keyspace}.${table.name}`)
  if (column.kind !== "partition_key" && column.kind !== "clustering") {
    throw invalid(`Cannot rename non PRIMARY KEY column ${from}`)
  }
  if (table.find(to) !== undefined) {
    throw invalid(
      `Cannot rename column ${from} to ${to} in table '${table.keyspace}.${table.name}'; another column with that name already exists`
    )
  }
  table.columns = table.columns.map((each) => each === column ? { ...column, name: to } : each)
}
