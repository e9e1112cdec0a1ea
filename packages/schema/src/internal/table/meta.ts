/**
 * From the definition of a table to its data.
 */
import type * as SchemaAST from "effect/SchemaAST"
import type { AnyDefinition } from "../../Table.ts"
import type { ColumnMeta, Kind, Meta } from "../../TableMeta.ts"
import { expectedSchema, kindOfSchema, typeOf, userTypesOf } from "../cqlType.ts"
import { snakeCase } from "../names.ts"
import { checkColumn, checkField } from "./columnCheck.ts"
import { checkDefinition, refuse } from "./definitionCheck.ts"
import { checkIndex } from "./indexCheck.ts"

/** The table of a definition. The entity may have more fields than the table has columns. */
export const metaOf = (
  name: string,
  definition: AnyDefinition,
  row: SchemaAST.AST,
  fieldsOfEntity: ReadonlyArray<string> = []
): Meta => {
  const at = `table ${name}`
  const [keyspace = "", table = "", ...rest] = name.split(".")
  if (keyspace === "" || table === "" || rest.length > 0) {
    refuse("table", JSON.stringify(name), "the name of a table with its keyspace, such as \"app.users\"")
  }
  if (!/^\w+$/.test(keyspace) || !/^\w+$/.test(table)) {
    refuse(
      "table",
      JSON.stringify(name),
      "names of letters, digits and underscores"
    )
  }
  checkDefinition(at, definition)
  const partition = typeof definition.partitionKey === "string" ? [definition.partitionKey] : definition.partitionKey
  const clustering = (definition.clusteringKey ?? []).map((column) => {
    const [field = "", order = "asc"] = column.split(" ")
    return { field, order: order === "desc" ? "desc" as const : "asc" as const }
  })
  const statics = definition.static ?? []
  const columns = Object.entries(definition.columns).map(([field, schema]): ColumnMeta => {
    checkField(at, field)
    const type = typeOf(schema.ast) ??
      refuse(
        `${at}.columns.${field}`,
        `${kindOfSchema(schema.ast)} without a CQL type`,
        expectedSchema
      )
    const clustered = clustering.find((column) => column.field === field)
    const kind: Kind = partition.includes(field)
      ? "partition_key"
      : clustered !== undefined
      ? "clustering"
      : statics.includes(field)
      ? "static"
      : "regular"
    const isOptional = schema.ast.context?.isOptional === true
    checkColumn(`${at}.columns.${field}`, { kind, schema, type })
    return { field, name: nameOf(field, definition.names), type, kind, order: clustered?.order, isOptional, schema }
  })
  const column = (field: string): ColumnMeta =>
    columns.find((column) => column.field === field) ??
      refuse(at, `the key column ${JSON.stringify(field)}`, "key columns that are among the columns")
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) refuse(`${at}.names`, `two columns named ${twice.name}`, "a name for each column")
  const isCounter = columns.some(({ type }) => type === "counter")
  const beside = columns.find(({ kind, type }) => kind === "regular" && type !== "counter")
  if (isCounter && beside !== undefined) {
    refuse(`${at}.columns.${beside.field}`, "a column in a table of counters", "only counters and key columns")
  }
  if (isCounter && (definition.options?.defaultTimeToLive ?? 0) > 0) {
    refuse(`${at}.options.defaultTimeToLive`, "a time to live of counters", "none, for counters do not expire")
  }
  const foreign = columns.find(({ schema }) =>
    userTypesOf(schema.ast).some((type) => type.name.includes(".") && !type.name.startsWith(`${keyspace}.`))
  )
  if (foreign !== undefined) {
    refuse(`${at}.columns.${foreign.field}`, "a type of another keyspace", `a type of the keyspace ${keyspace}`)
  }
  if (new Set([...partition, ...clustering.map(({ field }) => field)]).size < partition.length + clustering.length) {
    refuse(`${at}.clusteringKey`, "a column that is in the key twice", "each column in the key once")
  }
  if (statics.length > 0 && clustering.length === 0) {
    refuse(`${at}.static`, "static columns without a clustering key", "a clustering key")
  }
  const indexes = Object.entries(definition.indexes ?? {})
  if (isCounter && indexes.length > 0) {
    refuse(`${at}.indexes`, "indexes", "none, for a table of counters has no indexes")
  }
  for (const [field, kind] of indexes) checkIndex(`${at}.indexes.${field}`, column(field), kind, partition)
  return {
    keyspace,
    table,
    columns,
    partitionKey: partition.map(column),
    clusteringKey: clustering.map(({ field }) => column(field)),
    indexes: indexes.map(([field, kind]) => ({ column: column(field).name, kind })),
    options: definition.options ?? {},
    otherFields: fieldsOfEntity.filter((field) => !Object.hasOwn(definition.columns, field)),
    isCounter,
    row
  }
}

const nameOf = (field: string, names: AnyDefinition["names"]): string => {
  if (names === "same") return field
  // A field may have the name of a property of every object, such as `constructor`.
  return (typeof names === "object" && Object.hasOwn(names, field) ? names[field] : undefined) ?? snakeCase(field)
}
