/**
 * Checks of the definition of a table: one with a misspelt name would declare another table, silently.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Schema from "effect/Schema"
import type { AnyDefinition } from "../../Table.ts"
import { expectedSchema } from "../cqlType.ts"

export const refuse = (option: string, given: string, expected: string): never => {
  throw new InvalidOptions({ option, given, expected })
}

const refuseValue = (option: string, value: unknown, expected: string): never => {
  throw new InvalidOptions({ option, value, expected })
}

const aSchema = Check.rule(expectedSchema, Schema.isSchema)

const isList = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isText)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const keyColumns = "key columns that are columns of the table"

const optionNames = ["columns", "partitionKey", "clusteringKey", "static", "indexes", "names", "options"]

/** Throws `InvalidOptions` for a definition that its types refuse. */
export const checkDefinition = (at: string, definition: AnyDefinition): void => {
  Check.names(definition, optionNames, `${at}.`)
  const { clusteringKey, columns, indexes, names, options, partitionKey, static: statics } = definition
  if (!isRecord(columns) && !Array.isArray(columns)) refuseValue(`${at}.columns`, columns, "schemas by field")
  if (Object.keys(columns).length === 0) refuse(`${at}.columns`, "none", "at least one column")
  for (const [field, schema] of Object.entries(columns)) Check.value(`${at}.columns.${field}`, schema, aSchema)
  const known = (option: string, fields: ReadonlyArray<string>, expected = "columns of the table"): void => {
    const unknown = fields.find((field) => !Object.hasOwn(columns, field))
    if (unknown !== undefined) refuseValue(`${at}.${option}`, unknown, expected)
  }
  const partition = typeof partitionKey === "string" ? [partitionKey] : partitionKey
  if (!isList(partition) || partition.length === 0) {
    refuseValue(`${at}.partitionKey`, partitionKey, "a column, or several in a list")
  }
  known("partitionKey", partition, keyColumns)
  const clustering = clusteringOf(at, clusteringKey)
  known("clusteringKey", clustering, keyColumns)
  if (statics !== undefined && !isList(statics)) refuseValue(`${at}.static`, statics, "a list of columns")
  known("static", statics ?? [])
  const keyed = statics?.find((field) => partition.includes(field) || clustering.includes(field))
  if (keyed !== undefined) refuseValue(`${at}.static`, keyed, "columns outside the key")
  checkIndexes(at, indexes, known)
  checkColumnNames(at, names, known)
  checkTableOptions(`${at}.options`, options)
}

type Known = (option: string, fields: ReadonlyArray<string>) => void

const clusteringOf = (at: string, clusteringKey: unknown): ReadonlyArray<string> => {
  if (clusteringKey === undefined) return []
  const option = `${at}.clusteringKey`
  if (!isList(clusteringKey)) return refuseValue(option, clusteringKey, "a list of columns")
  const wrong = clusteringKey.find((column) => !/^\S+(?: (?:asc|desc))?$/.test(column))
  if (wrong !== undefined) {
    refuseValue(option, wrong, "columns, each with an optional \"asc\" or \"desc\" after a space")
  }
  return clusteringKey.map((column) => column.split(" ")[0] ?? column)
}

const checkIndexes = (at: string, indexes: unknown, known: Known): void => {
  if (indexes === undefined) return
  if (!isRecord(indexes)) return refuseValue(`${at}.indexes`, indexes, "kinds of indexes by field")
  known("indexes", Object.keys(indexes))
  for (const [field, kind] of Object.entries(indexes)) {
    Check.value(`${at}.indexes.${field}`, kind, kindOfIndex)
  }
}

const kindOfIndex = Check.oneOf(["sai", "secondary"])

const checkColumnNames = (at: string, names: unknown, known: Known): void => {
  if (names === undefined || names === "snake_case" || names === "same") return
  if (!isRecord(names)) return refuseValue(`${at}.names`, names, "\"snake_case\", \"same\" or names by field")
  known("names", Object.keys(names))
  for (const [field, name] of Object.entries(names)) {
    if (name !== undefined) Check.value(`${at}.names.${field}`, name, Check.text)
  }
}

const checkTableOptions = (at: string, options: AnyDefinition["options"]): void => {
  if (options === undefined) return
  Check.options(options, ofTable, `${at}.`)
}

const isText = (value: unknown): value is string => typeof value === "string"

const ofTable: Check.Rules<NonNullable<AnyDefinition["options"]>> = {
  defaultTimeToLive: Check.rule("seconds, a whole number such as 86400", Check.nonNegativeInteger.accepts),
  comment: Check.rule("a text", isText),
  with: Check.rule("a text of CQL", isText)
}

/** Throws for columns of a further table that are no fields of its entity, and for static ones, which it cannot have. */
export const checkEntityFields = (
  name: string,
  definition: { readonly columns?: ReadonlyArray<string> | undefined },
  fields: ReadonlyArray<string>
): void => {
  const at = `table ${name}`
  Check.names(definition, optionNames.filter((option) => option !== "static"), `${at}.`)
  const { columns } = definition
  if (columns === undefined) return
  if (!isList(columns)) return refuseValue(`${at}.columns`, columns, "a list of fields")
  const unknown = columns.find((column) => !fields.includes(column))
  if (unknown !== undefined) refuseValue(`${at}.columns`, unknown, "fields of the entity")
}
