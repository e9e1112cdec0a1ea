/**
 * The text of a file of tables.
 */
import { parseColumnType } from "@effect-cql/core/Port"
import { snakeCase } from "../names.ts"
import type { ServerColumn, ServerKeyspace, ServerTable, ServerType } from "./metadata.ts"
import { classOf, fieldOf, literal, Names } from "./names.ts"
import { schemaOf, udtsOf } from "./types.ts"

// A class of one of these names would hide what the file uses.
const taken = ["CqlSchema", "Schema", "Table", "Object", "String", "Number", "Symbol"]

/** The file of a keyspace. */
export const fileOf = (keyspace: ServerKeyspace): string => {
  const names = new Names(taken)
  const classes = new Map<string, string>()
  const types = inOrder(keyspace.types).map((type) => typeText(keyspace.name, type, names, classes))
  const tables = keyspace.tables.map((table) => tableText(keyspace.name, table, names, classes))
  const views = keyspace.views.map(({ base, name }) =>
    comment(
      `The materialized view ${name} of ${base} is left out: it is read only, and a declaration has verbs that write.`
    )
  )
  const body = [...types, ...tables, ...views]
  const usesSchema = body.some((text) => text.includes("Schema.optionalKey("))
  const usesTable = body.some((text) => text.includes("Table.Class<"))
  const imports = [
    ...(body.some((text) => text.includes("CqlSchema."))
      ? [`import { CqlSchema${usesTable ? ", Table" : ""} } from "@effect-cql/schema"`]
      : []),
    ...(usesSchema ? ["import { Schema } from \"effect\""] : [])
  ]
  const head = [`// The tables of the keyspace ${oneLine(keyspace.name)}, as the server has them.`, ...imports]
  return `${[head.join("\n"), ...body].join("\n\n")}\n`
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ")

/** Types behind those that they hold. */
const inOrder = (types: ReadonlyArray<ServerType>): ReadonlyArray<ServerType> => {
  const ordered = new Set<ServerType>()
  const add = (type: ServerType): void => {
    if (ordered.has(type)) return
    const needed = new Set(type.fields.flatMap(([, text]) => udtsOf(parseColumnType(text))))
    for (const other of types) if (needed.has(other.name)) add(other)
    ordered.add(type)
  }
  for (const type of types) add(type)
  return [...ordered]
}

const typeText = (
  keyspace: string,
  { fields, name }: ServerType,
  names: Names,
  classes: Map<string, string>
): string => {
  if (name.includes(".")) return comment(`The type ${name} cannot be declared: its name has a dot.`)
  const lines: Array<string> = []
  for (const [field, type] of fields) {
    const schema = schemaOf(parseColumnType(type), (udt) => classes.get(udt), true)
    const own = fieldOf(field)
    // The fields of a type have no other names than those of their class.
    if (schema === undefined || snakeCase(own) !== field) {
      const reason = schema === undefined ? `its field ${field} of the type ${type}` : `its field ${field}`
      return comment(`The type ${name} cannot be declared: ${reason} has no counterpart.`)
    }
    lines.push(`  ${own}: Schema.optionalKey(${schema})`)
  }
  const own = names.take(classOf(name), "Type")
  classes.set(name, own)
  return `export class ${own} extends CqlSchema.Udt<${own}>(${literal(own)})(${literal(`${keyspace}.${name}`)}, {\n${
    lines.join(",\n")
  }\n}) {}`
}

const comment = (text: string): string => `// ${oneLine(text)}`

interface Column extends ServerColumn {
  readonly field: string
  readonly schema: string | undefined
}

const tableText = (
  keyspace: string,
  table: ServerTable,
  names: Names,
  classes: ReadonlyMap<string, string>
): string => {
  const fields = new Names()
  const ofKind = (kind: string): ReadonlyArray<ServerColumn> =>
    table.columns.filter((column) => column.kind === kind).toSorted((one, other) => one.position - other.position)
  const partition = ofKind("partition_key")
  const clustering = ofKind("clustering")
  const all = [...partition, ...clustering, ...ofKind("static"), ...ofKind("regular")].map((column): Column => ({
    ...column,
    field: fields.take(fieldOf(column.column_name), "_"),
    schema: columnSchema(column, classes)
  }))
  const unknown = all.find(({ kind, schema }) =>
    schema === undefined && (kind === "partition_key" || kind === "clustering")
  )
  if (unknown !== undefined || partition.length === 0 || /\./.test(table.name)) {
    const reason = unknown === undefined ? "it has no key" : `its key has the type ${unknown.type}`
    return comment(`The table ${table.name} cannot be declared: ${reason}.`)
  }
  const known = all.filter(({ schema }) => schema !== undefined)
  const nameOf = new Map(all.map(({ column_name, field }) => [column_name, field]))
  const list = (columns: ReadonlyArray<string>): string => `[${columns.map(literal).join(", ")}]`
  const key = partition.map(({ column_name }) => nameOf.get(column_name)!)
  const statics = known.filter(({ kind }) => kind === "static").map(({ field }) => field)
  const indexed = new Map(table.indexes.flatMap(([column, kind]) => {
    const field = known.find(({ column_name }) => column_name === column)?.field
    return field === undefined ? [] : [[field, kind] as const]
  }))
  const renamed = known.filter(({ column_name, field }) => snakeCase(field) !== column_name)
  const record = (entries: Iterable<readonly [string, string]>): string =>
    `{ ${Array.from(entries, ([name, value]) => `${name}: ${literal(value)}`).join(", ")} }`
  const options = [
    ...(table.comment === "" ? [] : [`comment: ${literal(table.comment)}`]),
    ...(table.defaultTimeToLive === 0 ? [] : [`defaultTimeToLive: ${table.defaultTimeToLive}`])
  ]
  const properties = [
    `columns: {\n${all.map(columnLine).join("\n").replace(/,(\n {4}\/\/[^\n]*)*$/, "$1")}\n  }`,
    `partitionKey: ${key.length === 1 ? literal(key[0]!) : list(key)}`,
    ...(clustering.length === 0 ? [] : [
      `clusteringKey: ${
        list(clustering.map((column) =>
          `${nameOf.get(column.column_name)}${column.clustering_order === "desc" ? " desc" : ""}`
        ))
      }`
    ]),
    ...(statics.length === 0 ? [] : [`static: ${list(statics)}`]),
    ...(indexed.size === 0 ? [] : [`indexes: ${record(indexed)}`]),
    ...(renamed.length === 0 ? [] : [
      `names: ${record(renamed.map(({ column_name, field }) => [field, column_name] as const))}`
    ]),
    ...(options.length === 0 ? [] : [`options: { ${options.join(", ")} }`])
  ]
  const own = names.take(classOf(table.name), "Row")
  return `export class ${own} extends Table.Class<${own}>(${literal(own)})(${
    literal(`${keyspace}.${table.name}`)
  }, {\n${properties.map((property) => `  ${property}`).join(",\n")}\n}) {}`
}

const columnLine = ({ column_name, field, schema, type }: Column): string =>
  schema === undefined
    ? `    // ${oneLine(column_name)}: the type ${oneLine(type)} has no schema`
    : `    ${field}: ${schema},`

/** The schema of a column. A column outside the key may be null: a collection is empty then, and any other value absent. */
const columnSchema = ({ kind, type }: ServerColumn, classes: ReadonlyMap<string, string>): string | undefined => {
  const parsed = parseColumnType(type)
  const schema = schemaOf(parsed, (udt) => classes.get(udt))
  const isRequired = kind === "partition_key" || kind === "clustering" || parsed.name === "counter" ||
    collections.has(parsed.name)
  return schema === undefined || isRequired ? schema : `Schema.optionalKey(${schema})`
}

const collections: ReadonlySet<string> = new Set(["list", "set", "map"])
