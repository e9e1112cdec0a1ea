import { InvalidOptions } from "@effect-cql/core"
import { TokenRange } from "@effect-cql/schema"
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { plan, spread } from "../src/internal/scan/plan.ts"
import { assertCovers, randomRing, randomToken } from "./support/rings.ts"

const seeds = Array.from({ length: 60 }, (_, seed) => seed)
const { end: most, start: least } = TokenRange.all

const randomRange = (random: Random): TokenRange.TokenRange => {
  const [one, other] = [randomToken(random), randomToken(random)]
  return one < other ? { start: one, end: other } : one > other ? { start: other, end: one } : TokenRange.all
}

describe("the ranges of a ring", () => {
  it("are the whole ring, each token once, whatever the tokens", () => {
    for (const seed of seeds.slice(0, 15)) {
      const random = new Random(seed)
      for (const tokens of [1, 16, 256]) {
        const nodes = random.between(1, 3)
        const ring = randomRing(random, nodes, tokens)
        const ranges = TokenRange.fromRing(ring)
        assertCovers(ranges)
        for (const { end, replicas, start } of ranges) {
          for (const token of [start + 1n, end]) {
            const owners = ring.ranges.filter((range) => isIn(range, token))
            assert.deepStrictEqual(owners.map((range) => range.replicas), [replicas], `seed ${seed}, token ${token}`)
          }
        }
      }
    }
  })

  it("of a single token are everything, also of the least and of the greatest", () => {
    for (const token of [least, least + 1n, 0n, most]) {
      assertCovers(TokenRange.fromRing({ ranges: [{ start: token, end: token, replicas: ["a"] }] }))
    }
  })

  it("fill gaps, leave out what is there twice, and are one range without a ring", () => {
    const odd = { ranges: [{ start: 0n, end: 10n, replicas: ["a"] }, { start: 5n, end: 20n, replicas: ["b"] }] }
    const ranges = TokenRange.fromRing(odd)
    assertCovers(ranges)
    assert.deepStrictEqual(ranges.map(({ replicas }) => replicas.join()), ["", "a", "b", ""])
    assert.deepStrictEqual(TokenRange.fromRing(undefined), [{ ...TokenRange.all, replicas: [] }])
    assert.deepStrictEqual(TokenRange.fromRing({ ranges: [] }), [{ ...TokenRange.all, replicas: [] }])
  })
})

// By the definition of a range of the ring, whose end may be less than its start.
const isIn = ({ end, start }: TokenRange.TokenRange, token: bigint): boolean =>
  start < end ? start < token && token <= end : token > start || token <= end

describe("a plan", () => {
  it("is the ring, or the part that is asked for, after splitting and joining", () => {
    for (const seed of seeds) {
      const random = new Random(seed)
      const nodes = random.between(1, 5)
      const ring = random.chance(0.1) ? undefined : randomRing(random, nodes, random.pick([1, 16, 256]), nodes)
      const of = random.chance(0.5)
        ? undefined
        : Array.from({ length: random.between(0, 5) }, () => randomRange(random))
      const estimate = random.chance(0.3) ? undefined : { bytes: random.pick([0.001, 1, 3_000]), tokens: 2 ** 64 }
      const ranges = plan(ring, estimate, { splitSize: random.pick([1, 100, 1e9]), least: random.between(1, 50), of })
      assertCovers(ranges, of)
      const order = spread(ranges)
      assert.deepStrictEqual([...order].sort((one, other) => one - other), [...ranges.keys()])
    }
  })

  it("splits what is large, and joins neighbours on the same replicas that are small", () => {
    const ring = randomRing(new Random(1), 3, 16, 3)
    const tokens = 2 ** 64
    const options = { splitSize: 1_000, least: 1, of: undefined }
    assert.strictEqual(plan(ring, { bytes: 999, tokens }, options).length, 1)
    assert.isAtLeast(plan(ring, { bytes: 1e6, tokens }, options).length, 1_000)
    const apart = plan(randomRing(new Random(1), 3, 16), { bytes: 999, tokens }, options)
    assert.isAbove(apart.length, 3)
    for (const [at, range] of apart.entries()) {
      const before = apart[at - 1]
      if (before !== undefined) assert.notDeepEqual(before.replicas, range.replicas)
    }
  })

  it("has parts for every reader where the size is not known", () => {
    const ring = randomRing(new Random(2), 1, 1)
    assert.isAtLeast(plan(ring, undefined, { splitSize: 1, least: 16, of: undefined }).length, 16)
  })

  it("is bounded, whatever a server estimates", () => {
    for (const bytes of [1e18, 1e300, Number.MAX_VALUE]) {
      const ranges = plan(undefined, { bytes, tokens: 1 }, { splitSize: 1, least: 1, of: undefined })
      assert.strictEqual(ranges.length, 100_000)
      assertCovers(ranges)
    }
  })

  it("reads from every node at first", () => {
    const ranges = plan(randomRing(new Random(3), 4, 1), { bytes: 1e6, tokens: 2 ** 64 }, {
      splitSize: 1_000,
      least: 1,
      of: undefined
    })
    const first = spread(ranges).slice(0, 4).map((index) => ranges[index]!.replicas.join())
    assert.strictEqual(new Set(first).size, 4)
  })
})

describe("token ranges", () => {
  it("split into parts that are the range again", () => {
    for (const seed of seeds) {
      const random = new Random(seed)
      const range = randomRange(random)
      const parts = random.pick([1, 2, 3, 7, 1_000])
      const split = TokenRange.split(range, parts)
      assertCovers(split, [range])
      const sizes = split.map((part) => TokenRange.size(part)).sort((one, other) => one < other ? -1 : 1)
      assert.isTrue(sizes.at(-1)! - sizes[0]! <= 1n)
    }
    assert.strictEqual(TokenRange.split({ start: 0n, end: 3n }, 10).length, 3)
    for (const parts of [0, -1, 1.5, Number.NaN, Infinity]) {
      assert.throws(() => TokenRange.split(TokenRange.all, parts), InvalidOptions)
    }
  })

  it("intersect with those of others, token by token", () => {
    for (const seed of seeds) {
      const random = new Random(seed)
      const small = () => {
        const start = BigInt(random.between(0, 60))
        return { start, end: start + BigInt(random.between(1, 8)) }
      }
      const own = TokenRange.merge(Array.from({ length: 8 }, small))
      const others = Array.from({ length: 8 }, small)
      const common = TokenRange.intersect(own, others)
      for (let token = 0n; token < 80n; token++) {
        const expected = own.some((range) => TokenRange.contains(range, token)) &&
          others.some((range) => TokenRange.contains(range, token))
        assert.strictEqual(common.filter((range) => TokenRange.contains(range, token)).length, expected ? 1 : 0)
      }
    }
  })

  it("survive JSON, which has to be of ranges", () => {
    const decode = Schema.decodeUnknownSync(Schema.Array(TokenRange.schema))
    const ranges = TokenRange.split(TokenRange.all, 3)
    const json = JSON.stringify(Schema.encodeSync(Schema.Array(TokenRange.schema))(ranges))
    assert.deepStrictEqual(decode(JSON.parse(json)), [...ranges])
    for (const [start, end] of [["1", "1"], ["2", "1"], ["0", "9223372036854775808"], ["x", "1"]]) {
      assert.throws(() => decode([{ start, end }]))
    }
  })
})
