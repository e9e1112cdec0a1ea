/**
 * What follows from a read for a write of open outcome.
 */
import type { Outcome } from "../../Outcome.ts"
import type { Finding } from "../../Settlement.ts"
import type { Cell, Found } from "./readBack.ts"

export interface Verdict {
  readonly outcome: Outcome
  readonly finding: Finding
  readonly message: string
}

/** A write without a condition: it is known again by the timestamp that it carries. */
export const judgePlain = (before: Outcome, found: Found, pinned: bigint | undefined): Verdict => {
  const timestamp = found.timestamp ?? pinned
  const stays = (finding: Finding, message: string): Verdict => ({ outcome: before, finding, message })
  if (timestamp === undefined || timestamp === "unknown") return stays("notComparable", "its timestamp is not known")
  if (found.row === undefined) {
    return stays("notFound", "there is no such row, but a hint or the batch log may still bring it")
  }
  const { cells } = found
  if (cells.length === 0) return stays("notComparable", noCells)
  const applied = cells.find(({ isSame, writtenAt }) => isSame && writtenAt === timestamp)
  if (applied !== undefined) {
    const message = `column ${applied.column} holds its value, written at its timestamp ${timestamp}`
    return { outcome: "Applied", finding: "found", message }
  }
  // With equal timestamps the greater value stays: somebody else's.
  if (cells.every(({ writtenAt }) => writtenAt !== undefined && writtenAt >= timestamp)) {
    return stays("overwritten", "a newer write stands there, which hides whether this one was applied before")
  }
  return stays("notFound", "no column was written at its timestamp, but a hint or the batch log may still bring it")
}

/**
 * A conditional write, read at a serial level: that has finished its round of Paxos, so that it is there or never will be.
 * `since` is when it was first sent, less what the clocks may differ.
 */
export const judgeConditional = (before: Outcome, found: Found, since: bigint | undefined): Verdict => {
  const verdict = judgeRound(before, found, since)
  // It was decided before: what the round left behind may be gone again, but it was there.
  return before !== "WillApply" || verdict.outcome === "Applied" || verdict.finding === "notFound" ? verdict : {
    ...verdict,
    outcome: "Applied"
  }
}

const judgeRound = (before: Outcome, found: Found, since: bigint | undefined): Verdict => {
  const stays = (finding: Finding, message: string): Verdict => ({ outcome: before, finding, message })
  const isGone = before !== "WillApply"
  const notApplied = (message: string): Verdict =>
    isGone
      ? { outcome: "NotApplied", finding: "notFound", message }
      : stays("notFound", message)
  if (found.verb === "DELETE") {
    const stands = since !== undefined && found.cells.some((cell) => isOlder(cell, since))
    return stands
      ? notApplied("what it deletes is there, and older than it")
      : stays("notComparable", "a deletion leaves nothing by which it could be recognised")
  }
  if (found.row === undefined) return notApplied("its round is over, and there is no such row")
  const present = found.cells.filter(({ writtenAt }) => writtenAt !== undefined)
  if (found.cells.length === 0) return stays("notComparable", noCells)
  if (present.length === 0) return notApplied("its round is over, and the columns that it sets are empty")
  if (since === undefined) return stays("notComparable", "when it was sent is not known")
  const older = present.find((cell) => isOlder(cell, since))
  if (older !== undefined) {
    return notApplied(`its round is over, and column ${older.column} is older than it, written at ${older.writtenAt}`)
  }
  return found.cells.every(({ isSame }) => isSame)
    ? { outcome: "Applied", finding: "found", message: "the row holds its values, written since it was sent" }
    : stays("overwritten", "other values were written since it was sent, which hide whether it was applied before")
}

const isOlder = ({ writtenAt }: Cell, since: bigint): boolean => writtenAt !== undefined && writtenAt < since

const noCells = "it sets no column of one value, by which it could be recognised"
