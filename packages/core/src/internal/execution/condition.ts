/**
 * The answer to a conditional write: the server puts `[applied]` before the columns of the row that the condition met.
 */
import type { Page } from "../../Port.ts"

type Row = Record<string, unknown>

const column = "[applied]"

const noRows: ReadonlyArray<Row> = []

/**
 * The page of a conditional write, with the rows that the condition met and nothing else: none where it held, and none for a
 * row that does not exist.
 */
export const withoutApplied = (page: Page): Page => {
  const { columns, info, rows, wasApplied } = page
  return {
    rows: wasApplied === false ? rows.map(withoutColumn).filter((row) => row !== undefined) : noRows,
    columns: columns?.filter(({ name }) => name !== column),
    wasApplied,
    info
  }
}

const withoutColumn = (row: Row): Row | undefined => {
  const { [column]: _, ...current } = row
  return Object.keys(current).length === 0 ? undefined : current
}
