/**
 * Hands counts over when metrics are read.
 *
 * A snapshot of metrics reads all of them, in the order in which they were registered. The gauge of requests in flight is
 * registered before the other metrics of its session. Reading it hands over the counts that the others then have. So there is no
 * timer, and nothing is out of date.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

/** Counts that are handed over. */
interface Source {
  readonly inFlight: number
  readonly handOver: () => void
}

// By the attributes of the gauge: sessions may have the same name.
const sources = new WeakMap<Metric.MetricRegistry, Map<string, Set<Source>>>()

const keyOf = (gauge: Metric.Gauge<number>, context: Context.Context<never>): string =>
  JSON.stringify([gauge.attributes, Context.get(context, Metric.CurrentMetricAttributes)])

/** Registers a gauge that hands over the counts of a source when it is read. */
export const onRead = (source: Source, gauge: Metric.Gauge<number>, context: Context.Context<never>): void => {
  const registry = Context.get(context, Metric.MetricRegistry)
  let all = sources.get(registry)
  if (all === undefined) {
    all = new Map()
    sources.set(registry, all)
  }
  const key = keyOf(gauge, context)
  const own = all.get(key) ?? new Set<Source>()
  all.set(key, own.add(source))
  const get = () => {
    let value = 0
    for (const source of own) {
      source.handOver()
      value += source.inFlight
    }
    return { value }
  }
  const { attributes, description, id, type } = gauge
  // A key of its own, which an earlier session of the same name had as well: it keeps its place before the others.
  registry.set(`@effect-cql/core ${key}`, {
    id,
    type,
    description,
    attributes: { ...attributes, ...Context.get(context, Metric.CurrentMetricAttributes) },
    hooks: { get, update: nothing, modify: nothing }
  })
}

const nothing = (): void => {}

/** Reading the gauge hands over no more counts of a source. */
export const forget = (source: Source, gauge: Metric.Gauge<number>, context: Context.Context<never>): void => {
  const all = sources.get(Context.get(context, Metric.MetricRegistry))
  const key = keyOf(gauge, context)
  const own = all?.get(key)
  own?.delete(source)
  if (own?.size === 0) all?.delete(key)
}
