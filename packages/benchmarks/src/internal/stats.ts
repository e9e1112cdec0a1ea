/** Order statistics: on a noisy machine the median is more reliable than the mean. */

export interface Spread {
  readonly median: number
  /** Quartiles. */
  readonly low: number
  readonly high: number
}

const quantile = (values: ReadonlyArray<number>, at: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * at
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

export const spread = (values: ReadonlyArray<number>): Spread => ({
  median: median(values),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75)
})
