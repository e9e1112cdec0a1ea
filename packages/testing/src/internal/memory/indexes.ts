/**
 * CREATE INDEX.
 */
import type * as Ast from "./cql/ast.ts"
import { invalid } from "./failures.ts"
import type { Index, Keyspace } from "./schema.ts"
import { isCollection } from "./values/types.ts"

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
  const isFrozen = "frozen" in column.type && column.type.frozen
  const { className, target = "values" } = definition
  if (isFrozen && isCollection(column.type) && target !== "full") {
    throw invalid(
      `Cannot create ${target}() index on frozen column ${column.name}. ` +
        `Frozen collections are immutable and must be fully indexed by using the 'full(${column.name})' modifier`
    )
  }
  const options = typeof definition.options === "string" ? [] : definition.options
  const index: Index = { name, column: column.name, target, className, options }
  const others = [...table.indexes.values()].filter((other) => other.column === index.column && other.target === target)
  const same = others.find((other) => other.className === className)
  if (same !== undefined) {
    if (definition.ifNotExists) return
    throw invalid(`Index ${name} is a duplicate of existing index ${same.name}`)
  }
  if (isSai(index) && others.some(isSai)) {
    throw invalid(`Cannot create more than one storage-attached index on the same column: ${column.name}`)
  }
  table.indexes.set(name, index)
}

const isSai = ({ className }: Index): boolean => /storageattachedindex|^sai$/i.test(className ?? "")

const freeName = (name: string, isTaken: (name: string) => boolean): string => {
  let free = name
  for (let at = 1; isTaken(free); at++) free = `${name}_${at}`
  return free
}
