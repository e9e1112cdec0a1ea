/**
 * Histograms that cost a few nanoseconds an observation.
 *
 * `Metric.update` looks its series up by a key of text each time, which costs more than the rest of what is counted of a
 * statement. These count in fields, and stand in the registry of metrics with a function that reads the fields.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

/** The identity of a histogram. */
export interface HistogramOptions {
  readonly name: string
  readonly description: string
  readonly boundaries: ReadonlyArray<number>
  /** Observed values are whole numbers of this part of the unit: an object for each fraction would have to be collected. */
  readonly scale: number
  readonly attributes: Readonly<Record<string, string>>
}

export class Histogram {
  readonly #scale: number
  // In observed values.
  readonly #boundaries: ReadonlyArray<number>
  // One more than there are boundaries: the last is for what is above all of them.
  readonly #counts: Array<number>
  #count = 0
  #sum = 0
  #min = Number.MAX_VALUE
  #max = -Number.MAX_VALUE

  constructor({ boundaries, scale }: HistogramOptions) {
    this.#scale = scale
    this.#boundaries = boundaries.map((boundary) => Math.round(boundary * scale))
    this.#counts = Array.from({ length: boundaries.length + 1 }, () => 0)
  }

  record(value: number): void {
    const boundaries = this.#boundaries
    let bucket = 0
    while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#count++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  get state(): Metric.HistogramState {
    const scale = this.#scale
    let below = 0
    return {
      buckets: this.#boundaries.map((boundary, index) => [boundary / scale, below += this.#counts[index]!] as const),
      count: this.#count,
      min: this.#min === Number.MAX_VALUE ? this.#min : this.#min / scale,
      max: this.#max === -Number.MAX_VALUE ? this.#max : this.#max / scale,
      sum: this.#sum / scale
    }
  }
}

// By their keys: a session goes on with the histograms of an earlier one of the same name, and shares those of another.
const histograms = new WeakMap<Metric.MetricRegistry, Map<string, Histogram>>()

/** The histogram of the registry of a context. It is made and registered if there is none. */
export const histogramOf = (options: HistogramOptions, context: Context.Context<never>): Histogram => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const attributes = { ...options.attributes, ...Context.get(context, Metric.CurrentMetricAttributes) }
  const key = `@effect-cql/core ${JSON.stringify([options.name, attributes])}`
  let all = histograms.get(registry)
  if (all === undefined) {
    all = new Map()
    histograms.set(registry, all)
  }
  const known = all.get(key)
  if (known !== undefined) return known
  const histogram = new Histogram(options)
  all.set(key, histogram)
  registry.set(key, {
    id: options.name,
    type: "Histogram",
    description: options.description,
    attributes,
    hooks: { get: () => histogram.state, update: nothing, modify: nothing }
  })
  return histogram
}

const nothing = (): void => {}
