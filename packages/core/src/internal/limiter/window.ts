/**
 * What an adaptive limiter sees of its server between two decisions.
 *
 * Only requests that began within the window count: those before it were sent under another limit, and tell about the
 * queue of that. The window opens when what is in flight fits the limit, for until then the server still has the old load.
 */

/** Three points of a distribution of latencies, in milliseconds. */
export interface Quartiles {
  readonly lower: number
  readonly median: number
  readonly upper: number
}

/** A closed window. */
export interface Seen {
  readonly latencies: Quartiles
  /** Answers a millisecond. */
  readonly throughput: number
  /** Which part of the requests was refused for overload or timed out, from 0 to 1. */
  readonly refused: number
  /** Whether the limit held requests back. */
  readonly limited: boolean
  /** The most that was in flight. */
  readonly peak: number
}

/** A window takes at least this long, in milliseconds: what comes in one packet is one sample, not fifty. */
const shortest = 100

/** After this time few samples are enough, for a server that hardly answers must not be left to it. */
const long = 1_000

const fewest = 24

const kept = 1_024

export class Window {
  readonly #samples = new Float64Array(kept)
  #size = 0
  #stride = 1
  #skip = 0
  #count = 0
  #answers = 0
  #refused = 0
  #limited = false
  #peak = 0
  #limit: number
  #openedAt = Number.NaN

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Begins anew, under a limit. */
  open(limit: number): void {
    this.#limit = limit
    this.#size = 0
    this.#stride = 1
    this.#skip = 0
    this.#count = 0
    this.#answers = 0
    this.#refused = 0
    this.#limited = false
    this.#peak = 0
    this.#openedAt = Number.NaN
  }

  /** The limit has held a request back. */
  held(): void {
    this.#limited = true
  }

  /** This much is in flight after a request has begun. */
  began(load: number): void {
    if (load > this.#peak) this.#peak = load
  }

  answered(latency: number, load: number, now: number): void {
    if (!this.#isOpen(load, now)) return
    this.#answers++
    if (now - latency < this.#openedAt) return
    this.#count++
    // Every one, then every second, every fourth: evenly over a window of any length, in bounded memory.
    if (this.#skip-- > 0) return
    if (this.#size === kept) this.#thin()
    this.#skip = this.#stride - 1
    this.#samples[this.#size++] = latency
  }

  refused(startedAt: number, load: number, now: number): void {
    if (this.#isOpen(load, now) && startedAt >= this.#openedAt) this.#refused++
  }

  #isOpen(load: number, now: number): boolean {
    if (!Number.isNaN(this.#openedAt)) return true
    if (load <= this.#limit) this.#openedAt = now
    return false
  }

  #thin(): void {
    for (let index = 0; index < kept / 2; index++) this.#samples[index] = this.#samples[2 * index]!
    this.#size = kept / 2
    this.#stride *= 2
  }

  /**
   * Whether it has seen enough. Twice the limit, so that a pause, which delays all that is in flight at one moment, delays
   * less than half of the samples.
   */
  isOver(now: number): boolean {
    const age = now - this.#openedAt
    if (!(age >= shortest)) return false
    const needed = age >= long ? fewest : Math.max(3 * fewest, 4 * this.#limit)
    return this.#count + this.#refused >= needed || this.#refused >= Math.max(4, this.#limit / 4)
  }

  close(now: number): Seen {
    const sorted = this.#samples.subarray(0, this.#size).sort()
    const at = (share: number): number => sorted[Math.min(this.#size - 1, Math.floor(share * this.#size))] ?? Number.NaN
    return {
      latencies: { lower: at(0.25), median: at(0.5), upper: at(0.75) },
      throughput: this.#answers / (now - this.#openedAt),
      refused: this.#refused / Math.max(1, this.#count + this.#refused),
      limited: this.#limited,
      peak: this.#peak
    }
  }
}

/**
 * How many times slower one distribution is than another: the median of what its quartiles say, each beside its own.
 *
 * Waiting in a queue slows all of them. Where there are two kinds of requests, fast and slow ones, and their mix shifts
 * a little, one quartile falls into the other kind and the other two stay.
 */
export const ratio = (now: Quartiles, before: Quartiles): number => {
  const lower = now.lower / before.lower
  const median = now.median / before.median
  const upper = now.upper / before.upper
  return Math.max(Math.min(lower, median), Math.min(Math.max(lower, median), upper))
}

/** Moves some way from one distribution to another. */
export const towards = (from: Quartiles, to: Quartiles, share: number): Quartiles => ({
  lower: from.lower + share * (to.lower - from.lower),
  median: from.median + share * (to.median - from.median),
  upper: from.upper + share * (to.upper - from.upper)
})

export const scale = (latencies: Quartiles, factor: number): Quartiles => ({
  lower: latencies.lower * factor,
  median: latencies.median * factor,
  upper: latencies.upper * factor
})
