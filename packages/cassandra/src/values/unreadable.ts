/**
 * Bytes that have no neutral value, or one that would lose a part of them.
 */
import { Reason } from "@effect-cql/core"

/** Thrown by decoders: a cell is decoded in a loop, where a result object for each would cost more than the decoding. */
export class Unreadable extends Error {
  readonly issue: string
  /** The column, and the row from 0, once they are known. */
  column: string | undefined
  row = 0
  /** The first cell of the answer to a conditional write, if it could be read. */
  applied: boolean | undefined

  constructor(issue: string, column?: string) {
    super(issue)
    this.issue = issue
    this.column = column
  }

  get reason(): Reason.RowDecoding {
    const { applied, column, issue, row } = this
    const at = column === undefined ? "" : `, column ${column}`
    return new Reason.RowDecoding({ message: `row ${row}${at}: ${issue}`, row, column, issue, applied })
  }
}
