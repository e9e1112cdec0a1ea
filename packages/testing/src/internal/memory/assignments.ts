/**
 * The assignments of an UPDATE: which exclude each other, and their texts in messages.
 */
import type { Assignment, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import { syntaxError, unsupported } from "./failures.ts"
import type { Column, Table } from "./schema.ts"
import { isCounter } from "./values/types.ts"

/** Refuses two assignments of one column if one of them replaces it. */
export const checkConflicts = (assignments: ReadonlyArray<Assignment>): void => {
  const excludes = (one: Assignment, other: Assignment): boolean =>
    one._tag === "Set" || other._tag === "Set" ||
    (one._tag === "SetField" && other._tag === "SetField" && one.field === other.field)
  for (const [index, one] of assignments.entries()) {
    const other = assignments.slice(index + 1).find((each) => each.column === one.column && excludes(one, each))
    if (other !== undefined) {
      throw syntaxError(`Multiple incompatible setting of column ${one.column}`)
    }
  }
}

/** An addition or subtraction as messages show it. */
export const shownOperation = ({ name }: Column, how: "Add" | "Subtract" | "Prepend", term: Term): string =>
  how === "Prepend"
    ? `${name} = ${termText(term)} - ${name}`
    : `${name} = ${name} ${how === "Add" ? "+" : "-"} ${termText(term)}`

/** Refuses to add to a number or a text on a condition: a server can, because it reads the row for the condition. */
export const refuseAdditions = (table: Table, assignments: ReadonlyArray<Assignment>): void => {
  for (const { _tag, column: name } of assignments) {
    const type = table.find(name)?.type
    if ((_tag !== "Add" && _tag !== "Subtract") || type?._tag !== "Scalar" || isCounter(type)) continue
    throw unsupported(
      `adding to the column ${name} on a condition`,
      "Read the value, and set the new one IF the column has the value that was read."
    )
  }
}
