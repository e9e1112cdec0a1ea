/**
 * Counts by key that have not been handed to their metrics yet.
 */
import type * as Context from "effect/Context"
import type * as Metric from "effect/Metric"

interface Count {
  pending: number
  readonly metric: Metric.Counter<number>
}

export class Counts {
  readonly #context: Context.Context<never>
  readonly #make: (key: string) => Metric.Counter<number>
  readonly #counts = new Map<string, Count>()

  constructor(context: Context.Context<never>, make: (key: string) => Metric.Counter<number>) {
    this.#context = context
    this.#make = make
  }

  add(key: string, more = 1): void {
    let count = this.#counts.get(key)
    if (count === undefined) {
      count = { pending: 0, metric: this.#make(key) }
      this.#counts.set(key, count)
      // So that the metric exists when metrics are read before anything was handed over.
      count.metric.updateUnsafe(0, this.#context)
    }
    count.pending += more
  }

  handOver(): void {
    for (const count of this.#counts.values()) {
      if (count.pending === 0) continue
      count.metric.updateUnsafe(count.pending, this.#context)
      count.pending = 0
    }
  }
}
