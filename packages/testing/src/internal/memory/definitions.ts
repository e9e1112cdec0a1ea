/**
 * CREATE, ALTER, DROP and TRUNCATE.
 */
import { changeTable, checkNested, checkTtl } from "./alterations.ts"
import type * as Ast from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { alreadyExists, configError, invalid, unauthorized, unsupported } from "./failures.ts"
import { createIndex } from "./indexes.ts"
import { checkProperties, replicationOf } from "./properties.ts"
import { renameFields } from "./renaming.ts"
import { type Column, type ColumnKind, isSystemKeyspace, type Keyspace, type Schema, Table } from "./schema.ts"
import { randomUuid } from "./values/timeUuid.ts"
import {
  type CqlType,
  type FieldsOf,
  isCounter,
  isMultiCell,
  resolveType,
  schemaText,
  type Udt
} from "./values/types.ts"

type Of<Tag extends Ast.Definition["_tag"]> = Extract<Ast.Definition, { readonly _tag: Tag }>

/** Changes the schema. With IF NOT EXISTS or IF EXISTS, it may change nothing. */
export const define = (definition: Ast.Definition, environment: Environment): void => {
  const { schema } = environment
  schema.version++
  switch (definition._tag) {
    case "CreateKeyspace":
      return createKeyspace(schema, definition)
    case "AlterKeyspace":
      return alterKeyspace(schema, definition)
    case "CreateTable":
      return createTable(definition, environment)
    case "CreateType":
      return createType(definition, environment)
    case "CreateIndex":
      return createIndex(keyspaceOf(environment, definition.table), definition)
    case "AlterTable":
      return alterTable(definition, environment)
    case "AlterType":
      return alterType(definition, environment)
    case "Drop":
      return drop(definition, environment)
    case "Truncate": {
      const table = schema.table(definition.table, environment.keyspace)
      writable(table.keyspace)
      table.store.clear()
    }
  }
}

const writable = (keyspace: string): void => {
  if (isSystemKeyspace(keyspace)) throw unauthorized(`${keyspace} keyspace is not user-modifiable.`)
}

const createKeyspace = (schema: Schema, { isConditional, name, properties }: Of<"CreateKeyspace">): void => {
  writable(name)
  const settings = replicationOf(properties, undefined)
  if (schema.keyspaces.has(name)) {
    if (isConditional) return
    throw alreadyExists(name, "")
  }
  schema.keyspaces.set(name, { name, ...settings, tables: new Map(), types: new Map() })
}

const alterKeyspace = (schema: Schema, { isConditional, name, properties }: Of<"AlterKeyspace">): void => {
  writable(name)
  const keyspace = schema.keyspaces.get(name)
  if (keyspace === undefined) {
    if (isConditional) return
    throw invalid(`Keyspace '${name}' doesn't exist`)
  }
  Object.assign(keyspace, replicationOf(properties, keyspace))
}

const keyspaceOf = ({ keyspace: session, schema }: Environment, name: Ast.Name): Keyspace => {
  const keyspace = schema.keyspaceOf(name, session)
  writable(keyspace)
  const found = schema.keyspaces.get(keyspace)
  if (found === undefined) throw invalid(`Keyspace '${keyspace}' doesn't exist`)
  return found
}

const createTable = (definition: Of<"CreateTable">, environment: Environment): void => {
  const { schema } = environment
  const keyspace = keyspaceOf(environment, definition.table)
  const { name } = definition.table
  if (keyspace.tables.has(name)) {
    if (definition.ifNotExists) return
    throw alreadyExists(keyspace.name, name)
  }
  if (definition.isCompact) throw unsupported("COMPACT STORAGE", "Define the table without it.")
  if (!/^\w+$/.test(name)) {
    throw configError(
      `${keyspace.name}.${name}: Table name must not be empty or not contain non-alphanumeric-underscore characters (got "${name}")`
    )
  }
  const columns = columnsOf(definition, keyspace.name, schema)
  const table = new Table({
    keyspace: keyspace.name,
    name,
    id: randomUuid(environment.random),
    columns,
    properties: checkProperties(definition.properties),
    fieldsOf: schema.fieldsOf
  })
  checkTtl(table, table.properties)
  keyspace.tables.set(name, table)
}

const columnsOf = (definition: Of<"CreateTable">, keyspace: string, schema: Schema): ReadonlyArray<Column> => {
  const { name: table } = definition.table
  const names = definition.columns.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`Duplicate column '${twice}' declaration for table '${table}'`)
  const types = new Map(definition.columns.map(({ name, type }) => [name, resolveType(type, keyspace, schema.hasType)]))
  const inline = definition.columns.filter(({ isPrimaryKey }) => isPrimaryKey).map(({ name }) => ({
    partition: [name],
    clustering: [] as ReadonlyArray<string>
  }))
  const [key, another] = [...inline, ...definition.keys]
  if (key === undefined) throw invalid(`No PRIMARY KEY specifed for table '${table}' (exactly one required)`)
  if (another !== undefined) {
    throw invalid(`Multiple PRIMARY KEYs specified for table '${table}' (exactly one required)`)
  }
  const keyed = [...key.partition, ...key.clustering]
  const unknown = keyed.find((name) => !types.has(name))
  if (unknown !== undefined) throw invalid(`Unknown column '${unknown}' referenced in PRIMARY KEY for table '${table}'`)
  const repeated = keyed.find((name, index) => keyed.indexOf(name) !== index)
  if (repeated !== undefined) throw invalid(`Duplicate column '${repeated}' in PRIMARY KEY clause for table '${table}'`)
  for (const name of keyed) checkKeyType(name, types.get(name)!)
  for (const type of types.values()) checkNested(type, schema.fieldsOf, "")
  const statics = definition.columns.filter(({ isStatic }) => isStatic).map(({ name }) => name)
  const staticKey = statics.find((name) => keyed.includes(name))
  if (staticKey !== undefined) throw invalid(`Static column '${staticKey}' cannot be part of the PRIMARY KEY`)
  if (statics.length > 0 && key.clustering.length === 0) {
    throw invalid("Static columns are only useful (and thus allowed) if the table has at least one clustering column")
  }
  checkCounters(names.filter((name) => !keyed.includes(name)).map((name) => types.get(name)!))
  const order = orderOf(definition, key.clustering)
  return names.map((name): Column => {
    const [inPartition, inClustering] = [key.partition.indexOf(name), key.clustering.indexOf(name)]
    const kind: ColumnKind = inPartition >= 0
      ? "partition_key"
      : inClustering >= 0
      ? "clustering"
      : statics.includes(name)
      ? "static"
      : "regular"
    return {
      name,
      kind,
      position: Math.max(inPartition, inClustering),
      type: types.get(name)!,
      isDescending: order.get(name) ?? false
    }
  })
}

const checkKeyType = (name: string, type: CqlType): void => {
  if (isMultiCell(type)) {
    const kind = type._tag === "Udt" ? "user type" : "collection type"
    throw invalid(`Invalid non-frozen ${kind} ${schemaText(type)} for PRIMARY KEY column '${name}'`)
  }
  if (isCounter(type)) throw invalid(`counter type is not supported for PRIMARY KEY column '${name}'`)
  if (type._tag === "Scalar" && type.name === "duration") {
    throw invalid(`duration type is not supported for PRIMARY KEY column '${name}'`)
  }
}

const checkCounters = (types: ReadonlyArray<CqlType>): void => {
  if (types.some(isCounter) && !types.every(isCounter)) {
    throw invalid("Cannot mix counter and non counter columns in the same table")
  }
}

const orderOf = ({ order }: Of<"CreateTable">, clustering: ReadonlyArray<string>): ReadonlyMap<string, boolean> => {
  if (order.length === 0) return new Map()
  for (const [index, { column }] of order.entries()) {
    if (!clustering.includes(column)) {
      throw invalid(
        `Only clustering key columns can be defined in CLUSTERING ORDER directive: [${column}] are not clustering columns`
      )
    }
    if (clustering[index] !== column) {
      throw invalid(
        clustering.length > order.length && !order.some((each) => each.column === clustering[index])
          ? `Missing CLUSTERING ORDER for column ${clustering[index]}`
          : "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns " +
            `(expected [${clustering.join(", ")}] but found [${order.map((each) => each.column).join(", ")}])`
      )
    }
  }
  return new Map(order.map(({ column, isDescending }) => [column, isDescending]))
}

const createType = ({ fields, ifNotExists, type }: Of<"CreateType">, environment: Environment): void => {
  const keyspace = keyspaceOf(environment, type)
  if (keyspace.types.has(type.name)) {
    if (ifNotExists) return
    throw invalid(`A user type with name '${type.name}' already exists`)
  }
  const names = fields.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`Duplicate field name '${twice}' in type '${type.name}'`)
  const resolved = fields.map(([name, type]) => ({
    name,
    type: resolveType(type, keyspace.name, environment.schema.hasType)
  }))
  for (const field of resolved) checkField(field.type)
  keyspace.types.set(type.name, resolved)
}

const checkField = (type: CqlType): void => {
  if (isCounter(type)) throw invalid("A user type cannot contain counters")
  if (type._tag === "Udt" && !type.frozen) {
    throw invalid("A user type cannot contain non-frozen UDTs")
  }
}

const alterTable = ({ change, ifExists, table: name }: Of<"AlterTable">, environment: Environment): void => {
  const { schema } = environment
  const keyspace = schema.keyspaceOf(name, environment.keyspace)
  writable(keyspace)
  const table = schema.keyspaces.get(keyspace)?.tables.get(name.name)
  if (table === undefined) {
    if (ifExists) return
    throw invalid(`Table '${keyspace}.${name.name}' doesn't exist`)
  }
  changeTable(table, change, environment)
}

const alterType = ({ change, ifExists, type }: Of<"AlterType">, environment: Environment): void => {
  const keyspace = keyspaceOf(environment, type)
  const fields = keyspace.types.get(type.name)
  if (fields === undefined) {
    if (ifExists) return
    throw invalid(`Type ${keyspace.name}.${type.name} doesn't exist`)
  }
  if (change._tag === "AddField") {
    if (fields.some(({ name }) => name === change.field)) {
      if (change.ifNotExists) return
      throw invalid(
        `Cannot add field ${change.field} to type ${keyspace.name}.${type.name}: a field with name ${change.field} already exists`
      )
    }
    const added = resolveType(change.type, keyspace.name, environment.schema.hasType)
    checkField(added)
    const keyed = [...keyspace.tables.values()].filter(({ partition }) =>
      partition.some((column) => holds(column.type, type.name, environment.schema.fieldsOf))
    )
    if (keyed.length > 0) {
      throw invalid(
        `Cannot add new field ${change.field} of type ${
          schemaText(added)
        } to user type ${keyspace.name}.${type.name} as the ` +
          `type is being used in partition key by the following tables: ${
            keyed.map((table) => `${keyspace.name}.${table.name}`).join(", ")
          }`
      )
    }
    keyspace.types.set(type.name, [...fields, { name: change.field, type: added }])
  } else {
    renameFields(keyspace, type.name, change)
  }
  for (const { tables } of environment.schema.keyspaces.values()) for (const table of tables.values()) table.refresh()
}

const drop = ({ ifExists, name, what }: Of<"Drop">, environment: Environment): void => {
  const { keyspace: session, schema } = environment
  if (what === "keyspace") {
    writable(name.name)
    if (!schema.keyspaces.delete(name.name) && !ifExists) throw invalid(`Keyspace '${name.name}' doesn't exist`)
    return
  }
  const keyspace = schema.keyspaceOf(name, session)
  writable(keyspace)
  const found = schema.keyspaces.get(keyspace)
  switch (what) {
    case "table":
      if (found?.tables.delete(name.name) !== true && !ifExists) {
        throw invalid(`Table '${keyspace}.${name.name}' doesn't exist`)
      }
      return
    case "type": {
      const user = [...found?.tables.values() ?? []].find(({ columns }) =>
        columns.some(({ type }) => mentions(type, name.name))
      )
      const types = [...found?.types ?? []].flatMap(([type, fields]) =>
        fields.some((field) => mentions(field.type, name.name)) ? [type] : []
      )
      if (types.length > 0) {
        throw invalid(
          `Cannot drop user type '${keyspace}.${name.name}' as it is still used by user types ${types.join(", ")}`
        )
      }
      if (user !== undefined) {
        throw invalid(`Cannot drop user type '${keyspace}.${name.name}' as it is still used by tables ${user.name}`)
      }
      if (found?.types.delete(name.name) !== true && !ifExists) {
        throw invalid(`Type '${keyspace}.${name.name}' doesn't exist`)
      }
      return
    }
    case "index": {
      const owner = [...found?.tables.values() ?? []].find(({ indexes }) => indexes.has(name.name))
      if (owner?.indexes.delete(name.name) !== true && !ifExists) {
        throw invalid(`Index '${keyspace}.${name.name}' doesn't exist'`)
      }
    }
  }
}

/** Returns true if a type is, or has in it, a user-defined type; also within the fields of others. */
const holds = (type: CqlType, name: string, fieldsOf: FieldsOf): boolean =>
  mentions(type, name) ||
  udtsOf(type).some((udt) => fieldsOf(udt.keyspace, udt.name).some((field) => holds(field.type, name, fieldsOf)))

const mentions = (type: CqlType, name: string): boolean => udtsOf(type).some((udt) => udt.name === name)

const udtsOf = (type: CqlType): ReadonlyArray<Udt> => {
  switch (type._tag) {
    case "Udt":
      return [type]
    case "List":
    case "Set":
    case "Vector":
      return udtsOf(type.element)
    case "Map":
      return [...udtsOf(type.key), ...udtsOf(type.value)]
    case "Tuple":
      return type.elements.flatMap(udtsOf)
    case "Scalar":
      return []
  }
}
