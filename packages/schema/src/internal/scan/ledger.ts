/**
 * Keeps the account of a scan: what has been handed over, and what is left.
 */
import type { Progress } from "../../ScanTypes.ts"
import { merge, type Placed, size, type TokenRange } from "../../TokenRange.ts"
import type { Read } from "./reader.ts"

export class Ledger {
  readonly #ranges: ReadonlyArray<Placed>
  readonly #starts: Array<bigint>
  readonly #tokens: number
  #left: bigint
  #rows = 0
  #done = 0

  constructor(ranges: ReadonlyArray<Placed>) {
    this.#ranges = ranges
    this.#starts = ranges.map(({ start }) => start)
    this.#left = ranges.reduce((sum, range) => sum + size(range), 0n)
    this.#tokens = Number(this.#left)
  }

  /** Rows have been handed over. */
  enter({ index, isLast, rows, upTo }: Read<unknown>): void {
    this.#left -= upTo - this.#starts[index]!
    this.#starts[index] = upTo
    this.#rows += rows.length
    if (isLast) this.#done++
  }

  /** The tokens that have not been handed over, as few ranges. */
  get remaining(): ReadonlyArray<TokenRange> {
    const left: Array<TokenRange> = []
    for (const [index, { end }] of this.#ranges.entries()) {
      const start = this.#starts[index]!
      if (start < end) left.push({ start, end })
    }
    return merge(left)
  }

  get progress(): Progress {
    return {
      rows: this.#rows,
      rangesDone: this.#done,
      ranges: this.#ranges.length,
      fraction: this.#tokens === 0 ? 1 : 1 - Number(this.#left) / this.#tokens
    }
  }
}
