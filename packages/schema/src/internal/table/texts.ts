/**
 * The texts and markers of the statements of a table: one for each shape.
 */
import { InvalidOptions } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import * as Schema from "effect/Schema"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import { type Marker, selectedFor, valueOf } from "./codecs.ts"
import { type Condition, conditionText, markerText } from "./where.ts"

/** A text, and what its markers bind. */
export interface Shape {
  readonly text: string
  readonly markers: ReadonlyArray<Marker>
  /** Names of values that it is given and does not need, for others say more. */
  readonly unused?: ReadonlyArray<string> | undefined
}

export const tableName = ({ keyspace, table }: Meta): string => `${quoted(keyspace)}.${quoted(table)}`

/** A marker that is none of a column. Its name is none that a column of a table has. */
const extra = (key: string, schema: Schema.Constraint): Marker => ({
  key: `[${key}]`,
  name: `[${key}]`,
  schema: schema.ast
})

export const ttl = extra("ttl", Schema.Int)
export const timestamp = extra("timestamp", Schema.BigInt)
export const limit = extra("limit", Schema.Int)
export const perPartitionLimit = extra("per partition limit", Schema.Int)

const keyMarker = (column: ColumnMeta): Marker => ({
  key: column.field,
  name: column.name,
  schema: column.schema.ast
})

const using = (times: ReadonlyArray<Marker>): string =>
  times.length === 0
    ? ""
    : ` USING ${times.map((time) => `${time === ttl ? "TTL" : "TIMESTAMP"} ${markerText(time)}`).join(" AND ")}`

const equal = (marker: Marker): string => `${quoted(marker.name)} = ${markerText(marker)}`

/** A write of a whole row. */
export const insertShape = (
  meta: Meta,
  how: "insert" | "upsert",
  ifNotExists: boolean,
  times: ReadonlyArray<Marker>
): Shape => {
  const markers = meta.columns.map((column): Marker => ({
    key: column.field,
    name: column.name,
    schema: valueOf(column, how === "insert" ? "unset" : "null", how === "insert" ? "unset" : "empty")
  }))
  const names = markers.map(({ name }) => quoted(name)).join(", ")
  const values = markers.map(markerText).join(", ")
  const condition = ifNotExists ? " IF NOT EXISTS" : ""
  return {
    text: `INSERT INTO ${tableName(meta)} (${names}) VALUES (${values})${condition}${using(times)}`,
    markers: [...markers, ...times]
  }
}

/** Shape of a selection. */
export interface Selection {
  readonly columns: ReadonlyArray<ColumnMeta>
  readonly conditions: ReadonlyArray<Condition>
  readonly after: boolean
  readonly reversed: boolean
  readonly limits: ReadonlyArray<Marker>
  readonly allowFiltering: boolean
  /** Selected expressions in place of the columns. */
  readonly expression?: string | undefined
}

/** A selection of rows. */
export const selectShape = (meta: Meta, selection: Selection): Shape => {
  const { after, allowFiltering, columns, conditions: given, limits, reversed } = selection
  const paging = after ? pagingOf(meta, given, reversed) : undefined
  // The row before the page is within the range, and a column has one bound on each side.
  const conditions = given.filter(({ column, operator }) =>
    paging?.columns.includes(column) !== true || !operator.startsWith(paging.operator)
  )
  // A column in a tuple must not stand alone beside it.
  const isTuple = ({ column }: Condition) => paging?.columns.includes(column) === true
  const texts = conditions.map((condition) =>
    isTuple(condition)
      ? `(${quoted(condition.column.name)}) ${condition.operator.toUpperCase()} (${markerText(condition.marker)})`
      : conditionText(condition)
  )
  const where = [...texts, ...(paging === undefined ? [] : [paging.text])]
  const key = [...meta.clusteringKey].map((column) =>
    `${quoted(column.name)} ${(column.order === "desc") === reversed ? "ASC" : "DESC"}`
  )
  const text = [
    `SELECT ${selection.expression ?? selectedFor(meta, columns).map(({ name }) => quoted(name)).join(", ")} FROM ${
      tableName(meta)
    }`,
    ...(where.length === 0 ? [] : [`WHERE ${where.join(" AND ")}`]),
    ...(reversed ? [`ORDER BY ${key.join(", ")}`] : []),
    ...limits.map((marker) => `${marker === limit ? "LIMIT" : "PER PARTITION LIMIT"} ${markerText(marker)}`),
    ...(allowFiltering ? ["ALLOW FILTERING"] : [])
  ].join(" ")
  return {
    text,
    markers: [...conditions.map(({ marker }) => marker), ...(paging?.markers ?? []), ...limits],
    unused: paging === undefined
      ? undefined
      : [...given.map(({ marker }) => marker.key), ...meta.clusteringKey.map(afterKey)]
  }
}

/** The name of the value of a column in the row before the page. */
export const afterKey = ({ field }: ColumnMeta): string => `[after] ${field}`

const pagingOf = (meta: Meta, conditions: ReadonlyArray<Condition>, reversed: boolean) => {
  const refuse = (given: string, expected: string): never => {
    throw new InvalidOptions({ option: `table ${meta.keyspace}.${meta.table}: after`, given, expected })
  }
  const bound = new Set(conditions.filter(({ operator }) => operator === "=").map(({ column }) => column))
  // The clustering key of a row says nothing of rows of other partitions.
  if (!meta.partitionKey.every((column) => bound.has(column))) refuse("several partitions", "one partition")
  const columns = meta.clusteringKey.filter((column) => !bound.has(column))
  const [first] = columns
  if (first === undefined) return refuse("a whole key", "free clustering columns of one direction")
  if (columns.some(({ order }) => order !== first.order)) {
    return refuse("clustering columns of two directions", "free clustering columns of one direction")
  }
  const isListed = ({ column, operator }: Condition) => operator === "in" && columns.includes(column)
  if (conditions.some(isListed)) return refuse("a list of values of a clustering column", "equality, or a range")
  const markers = columns.map((column): Marker => ({
    key: afterKey(column),
    name: `[after] ${column.name}`,
    schema: column.schema.ast
  }))
  const operator = (first.order === "desc") === reversed ? ">" : "<"
  const names = columns.map(({ name }) => quoted(name)).join(", ")
  return { columns, markers, operator, text: `(${names}) ${operator} (${markers.map(markerText).join(", ")})` }
}

/** An assignment of an update. */
export interface Assignment {
  readonly column: ColumnMeta
  readonly operation: "set" | "add" | "remove" | "append" | "prepend" | "discard" | "put" | "removeKeys" | "increment"
  readonly marker: Marker
}

const assignmentText = ({ column, marker, operation }: Assignment): string => {
  const name = quoted(column.name)
  const value = markerText(marker)
  switch (operation) {
    case "set":
      return `${name} = ${value}`
    case "prepend":
      return `${name} = ${value} + ${name}`
    case "remove":
    case "discard":
    case "removeKeys":
      return `${name} = ${name} - ${value}`
    default:
      return `${name} = ${name} + ${value}`
  }
}

/** Condition of a conditional write. */
export type Asked = "exists" | ReadonlyArray<Condition>

const ifText = (asked: Asked): string =>
  asked === "exists" ? " IF EXISTS" : asked.length === 0 ? "" : ` IF ${asked.map(conditionText).join(" AND ")}`

const ifMarkers = (asked: Asked): ReadonlyArray<Marker> => asked === "exists" ? [] : asked.map(({ marker }) => marker)

/** A change of columns of a row. */
export const updateShape = (
  meta: Meta,
  key: ReadonlyArray<ColumnMeta>,
  assignments: ReadonlyArray<Assignment>,
  asked: Asked,
  times: ReadonlyArray<Marker>
): Shape => {
  const keys = key.map(keyMarker)
  const sets = assignments.map(assignmentText).join(", ")
  return {
    text: `UPDATE ${tableName(meta)}${using(times)} SET ${sets} WHERE ${keys.map(equal).join(" AND ")}${ifText(asked)}`,
    markers: [...times, ...assignments.map(({ marker }) => marker), ...keys, ...ifMarkers(asked)]
  }
}

/** A deletion of one row. */
export const deleteShape = (
  meta: Meta,
  key: ReadonlyArray<ColumnMeta>,
  asked: Asked,
  times: ReadonlyArray<Marker>
): Shape => {
  const keys = key.map(keyMarker)
  return {
    text: `DELETE FROM ${tableName(meta)}${using(times)} WHERE ${keys.map(equal).join(" AND ")}${ifText(asked)}`,
    markers: [...times, ...keys, ...ifMarkers(asked)]
  }
}

/** A deletion of a partition, or of a range of it. */
export const deleteWhereShape = (
  meta: Meta,
  conditions: ReadonlyArray<Condition>,
  times: ReadonlyArray<Marker>
): Shape => ({
  text: `DELETE FROM ${tableName(meta)}${using(times)} WHERE ${conditions.map(conditionText).join(" AND ")}`,
  markers: [...times, ...conditions.map(({ marker }) => marker)]
})
