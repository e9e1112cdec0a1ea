/**
 * The columns that a SELECT clause names.
 */
import type { Selector } from "./cql/ast.ts"

/** The names of the columns that an expression reads. */
export const columnNamesOf = (selector: Selector): ReadonlyArray<string> => {
  if (selector._tag === "ColumnOf") return [selector.column]
  if (selector._tag === "CallOf") return selector.args.flatMap(columnNamesOf)
  return "of" in selector ? columnNamesOf(selector.of) : []
}
