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

/** A write without a condition: it is known again by the timestamp that it carries. */
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
  // A replica takes what a statement sets in a row as a whole. A timestamp is unique to a session, and no further: where
  // another column is older, or not ours at the same time, the one that looks like ours belongs to another client. And a time that
  // the user has set may be that of many writes: all that this one sets has to be there.
  const isUnique = isOwnTime && found.timestamp === undefined
  const isAllThere = found.isWhole && present.length === found.cells.length
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
  /** When it was first sent, less what the clocks may be apart. */
  readonly since: bigint | undefined
  /**
   * True if the server has answered. A request that was given up may lie in a queue, and begin its round after the read
   * that was to end it.
   */
  readonly isAnswered: boolean
  /** True if it is one statement of a batch, whose other statements may empty the values of this one. */
  readonly isPart: boolean
}

/**
 * A conditional write, read at a serial level: that has finished its round of Paxos, if it had begun. So it is there, or will
 * never be.
 */
export const judgeConditional = (before: Outcome, found: Found, round: Round): Verdict => {
  const verdict = judgeRound(before, found, round)
  // It was decided before the read. What it wrote may be gone again, but it was there.
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
  // Its own values may expire, or be emptied by another statement of its batch.
  const staysOnceWritten = found.isComparable && !found.expires && !isPart
  if (found.row === undefined) return missing("absent", staysOnceWritten, "there is no such row")
  if (!found.isComparable) return stays("notComparable", noCells)
  if (present.length === 0) return missing("absent", staysOnceWritten, "the columns that it sets are empty")
  if (since === undefined) return stays("notComparable", "when it was sent is not known")
  if (!found.cells.every(({ isSame }) => isSame)) {
    return stays("overwritten", "other values were written since it was sent, which hide whether it was applied")
  }
  // The value that distinguishes two writers may be one that cannot be compared.
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
