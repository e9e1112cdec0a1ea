/**
 * CREATE INDEX.
 */
import type * as Ast from "./cql/ast.ts"
import { configError, invalid, unsupported } from "./failures.ts"
import type { Column, Index, Keyspace, Table } from "./schema.ts"
import { type CqlType, type FieldsOf, isCollection, schemaText } from "./values/types.ts"

type CreateIndex = Extract<Ast.Definition, { readonly _tag: "CreateIndex" }>

export const createIndex = (keyspace: Keyspace, definition: CreateIndex): void => {
  const table = keyspace.tables.get(definition.table.name)
  if (table === undefined) throw invalid(`Table '${definition.table.name}' doesn't exist`)
  const column = table.find(definition.column)
  if (column === undefined) {
    throw invalid(`Undefined column name ${definition.column} in table ${table.keyspace}.${table.name}`)
  }
  const isTaken = (name: string) => [...keyspace.tables.values()].some(({ indexes }) => indexes.has(name))
  const { name = freeName(`${table.name}_${definition.column}_idx`.replaceAll(/\W/g, ""), isTaken) } = definition
  if (isTaken(name)) {
    if (definition.ifNotExists) return
    throw invalid(`Index '${name}' already exists`)
  }
  if (table.isCounter) throw invalid("Secondary indexes on counter tables aren't supported")
  if (column.kind === "partition_key" && table.partition.length === 1) {
    throw invalid(`Cannot create secondary index on the only partition key column ${column.name}`)
  }
  const { target } = definition
  const className = classOf(definition)
  checkTarget(table, column, target)
  checkOptions(column, definition)
  const options = typeof definition.options === "string" ? [] : definition.options
  const index: Index = { name, column: column.name, target: target ?? "values", className, options }
  const others = [...table.indexes.values()].filter((other) =>
    other.column === index.column && other.target === index.target
  )
  const same = others.find((other) =>
    other.className === className && JSON.stringify(other.options) === JSON.stringify(options)
  )
  if (same !== undefined) {
    if (definition.ifNotExists) return
    throw invalid(`Index ${name} is a duplicate of existing index ${same.name}`)
  }
  if (isSai(index) && others.some(isSai)) {
    throw invalid(`Cannot create more than one storage-attached index on the same column: ${column.name}`)
  }
  if (isSai(index)) checkAttached(column, index)
  table.indexes.set(name, index)
}

/** Refuses types that a storage-attached index does not support. */
const checkAttached = ({ type }: Column, { options, target }: Index): void => {
  if (indexedParts(type, target).some((part) => part._tag === "Scalar" && part.name === "blob")) {
    throw invalid("Unsupported type: blob")
  }
  if (type._tag !== "Vector") return
  if (type.element._tag !== "Scalar" || type.element.name !== "float") {
    throw invalid("SAI ANN indexes are only allowed on vector columns with float elements")
  }
  const [, similarity = "cosine"] = options.find(([name]) => name === "similarity_function") ?? []
  if (type.dimension === 1 && similarity.toLowerCase() === "cosine") {
    throw invalid("Cosine similarity is not supported for single-dimension vectors")
  }
}

const indexedParts = (type: CqlType, target: Index["target"]): ReadonlyArray<CqlType> => {
  if (target === "full") return [type]
  if (type._tag === "List" || type._tag === "Set") return [type.element]
  if (type._tag !== "Map") return [type]
  return target === "keys" ? [type.key] : target === "entries" ? [type.key, type.value] : [type.value]
}

/** The class of an index; a server knows the built-in one of tables by a name. */
const classOf = ({ className }: CreateIndex): string | undefined => {
  if (className?.toLowerCase() === "legacy_local_table") return undefined
  if (className === undefined || className === "" || saiName.test(className)) return className
  throw configError(`Unable to find custom indexer class '${className}'`)
}

const saiName = /storageattachedindex$|^sai$/i

/** Refuses a part of a column that has no such part. */
const checkTarget = ({ fieldsOf }: Table, { name, type }: Column, target: CreateIndex["target"]): void => {
  if (holdsDuration(type, fieldsOf)) {
    const what = type._tag === "Scalar" ? "duration columns" : `${nameOf(type)} containing durations`
    throw invalid(`Secondary indexes are not supported on ${what}`)
  }
  const isFrozen = "frozen" in type && type.frozen
  if (target === "full" && !(isFrozen && isCollection(type))) {
    throw invalid("full() indexes can only be created on frozen collections")
  }
  if (isFrozen && isCollection(type) && target !== "full") {
    throw invalid(
      `Cannot create ${target ?? "values"}() index on frozen column ${name}. ` +
        `Frozen collections are immutable and must be fully indexed by using the 'full(${name})' modifier`
    )
  }
  if (!isCollection(type) && target !== undefined) {
    throw invalid(
      `Cannot create ${target}() index on ${name}. Non-collection columns only support simple indexes`
    )
  }
  if (isCollection(type) && type._tag !== "Map" && (target === "keys" || target === "entries")) {
    throw invalid(`Cannot create index on ${target} of column ${name} with non-map type`)
  }
  if (type._tag === "Udt" && !type.frozen) throw invalid(`Cannot create index on non-frozen UDT column ${name}`)
}

/** Returns true if a type is `duration`, or has it in it. */
export const holdsDuration = (type: CqlType, fieldsOf: FieldsOf): boolean => {
  const holds = (each: CqlType) => holdsDuration(each, fieldsOf)
  switch (type._tag) {
    case "Scalar":
      return type.name === "duration"
    case "List":
    case "Set":
    case "Vector":
      return holds(type.element)
    case "Map":
      return holds(type.key) || holds(type.value)
    case "Tuple":
      return type.elements.some(holds)
    case "Udt":
      return fieldsOf(type.keyspace, type.name).some((field) => holds(field.type))
  }
}

const nameOf = ({ _tag }: CqlType): string => _tag === "Udt" ? "UDTs" : _tag === "Tuple" ? "tuples" : "collections"

const analysis = new Set(["case_sensitive", "normalize", "ascii"])
const ofVectors = new Set([
  "maximum_node_connections",
  "construction_beam_width",
  "similarity_function",
  "optimize_for"
])

/** Refuses options that a server refuses, and those that would change the answers. */
const checkOptions = ({ type }: Column, { className, options }: CreateIndex): void => {
  const entries = typeof options === "string" ? [] : options
  if (className === undefined && entries.length > 0) {
    throw invalid("Cannot specify options for a non-CUSTOM index")
  }
  for (const name of ["class_name", "target"]) {
    if (entries.some(([key]) => key === name)) throw invalid(`Cannot specify ${name} as a CUSTOM option`)
  }
  const strange = entries.find(([name]) => !analysis.has(name) && !ofVectors.has(name))
  if (strange !== undefined) {
    throw configError(`Properties specified [${strange[0]}] are not understood by StorageAttachedIndex`)
  }
  const analyzed = entries.filter(([name]) => analysis.has(name))
  const isText = type._tag === "Scalar" && (type.name === "text" || type.name === "ascii")
  if (analyzed.length > 0 && !isText) throw invalid(`CQL type ${schemaText(type)} cannot be analyzed.`)
  for (const [name, value] of analyzed) {
    if (!/^(?:true|false)$/i.test(value)) throw invalid(`Illegal value for boolean option '${name}': ${value}`)
    if ((value.toLowerCase() === "true") !== (name === "case_sensitive")) {
      throw unsupported(
        `the option ${name} of an index`,
        "Create the index without it, or run this against a real server."
      )
    }
  }
  if (type._tag !== "Vector" && entries.some(([name]) => ofVectors.has(name))) {
    throw invalid(`CQL type ${schemaText(type)} cannot have vector options`)
  }
}

const isSai = ({ className }: Index): boolean => saiName.test(className ?? "")

const freeName = (name: string, isTaken: (name: string) => boolean): string => {
  let free = name
  for (let at = 1; isTaken(free); at++) free = `${name}_${at}`
  return free
}
