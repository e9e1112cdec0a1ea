/**
 * Conditions of a `WHERE` or an `IF`, from their keys: `"at <"`.
 */
import { InvalidOptions } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import { type Marker, requiredOf } from "./codecs.ts"

/** A condition of one column. */
export interface Condition {
  readonly column: ColumnMeta
  readonly operator: "=" | "<" | "<=" | ">" | ">=" | "!=" | "in" | "contains" | "contains key"
  readonly marker: Marker
}

const pattern = /^(\w+)(?: (<|<=|>|>=|!=|in|contains|contains key))?$/

/** The conditions of keys; `prefix` keeps the markers of an `IF` apart. */
export const conditionsOf = (meta: Meta, tokens: ReadonlyArray<string>, prefix = ""): ReadonlyArray<Condition> => {
  if (tokens.length === 0) {
    throw new InvalidOptions({
      option: `table ${meta.keyspace}.${meta.table}`,
      given: "no condition",
      expected: "conditions on its key; Scan.table reads all rows"
    })
  }
  return tokens.map((token) => {
    const [, field, operator = "="] = pattern.exec(token) ?? []
    const column = meta.columns.find((column) => column.field === field)
    if (column === undefined) {
      const given = `a condition on ${JSON.stringify(token)}`
      throw new InvalidOptions({
        option: `table ${meta.keyspace}.${meta.table}`,
        given,
        expected: "conditions on its columns"
      })
    }
    const condition = operator as Condition["operator"]
    const suffix = condition === "=" ? "" : ` ${condition}`
    const schema = operandOf(column, condition, prefix !== "")
    return {
      column,
      operator: condition,
      marker: { key: `${prefix}${token}`, name: `${prefix}${column.name}${suffix}`, schema }
    }
  })
}

const operandOf = (column: ColumnMeta, operator: Condition["operator"], isNullable: boolean): SchemaAST.AST => {
  const inner = requiredOf(column)
  const schema = Schema.make<Schema.Codec<unknown, unknown, never, never>>(inner)
  if (operator === "in") return Schema.Array(schema).ast
  if (operator === "contains" || operator === "contains key") return itemOf(inner, operator === "contains key")
  return isNullable ? Schema.NullOr(schema).ast : schema.ast
}

/** The schema of the items or the keys of a collection. */
export const itemOf = (ast: SchemaAST.AST, isKey: boolean): SchemaAST.AST => {
  const [link] = ast.encoding ?? []
  if (link !== undefined) return itemOf(link.to, isKey)
  if (ast._tag === "Union") {
    const collection = ast.types.find((member) => member._tag === "Declaration" || member._tag === "Arrays")
    return collection === undefined ? SchemaAST.unknown : itemOf(collection, isKey)
  }
  if (ast._tag === "Arrays") return ast.rest[0] ?? SchemaAST.unknown
  if (ast._tag !== "Declaration") return SchemaAST.unknown
  return (isKey ? ast.typeParameters[0] : ast.typeParameters.at(-1)) ?? SchemaAST.unknown
}

/** A marker as it stands in a text. */
export const markerText = ({ name }: Marker): string => `:${quoted(name)}`

/** The text of a condition. */
export const conditionText = ({ column, marker, operator }: Condition): string =>
  `${quoted(column.name)} ${operator.toUpperCase()} ${markerText(marker)}`
