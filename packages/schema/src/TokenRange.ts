/**
 * Ranges of tokens: parts of the ring.
 *
 * @since 0.1.0
 */
import * as Check from "@effect-cql/core/Check"
import type { Ring } from "@effect-cql/core/Port"
import * as Schema from "effect/Schema"

/**
 * The tokens after `start`, up to and including `end`. Ranges of this module do not go around the ring: `start` is less than `end`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenRange {
  readonly start: bigint
  readonly end: bigint
}

/**
 * A range with its replicas.
 *
 * @category models
 * @since 0.1.0
 */
export interface Placed extends TokenRange {
  /** Addresses of the replicas, as `address:port`. Empty if they are unknown. */
  readonly replicas: ReadonlyArray<string>
}

const least = -(2n ** 63n)
const most = 2n ** 63n - 1n

/**
 * The whole ring of the Murmur3 partitioner. No partition has the smallest token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: TokenRange = Object.freeze({ start: least, end: most })

/**
 * Encodes a range to JSON, with its tokens as texts.
 *
 * **Example** (A range in a message)
 *
 * ```ts
 * import { TokenRange } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * const json = Schema.encodeSync(TokenRange.schema)({ start: -7n, end: 7n })
 * console.assert(json.start === "-7" && json.end === "7")
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema: Schema.Codec<TokenRange, { readonly start: string; readonly end: string }> = Schema.Struct({
  start: Schema.BigIntFromString,
  end: Schema.BigIntFromString
}).check(
  Schema.makeFilter(({ end, start }) => start >= least && end <= most && start < end, {
    expected: "a range of 64-bit tokens whose start is less than its end"
  })
)

/**
 * The number of tokens of a range.
 *
 * @category getters
 * @since 0.1.0
 */
export const size = ({ end, start }: TokenRange): bigint => end - start

/**
 * Returns true if a token is in a range.
 *
 * @category getters
 * @since 0.1.0
 */
export const contains = ({ end, start }: TokenRange, token: bigint): boolean => start < token && token <= end

/**
 * Splits a range into parts of equal size. If it has fewer tokens than `parts`, each token is a part. Throws
 * `InvalidOptions` unless `parts` is a positive integer.
 *
 * **Example** (Quarters of the ring)
 *
 * ```ts
 * import { TokenRange } from "@effect-cql/schema"
 *
 * const quarters = TokenRange.split(TokenRange.all, 4)
 * console.assert(quarters.length === 4 && quarters[1]!.start === quarters[0]!.end)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const split = <R extends TokenRange>(self: R, parts: number): ReadonlyArray<R> => {
  Check.value("parts", parts, Check.positiveInteger)
  const tokens = size(self)
  const wanted = BigInt(parts)
  const count = wanted > tokens ? tokens : wanted
  const bound = (part: bigint): bigint => self.start + (tokens * part) / count
  return Array.from({ length: Number(count) }, (_, part) => ({
    ...self,
    start: bound(BigInt(part)),
    end: bound(BigInt(part) + 1n)
  }))
}

/**
 * Merges ranges: joins neighbours and overlapping ranges, and returns them in the order of their tokens.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (ranges: Iterable<TokenRange>): ReadonlyArray<TokenRange> => {
  const merged: Array<TokenRange> = []
  for (const { end, start } of Array.from(ranges).sort(byStart)) {
    const last = merged.at(-1)
    if (last === undefined || start > last.end) merged.push({ start, end })
    else if (end > last.end) merged[merged.length - 1] = { start: last.start, end }
  }
  return merged
}

/**
 * Returns the parts of ranges that are also in other ranges, in the order of their tokens. They keep the properties of
 * the first ranges.
 *
 * @category combinators
 * @since 0.1.0
 */
export const intersect = <R extends TokenRange>(
  self: Iterable<R>,
  that: Iterable<TokenRange>
): ReadonlyArray<R> => {
  const others = merge(that)
  const common: Array<R> = []
  let first = 0
  for (const range of Array.from(self).sort(byStart)) {
    while (first < others.length && others[first]!.end <= range.start) first++
    for (let at = first; at < others.length && others[at]!.start < range.end; at++) {
      const other = others[at]!
      common.push({
        ...range,
        start: range.start > other.start ? range.start : other.start,
        end: range.end < other.end ? range.end : other.end
      })
    }
  }
  return common
}

/**
 * Splits a range that wraps around the end of the ring into two. A range that ends where it starts is the whole ring.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unwrap = <R extends TokenRange>(self: R): ReadonlyArray<R> => {
  const { end, start } = self
  if (start < end) return [self]
  return [{ ...self, end: most }, { ...self, start: least }].filter((part) => part.start < part.end)
}

/**
 * Returns the ranges of a ring in the order of their tokens. They cover each token once: a range that wraps around
 * becomes two, also in a ring with a single token. A gap is a range with unknown replicas. Without a ring there is one
 * range.
 *
 * **Example** (The range that goes around)
 *
 * ```ts
 * import { TokenRange } from "@effect-cql/schema"
 *
 * const ranges = TokenRange.fromRing({
 *   ranges: [{ start: -5n, end: 5n, replicas: ["a:9042"] }, { start: 5n, end: -5n, replicas: ["b:9042"] }]
 * })
 * console.assert(ranges.map(({ replicas }) => replicas[0]).join() === "b:9042,a:9042,b:9042")
 * console.assert(TokenRange.merge(ranges)[0]!.end === TokenRange.all.end)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRing = (ring: Ring | undefined): ReadonlyArray<Placed> => {
  const pieces = (ring?.ranges ?? []).flatMap(unwrap)
  const ranges: Array<Placed> = []
  let covered = least
  for (const { end, replicas, start } of pieces.sort(byStart)) {
    if (start > covered) ranges.push({ start: covered, end: start, replicas: [] })
    const from = start > covered ? start : covered
    if (end <= from) continue
    ranges.push({ start: from, end, replicas })
    covered = end
  }
  if (covered < most) ranges.push({ start: covered, end: most, replicas: [] })
  return ranges
}

const byStart = (one: TokenRange, other: TokenRange): number =>
  one.start < other.start ? -1 : one.start > other.start ? 1 : 0
