/**
 * A histogram of durations in little memory: sixteen buckets for each doubling, so that a percentile is at most 5 % too high.
 */
import * as Duration from "effect/Duration"
import type { Latencies } from "../../Progress.ts"

const perOctave = 16
// From a microsecond to more than an hour.
const octaves = 32

export class Histogram {
  #counts = new Float64Array(octaves * perOctave)
  #count = 0
  #max = 0

  /** Counts a duration in milliseconds. */
  record(millis: number): void {
    this.#counts[bucketOf(millis)]!++
    this.#count++
    if (millis > this.#max) this.#max = millis
  }

  /** The durations so far. */
  get snapshot(): Latencies {
    return new Snapshot(this.#counts.slice(), this.#count, this.#max)
  }

  /** The durations so far, which are forgotten. */
  take(): Latencies {
    const taken = new Snapshot(this.#counts, this.#count, this.#max)
    this.#counts = new Float64Array(octaves * perOctave)
    this.#count = 0
    this.#max = 0
    return taken
  }
}

const bucketOf = (millis: number): number => {
  const micros = millis * 1_000
  return micros <= 1 ? 0 : Math.min(octaves * perOctave - 1, Math.ceil(Math.log2(micros) * perOctave))
}

/** The upper end of a bucket in milliseconds. */
const endOf = (bucket: number): number => 2 ** (bucket / perOctave) / 1_000

class Snapshot implements Latencies {
  readonly #counts: Float64Array
  readonly count: number
  readonly max: Duration.Duration
  readonly #max: number

  constructor(counts: Float64Array, count: number, max: number) {
    this.#counts = counts
    this.count = count
    this.#max = max
    this.max = Duration.millis(max)
  }

  percentile(share: number): Duration.Duration {
    const rank = Math.max(1, Math.ceil(Math.min(1, share) * this.count))
    let seen = 0
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!
      if (seen >= rank) return Duration.millis(Math.min(this.#max, endOf(bucket)))
    }
    return this.max
  }
}
