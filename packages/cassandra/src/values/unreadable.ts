/**
 * What the server has sent, and cannot be given to the user as it is: losing a part of it in silence would be worse.
 */
import { Reason } from "@effect-cql/core"

export class Unreadable extends Error {
  readonly #issue: string
  /** The column, and the row from 0, once they are known. */
  column: string | undefined
  row = 0

  constructor(issue: string, column?: string) {
    super(issue)
    this.#issue = issue
    this.column = column
  }

  get reason(): Reason.RowDecoding {
    const { column, row } = this
    const at = column === undefined ? "" : `, column ${column}`
    return new Reason.RowDecoding({ message: `row ${row}${at}: ${this.#issue}`, row, column, issue: this.#issue })
  }
}
