/**
 * Assignments of an update, from its arguments.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type { Change } from "../../Change.ts"
import type { ColumnMeta } from "../../TableMeta.ts"
import { requiredOf } from "./codecs.ts"
import type { Record_ } from "./limits.ts"
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

// A frozen collection is written as a whole.
const operationsOf = ({ type }: ColumnMeta): ReadonlyArray<string> =>
  type.startsWith("set<")
    ? ["add", "remove"]
    : type.startsWith("list<")
    ? ["append", "prepend", "discard"]
    : type.startsWith("map<")
    ? ["put", "removeKeys"]
    : []

const checkChange = (at: string, column: ColumnMeta, change: Change<unknown>): void => {
  const operations = operationsOf(column)
  if (!operations.includes(change.operation)) {
    refuse(
      `${at}: ${column.field}`,
      `the change ${JSON.stringify(String(change.operation))}`,
      operations.length === 0
        ? `a value, for a column of type ${column.type} has no changes`
        : `a value or a change of a ${column.type}: ${operations.map((name) => `Change.${name}`).join(", ")}`
    )
  }
  if (change.operation === "put") Check.value(`${at}: ${column.field}`, change.value, entries)
}

const entries = Check.rule(
  "Change.put of entries, each a key and a value in an array",
  (value) => Array.isArray(value) && value.every((entry) => Array.isArray(entry) && entry.length === 2)
)

/** The assignment of a value or a change. */
const assignmentOf = (at: string, column: ColumnMeta, value: unknown): Texts.Assignment => {
  if (isChange(value)) checkChange(at, column, value)
  const operation = isChange(value) ? value.operation : "set"
  const schema = operation === "removeKeys"
    ? keysOf(column)
    : operation === "set" && column.isOptional
    ? nullable(requiredOf(column))
    : requiredOf(column)
  return { column, operation, marker: { key: column.field, name: column.name, schema } }
}

/** The assignments of an update, which sets columns or changes them. */
export const assignmentsOf = (
  at: string,
  verb: string,
  settable: ReadonlyArray<ColumnMeta>,
  set: Record_
): ReadonlyArray<Texts.Assignment> => {
  const assignments = Object.keys(set).filter((field) => set[field] !== undefined).map((field) => {
    const column = settable.find((column) => column.field === field) ??
      refuse(
        `${at}: ${verb}`,
        `the column ${JSON.stringify(field)}`,
        `columns to set: ${settable.map((c) => c.field).join(", ")}`
      )
    return assignmentOf(at, column, set[field])
  })
  return assignments.length > 0
    ? assignments
    : refuse(`${at}: ${verb}`, "nothing to set", "at least one column to set")
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
