/** Two tables compared in the order of their tokens: each difference once, whatever the pages are. */
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { type Keyed, Merge } from "../../src/internal/ready/merge.ts"

interface Cell {
  readonly token: number
  /** Position within the token: both sides have the same order, and the comparison does not know it. */
  readonly order: number
  readonly value: number
}

const keyed = ({ order, token, value }: Cell): Keyed<number> => ({
  token: BigInt(token),
  // Two partitions may have the same token.
  partition: `${token} ${order % 2}`,
  key: `${(order * 7_919) % 104_729}`,
  row: value
})

const sorted = (cells: ReadonlyArray<Cell>): ReadonlyArray<Cell> =>
  [...cells].sort((a, b) => a.token - b.token || a.order % 2 - b.order % 2 || a.order - b.order)

const paged = (cells: ReadonlyArray<Cell>, random: Random) => {
  const pages: Array<ReadonlyArray<Keyed<number>>> = []
  for (let at = 0; at < cells.length;) {
    const size = random.between(1, 5)
    pages.push(cells.slice(at, at + size).map(keyed))
    at += size
  }
  return Stream.toPull(Stream.fromIterable(pages).pipe(Stream.flattenIterable, Stream.rechunk(3)))
}

const compared = (left: ReadonlyArray<Cell>, right: ReadonlyArray<Cell>, random: Random) =>
  Effect.gen(function*() {
    const merge = new Merge(yield* paged(left, random), yield* paged(right, random))
    const found: Array<string> = []
    let pairs = 0
    while (true) {
      const next = yield* merge.next(random.between(1, 10))
      for (const { left, right } of next) {
        pairs++
        if (left === undefined) found.push(`extra ${right?.token} ${right?.key}`)
        else if (right === undefined) found.push(`missing ${left.token} ${left.key}`)
        else if (left.row !== right.row) found.push(`different ${left.token} ${left.key}`)
        if (left !== undefined && right !== undefined) {
          assert.deepStrictEqual([left.token, left.key], [right.token, right.key])
        }
      }
      // The end is known at once, however the pages end: a job goes by it.
      assert.isTrue(merge.token === undefined || next.length > 0)
      if (merge.token === undefined) {
        return { found: found.sort(), pairs }
      }
    }
  }).pipe(Effect.scoped)

const expected = (left: ReadonlyArray<Cell>, right: ReadonlyArray<Cell>) => {
  const textOf = (cell: Cell) => `${cell.token} ${keyed(cell).key}`
  const [ofLeft, ofRight] = [left, right].map((cells) => new Map(cells.map((cell) => [textOf(cell), cell.value])))
  const all = new Set([...ofLeft!.keys(), ...ofRight!.keys()])
  const found = [...all].flatMap((key) =>
    !ofLeft!.has(key) ? [`extra ${key}`] : !ofRight!.has(key) ?
      [`missing ${key}`]
      : ofLeft!.get(key) === ofRight!.get(key)
      ? []
      : [`different ${key}`]
  )
  return { found: found.sort(), pairs: all.size }
}

describe("the comparison of two tables", () => {
  it.effect("finds what is missing, extra and different, within wide partitions too", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 150; seed++) {
        const random = new Random(seed)
        const tokens = random.between(1, 8)
        const cells = new Map<string, Cell>()
        for (let at = 0; at < random.between(0, 80); at++) {
          const cell = { token: random.between(1, tokens), order: random.between(1, 40), value: 1 }
          cells.set(`${cell.token} ${cell.order}`, cell)
        }
        const all = [...cells.values()]
        const share = random.next()
        const left = sorted(all.filter(() => random.chance(share)))
        const right = sorted(
          all.filter(() => random.chance(0.7)).map((cell) => ({ ...cell, value: random.between(1, 2) }))
        )
        assert.deepStrictEqual(yield* compared(left, right, random), expected(left, right), `seed ${seed}`)
      }
    }))

  it.effect("compares a partition of static columns alone with the static columns of one that has rows", () =>
    Effect.gen(function*() {
      const row = (key: string | undefined, value: number): Keyed<number> => ({
        token: 1n,
        partition: "p",
        key,
        row: value
      })
      const merge = new Merge(
        yield* Stream.toPull(Stream.make(row(undefined, 1))),
        yield* Stream.toPull(Stream.make(row("a", 1), row("b", 2)))
      )
      const pairs = yield* merge.next(10)
      assert.deepStrictEqual(pairs.map(({ isFirst, left, right }) => [left?.row, right?.row, right?.key, isFirst]), [
        [1, 1, undefined, true],
        [undefined, 1, "a", false],
        [undefined, 2, "b", false]
      ])
    }).pipe(Effect.scoped))
})
