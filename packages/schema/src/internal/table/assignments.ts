/**
 * Assignments of an update, from its arguments.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Change } from "../../Change.ts"
import type { ColumnMeta } from "../../TableMeta.ts"
import { requiredOf } from "./codecs.ts"
import type * as Texts from "./texts.ts"
import { itemOf } from "./where.ts"

/** Throws where a table is used in a way that its types do not rule out. */
export const refuse = (option: string, given: string, expected: string): never => {
  throw new InvalidOptions({ option, given, expected })
}

const isChange = (value: unknown): value is Change<unknown> =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Change" && "operation" in value

/** The value that a change binds. */
export const changed = (value: unknown): unknown =>
  isChange(value)
    ? value.operation === "put" ? new Map(value.value as Iterable<[unknown, unknown]>) : value.value
    : value

/** The assignment of a value or a change. */
export const assignmentOf = (column: ColumnMeta, value: unknown): Texts.Assignment => {
  const operation = isChange(value) ? value.operation : "set"
  const schema = operation === "removeKeys"
    ? keysOf(column)
    : operation === "set"
    ? column.isOptional ? nullable(requiredOf(column)) : requiredOf(column)
    : requiredOf(column)
  return { column, operation, marker: { key: column.field, name: column.name, schema } }
}

const codec = (ast: SchemaAST.AST) => Schema.make<Schema.Codec<unknown, unknown, never, never>>(ast)

const nullable = (ast: SchemaAST.AST): SchemaAST.AST => Schema.NullOr(codec(ast)).ast

const keysOf = (column: ColumnMeta): SchemaAST.AST => Schema.ReadonlySet(codec(itemOf(requiredOf(column), true))).ast

/** True if the values of a column are lists whose elements are cells of their own. */
export const isList = ({ type }: ColumnMeta): boolean => type.startsWith("list<")

/**
 * Sets and maps take the same change twice. A list is longer after a second one, also after it was set as a whole at the same
 * timestamp: where it may be, the values decide.
 */
export const isIdempotent = (assignments: ReadonlyArray<Texts.Assignment>): boolean | undefined => {
  if (assignments.some(({ operation }) => operation === "append" || operation === "prepend")) return false
  return assignments.some(({ column, operation }) => operation === "set" && isList(column)) ? undefined : true
}
