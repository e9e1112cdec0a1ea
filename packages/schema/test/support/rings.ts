/** Rings of tokens for tests. */
import type { Ring } from "@effect-cql/core/Port"
import { TokenRange } from "@effect-cql/schema"
import type { Random } from "@effect-cql/test-support/random"
import { assert } from "@effect/vitest"

const { end: most, start: least } = TokenRange.all

/** Tokens at which rings go wrong. */
const corners: readonly [bigint, ...ReadonlyArray<bigint>] = [least, least + 1n, -1n, 0n, 1n, most - 1n, most]

export const randomToken = (random: Random): bigint =>
  random.chance(0.2)
    ? random.pick(corners)
    : BigInt.asIntN(64, (BigInt(random.between(0, 2 ** 32 - 1)) << 32n) | BigInt(random.between(0, 2 ** 32 - 1)))

/** A ring of nodes with so many tokens each, and of so many replicas a range. */
export const randomRing = (random: Random, nodes: number, tokens: number, replicas = 1): Ring => {
  const owners = new Map<bigint, number>()
  while (owners.size < nodes * tokens) owners.set(randomToken(random), owners.size % nodes)
  const sorted = [...owners.keys()].sort((one, other) => one < other ? -1 : 1)
  return {
    ranges: sorted.map((end, at) => ({
      start: sorted.at(at - 1)!,
      end,
      replicas: Array.from({ length: replicas }, (_, more) => `node${(owners.get(end)! + more) % nodes}:9042`)
    }))
  }
}

/** Asserts that ranges are in order, do not overlap, and are together the other ranges. */
export const assertCovers = (
  ranges: ReadonlyArray<TokenRange.TokenRange>,
  of: ReadonlyArray<TokenRange.TokenRange> = [TokenRange.all]
): void => {
  for (const [at, { end, start }] of ranges.entries()) {
    if (start >= end) assert.fail(`the range ${start} to ${end} is empty`)
    if (at > 0 && ranges[at - 1]!.end > start) assert.fail(`the range that starts at ${start} overlaps`)
  }
  assert.deepStrictEqual(TokenRange.merge(ranges), TokenRange.merge(of))
}
