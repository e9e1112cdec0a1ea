/**
 * The assignments of an UPDATE: which exclude each other, and their texts in messages.
 */
import type { Assignment, Term } from "./cql/ast.ts"
import { termText } from "./cql/termText.ts"
import { syntaxError } from "./failures.ts"
import type { Column } from "./schema.ts"

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
