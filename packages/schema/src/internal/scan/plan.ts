/**
 * Cuts the ring into ranges of about one size.
 */
import type { Ring } from "@effect-cql/core/Port"
import type { RangeEstimate } from "../../ScanTypes.ts"
import { all, fromRing, intersect, type Placed, size, split, type TokenRange } from "../../TokenRange.ts"

/** Size of a table, estimated from a part of the ring. */
export interface Size {
  readonly bytes: number
  /** Number of tokens that hold these bytes. */
  readonly tokens: number
}

/** The size of a table, and the number of its partitions. */
export interface Estimate extends Size {
  readonly partitions: number
}

export interface PlanOptions {
  /** Bytes of a range at most, by the estimate. */
  readonly splitSize: number
  /** Ranges at least, where there is no estimate. */
  readonly least: number
  /** Only these tokens. */
  readonly of: Iterable<TokenRange> | undefined
}

// Estimates of a server can be wrong by any factor. So many ranges keep thousands of readers busy.
const mostParts = 100_000

/** The ranges to read, in the order of their tokens: together they are the ring, or the part of it that is asked for. */
export const plan = (
  ring: Ring | undefined,
  estimate: Size | undefined,
  { least, of, splitSize }: PlanOptions
): ReadonlyArray<Placed> => {
  const placed = fromRing(ring)
  const ranges = of === undefined ? placed : intersect(placed, of)
  if (estimate === undefined) {
    const parts = Math.ceil(least / Math.max(1, ranges.length))
    return ranges.flatMap((range) => split(range, parts))
  }
  // Tokens are uniform, so that a part of the table is as large as its part of the ring.
  const tokens = Number(size(all))
  const whole = Math.min(estimate.bytes * (tokens / estimate.tokens), Number.MAX_VALUE)
  const most = Math.max(splitSize, whole / mostParts)
  const bytesOf = (range: TokenRange): number => whole * (Number(size(range)) / tokens)
  return joined(ranges, (range) => bytesOf(range) <= most).flatMap((range) =>
    split(range, Math.max(1, Math.ceil(bytesOf(range) / most)))
  )
}

/** The part of an estimate that a range has. */
export const partOf = (estimate: Estimate, range: TokenRange): RangeEstimate => {
  const share = Number(size(range)) / estimate.tokens
  return { bytes: Math.round(estimate.bytes * share), partitions: Math.round(estimate.partitions * share) }
}

/** Joins neighbours on the same replicas, as long as they fit together. */
const joined = (ranges: ReadonlyArray<Placed>, fits: (range: TokenRange) => boolean): ReadonlyArray<Placed> => {
  const result: Array<Placed> = []
  for (const range of ranges) {
    const last = result.at(-1)
    const both = last === undefined ? range : { ...last, end: range.end }
    if (last !== undefined && last.end === range.start && replicasOf(last) === replicasOf(range) && fits(both)) {
      result[result.length - 1] = both
    } else result.push(range)
  }
  return result
}

const replicasOf = ({ replicas }: Placed): string => [...replicas].sort().join()

/** The order in which to read ranges, so that neighbours in time are on different nodes. Gives their indexes. */
export const spread = (ranges: ReadonlyArray<Placed>): ReadonlyArray<number> => {
  const groups = new Map<string, Array<number>>()
  for (const [index, range] of ranges.entries()) {
    const key = replicasOf(range)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  }
  const order: Array<number> = []
  const lists = [...groups.values()]
  for (let round = 0; order.length < ranges.length; round++) {
    for (const list of lists) {
      const index = list[round]
      if (index !== undefined) order.push(index)
    }
  }
  return order
}
