/**
 * Increments of the counters of a row.
 */
import type { ColumnMeta } from "../../TableMeta.ts"
import { refuse } from "./assignments.ts"
import type { Record_ } from "./limits.ts"
import type * as Texts from "./texts.ts"

/** The assignments of the amounts that are added to counters. */
export const incrementsOf = (
  at: string,
  columns: ReadonlyArray<ColumnMeta>,
  amounts: Record_
): ReadonlyArray<Texts.Assignment> => {
  const assignments = Object.keys(amounts).filter((field) => amounts[field] !== undefined).map((field) => {
    const column = columns.find((column) => column.field === field && column.type === "counter") ??
      refuse(`${at}: increment`, `the column ${JSON.stringify(field)}`, "counters of the table")
    return {
      column,
      operation: "increment" as const,
      marker: { key: field, name: column.name, schema: column.schema.ast }
    }
  })
  return assignments.length > 0
    ? assignments
    : refuse(`${at}: increment`, "no amount", "an amount for at least one counter")
}
