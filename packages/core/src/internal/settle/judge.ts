/**
 * Judges a write with an undetermined outcome by what was read.
 */
import type { Outcome } from "../../Outcome.ts"
import type { Finding } from "../../Settlement.ts"
import type { Cell, Found } from "./readBack.ts"

export interface Verdict {
  readonly outcome: Outcome
  readonly finding: Finding
  readonly message: string
}

/** Judges a write without a condition. Its timestamp identifies it. */
export const judgePlain = (
  before: Outcome,
  found: Found,
  pinned: bigint | undefined,
  isOwnTime: boolean
): Verdict => {
  const timestamp = found.timestamp ?? pinned
  const stays = staying(before)
  if (found.verb === "DELETE") return stays("notComparable", deletion)
  if (timestamp === undefined || timestamp === "unknown") return stays("notComparable", "its timestamp is not known")
  if (found.row === undefined) return stays("absent", `there is no such row, ${butLater}`)
  if (found.cells.length === 0) return stays("notComparable", noCells)
  const present = found.cells.filter(isPresent)
  if (present.length === 0) return stays("absent", `the columns that it sets are empty, ${butLater}`)
  const isOlder = present.some(({ writtenAt }) => writtenAt < timestamp)
  const isOthers = present.some(({ isSame, writtenAt }) => !isSame && writtenAt === timestamp)
  const own = present.find(({ writtenAt }) => writtenAt === timestamp)
  // A replica applies the columns of a statement in a row together, and a timestamp is unique within one process only. If
  // another column is older, or differs at the same timestamp, the column that looks like ours belongs to another client.
  // Many writes may have a timestamp that was set by the user: then every column of this write has to be there. What a write
  // empties leaves nothing to be found.
  const isUnique = isOwnTime && found.timestamp === undefined
  const isAllThere = found.isWhole && !found.empties &&
    found.cells.every(({ isSame, writtenAt }) => isSame && writtenAt === timestamp)
  if (own !== undefined && !isOlder && !isOthers) {
    if (!isUnique && !isAllThere) return stays("notComparable", sharedTime)
    const message = `column ${own.column} holds its value, written at its timestamp ${timestamp}`
    return { outcome: "Applied", finding: "found", message }
  }
  return isOlder
    ? stays("older", `the stored value is older, ${butLater}`)
    : stays("overwritten", "a newer write is stored, which hides whether this one was applied")
}

/** The known facts about the end of a conditional write. */
export interface Round {
  /** The time of the first attempt, less the maximum difference of the clocks. */
  readonly since: bigint | undefined
  /**
   * True if the server has answered. A request that was given up may wait in a queue, and begin its round after the read
   * that should have ended it.
   */
  readonly isAnswered: boolean
  /** True if it is one statement of a batch, whose other statements may empty the values of this one. */
  readonly isPart: boolean
}

/**
 * Judges a conditional write that was read at a serial consistency. The read has finished its Paxos round, if the round had
 * begun. So the write is there, or will never be.
 */
export const judgeConditional = (before: Outcome, found: Found, round: Round): Verdict => {
  const verdict = judgeRound(before, found, round)
  // The write was decided before the read. Its values may be gone again, but they were there.
  return before === "WillApply" && verdict.finding === "overwritten" ? { ...verdict, outcome: "Applied" } : verdict
}

const judgeRound = (before: Outcome, found: Found, { isAnswered, isPart, since }: Round): Verdict => {
  const stays = staying(before)
  const missing = (finding: Finding, isProof: boolean, message: string): Verdict => {
    if (before === "WillApply" || !isProof) return stays(finding, message)
    if (!isAnswered) return stays(finding, `${message}, but it was not answered: the server may still begin it`)
    return { outcome: "NotApplied", finding, message: `${message}, and its round is over` }
  }
  const older = since === undefined ? undefined : found.cells.find((cell) => isPresent(cell) && cell.writtenAt < since)
  if (older !== undefined) {
    return missing("older", true, `column ${older.column} is older than it, written at ${older.writtenAt}`)
  }
  if (found.verb === "DELETE") return stays("notComparable", deletion)
  const present = found.cells.filter(isPresent)
  // Its values may expire, or another statement of its batch may delete them.
  const staysOnceWritten = found.isComparable && !found.expires && !isPart
  if (found.row === undefined) return missing("absent", staysOnceWritten, "there is no such row")
  if (!found.isComparable) return stays("notComparable", noCells)
  if (present.length === 0) return missing("absent", staysOnceWritten, "the columns that it sets are empty")
  if (since === undefined) return stays("notComparable", "when it was sent is not known")
  if (!found.cells.every(({ isSame }) => isSame)) {
    return stays("overwritten", "other values were written since it was sent, which hide whether it was applied")
  }
  // A value that cannot be compared may be the one that distinguishes two writers.
  return found.isWhole
    ? { outcome: "Applied", finding: "found", message: "the row holds its values, written since it was sent" }
    : stays("notComparable", "what could be compared is the same, but it sets more than that")
}

const staying = (before: Outcome) => (finding: Finding, message: string): Verdict => ({
  outcome: before,
  finding,
  message
})

interface Present extends Cell {
  readonly writtenAt: bigint
}

const isPresent = (cell: Cell): cell is Present => cell.writtenAt !== undefined

const butLater = "but a hint or the batch log may still bring it"
const sharedTime =
  "its timestamp was set by the user, so that another write may have it too, and not all its values are stored"
const noCells = "it sets no single-value column by which it could be recognised"
const deletion = "a deletion leaves nothing by which it could be recognised"
