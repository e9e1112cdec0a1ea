/**
 * Checks of the columns of a definition: one that no row can fit, or that the server refuses.
 */
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Kind } from "../../TableMeta.ts"
import { userTypesOf } from "../cqlType.ts"
import { refuse } from "./definitionCheck.ts"

/** A column of a definition. */
interface Declared {
  readonly type: string
  readonly kind: Kind
  readonly schema: Schema.Constraint
}

/** Throws `InvalidOptions` for the name of a field that no row can have. */
export const checkField = (at: string, field: string): void => {
  if (field === "__proto__") {
    refuse(
      `${at}.columns`,
      "\"__proto__\", which no object can have as a field",
      "another field; `names` renames columns"
    )
  }
  if (!/^[A-Za-z_]\w*$/.test(field)) {
    refuse(
      `${at}.columns`,
      JSON.stringify(field),
      "names of letters, digits and underscores; `names` renames columns"
    )
  }
}

/** Throws `InvalidOptions` for a column that no row can fit, or that the server refuses. */
export const checkColumn = (option: string, { kind, schema, type }: Declared): void => {
  const { ast } = schema
  const isOptional = ast.context?.isOptional === true
  const isKey = kind === "partition_key" || kind === "clustering"
  if (isKey && isOptional) refuse(option, "an optional column in the key", "key columns that are required")
  const decoded = SchemaAST.toType(ast)
  const encoded = SchemaAST.toEncoded(ast)
  if (isKey && (has(decoded, "Null") || has(decoded, "Undefined") || (!isCollection(type) && has(encoded, "Null")))) {
    refuse(option, "a key column that may be null", "a schema without null, for the server refuses null in a key")
  }
  const isUndefined = has(decoded, "Undefined") || (encoded.context?.isOptional !== true && has(encoded, "Undefined"))
  if (!isOptional && isUndefined) {
    refuse(
      option,
      "a schema with undefined, which the database does not have",
      "Schema.optionalKey for a field that may be absent, or Schema.NullOr for one that may be null"
    )
  }
  checkType(option, isKey, type)
  const ofCounter = userTypesOf(ast).find(({ fields }) => fields.some(([, part]) => /\bcounter\b/.test(part)))
  if (ofCounter !== undefined) {
    refuse(
      option,
      `the type ${ofCounter.name} with a counter`,
      "CqlSchema.BigInt, for a counter is a column of its own"
    )
  }
}

const checkType = (option: string, isKey: boolean, type: string): void => {
  if (/[<\s]counter[,>]/.test(type)) {
    refuse(option, `a ${type}`, "items of CqlSchema.BigInt, for a counter is a column of its own")
  }
  if (/\bset<duration>|\bmap<duration,/.test(type)) {
    refuse(option, `a ${type}`, "a list of durations, or durations as values of a map, for durations have no order")
  }
  if (isKey && /\bduration\b/.test(type)) {
    refuse(option, `a key column of ${type}`, "a type with an order, such as CqlSchema.BigInt of nanoseconds")
  }
  if (isKey && type === "counter") {
    refuse(option, "a counter in the key", "CqlSchema.BigInt, for a counter is a column outside the key")
  }
}

const isCollection = (type: string): boolean => /^(?:frozen<)?(?:set|list|map)</.test(type)

const has = (ast: SchemaAST.AST, tag: "Null" | "Undefined"): boolean =>
  ast._tag === tag || (ast._tag === "Union" && ast.types.some((member) => has(member, tag)))
