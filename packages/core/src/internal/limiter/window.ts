/**
 * Measurements of an adaptive limiter between two decisions.
 *
 * Only latencies of requests that began within the window count: earlier requests met the queue of another limit. The
 * window opens when the load fits the limit, since the server has the old load until then.
 */

/** Quartiles of a distribution of latencies, in milliseconds. */
export interface Quartiles {
  readonly lower: number
  readonly median: number
  readonly upper: number
}

/** Measurements of a closed window. */
export interface Seen {
  readonly latencies: Quartiles
  /** Answers a millisecond. */
  readonly throughput: number
  /** Share of the requests that were refused as overloaded or timed out, from 0 to 1. */
  readonly refused: number
  /** The limit held requests back. */
  readonly limited: boolean
  /** Maximum load. */
  readonly peak: number
}

/** Constants of a window. */
const constants = {
  /** Minimum length in milliseconds: answers of one packet or one tick are one sample, not fifty. */
  minLength: 100,
  /** Length in milliseconds after which `fewSamples` are enough, so that a server that hardly answers gets a decision. */
  longLength: 1_000,
  /** The standard error of the median of 24 samples of an exponential distribution is 30 %. */
  fewSamples: 24,
  /** Minimum number of samples of a window of normal length. */
  minSamples: 72,
  /** Samples for each request of the limit: a pause delays all requests in flight, and so a quarter of the samples. */
  samplesPerPermit: 4,
  /** Refusals that end a window early: this number, or this share of the limit. */
  refusals: { min: 4, share: 0.25 },
  /** Maximum number of samples kept. From then on every second one is kept, then every fourth, and so on. */
  maxSamples: 1_024
} as const

export class Window {
  readonly #samples = new Float64Array(constants.maxSamples)
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

  /** Begins a new window, under a limit. */
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

  /** Notes that the limit has held a request back. */
  held(): void {
    this.#limited = true
  }

  /** Notes the load after a request has begun. */
  began(load: number): void {
    if (load > this.#peak) this.#peak = load
  }

  answered(latency: number, load: number, now: number): void {
    if (!this.#isOpen(load, now)) return
    this.#answers++
    if (now - latency < this.#openedAt) return
    this.#count++
    // Every sample, then every second, every fourth: evenly over a window of any length, in bounded memory.
    if (this.#skip-- > 0) return
    if (this.#size === constants.maxSamples) this.#thin()
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
    for (let index = 0; index < constants.maxSamples / 2; index++) this.#samples[index] = this.#samples[2 * index]!
    this.#size = constants.maxSamples / 2
    this.#stride *= 2
  }

  /** Returns true if there are enough samples for a decision. */
  isOver(now: number): boolean {
    const { fewSamples, longLength, minLength, minSamples, refusals, samplesPerPermit } = constants
    const age = now - this.#openedAt
    if (!(age >= minLength)) return false
    const needed = age >= longLength ? fewSamples : Math.max(minSamples, samplesPerPermit * this.#limit)
    return this.#count + this.#refused >= needed ||
      this.#refused >= Math.max(refusals.min, refusals.share * this.#limit)
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
 * Returns the factor by which one distribution is slower than another: the median of the ratios of the quartiles.
 *
 * A queue raises all three quartiles. If there are fast and slow requests and their mix shifts a little, one quartile
 * changes from one kind to the other, and the other two stay.
 */
export const ratio = (now: Quartiles, before: Quartiles): number => {
  const lower = now.lower / before.lower
  const median = now.median / before.median
  const upper = now.upper / before.upper
  return Math.max(Math.min(lower, median), Math.min(Math.max(lower, median), upper))
}

/** Moves from one distribution towards another, by a share of the way. */
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
