/**
 * The lanes of a job in one run, as far as a process knows them. Their numbers only grow in a run, so that of two views of a lane the one
 * that has more is the newer one.
 */

/** The numbers of a lane that decide on shares and on the error budget. */
export interface Seen {
  readonly rows: number
  readonly rejected: number
  readonly hasEnded: boolean
}

const nothing: Seen = { rows: 0, rejected: 0, hasEnded: false }

export class SeenLanes {
  readonly #count: number
  readonly #lanes = new Map<number, Seen>()
  /** Rejects of a lane that no checkpoint has counted. */
  readonly #pending = new Map<number, number>()
  #rows = 0
  #rejected = 0
  #pendingSum = 0
  /** For each lane, the number of lanes before it that have not ended, and at last their number. They are counted when they are needed. */
  #left: Int32Array | undefined

  constructor(count: number) {
    this.#count = count
  }

  /** Takes over the numbers of a lane. */
  add(lane: number, { hasEnded, rejected, rows }: Seen): void {
    const former = this.#lanes.get(lane) ?? nothing
    const next = {
      rows: Math.max(former.rows, rows),
      rejected: Math.max(former.rejected, rejected),
      hasEnded: former.hasEnded || hasEnded
    }
    this.#lanes.set(lane, next)
    this.#rows += next.rows - former.rows
    this.#rejected += next.rejected - former.rejected
    if (next.hasEnded !== former.hasEnded) this.#left = undefined
  }

  /** Sets the rejects of a lane that no checkpoint has counted. */
  pend(lane: number, rejects: number): void {
    this.#pendingSum += rejects - (this.#pending.get(lane) ?? 0)
    this.#pending.set(lane, rejects)
  }

  /** All rows that were processed, as far as it is known: a reject that no checkpoint has counted is one too. */
  get rows(): number {
    return Math.max(this.#rows + this.#pendingSum, this.rejected)
  }

  /** All rejects, those included that no checkpoint has counted. */
  get rejected(): number {
    return this.#rejected + this.#pendingSum
  }

  /** The rank of a lane among those that have units left, and their number. The lane itself counts as one of them. */
  placeOf(lane: number): { readonly rank: number; readonly left: number } {
    this.#left ??= this.#countLeft()
    const hasEnded = this.#lanes.get(lane)?.hasEnded === true
    return { rank: this.#left[lane] ?? 0, left: (this.#left[this.#count] ?? 0) + (hasEnded ? 1 : 0) }
  }

  #countLeft(): Int32Array {
    const left = new Int32Array(this.#count + 1)
    for (let lane = 0; lane < this.#count; lane++) {
      left[lane + 1] = left[lane]! + (this.#lanes.get(lane)?.hasEnded === true ? 0 : 1)
    }
    return left
  }
}
