/**
 * The results of a session's statements, made of pages.
 */
import type { Page } from "../../Port.ts"
import { type Info, ResultSet } from "../../ResultSet.ts"

/**
 * Makes results. Results without rows that say the same are one object: most writes are answered alike, and a run that keeps its
 * results keeps one object less for each.
 */
export class ResultSets {
  #empty: ResultSet<unknown> | undefined
  // As the page had it, for a result has no undefined one.
  #info: Info | undefined

  /** The result of a page, with its decoded rows. */
  of({ columns, info, wasApplied = true }: Page, rows: ReadonlyArray<unknown>): ResultSet<unknown> {
    const empty = this.#empty
    if (
      empty !== undefined && empty.rows === rows && this.#info === info && empty.columns === columns &&
      empty.wasApplied === wasApplied && rows.length === 0
    ) return empty
    const made = new ResultSet({ rows, wasApplied, columns, info })
    if (rows.length === 0) {
      this.#empty = Object.freeze(made)
      this.#info = info
    }
    return made
  }
}
