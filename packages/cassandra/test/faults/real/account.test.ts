import type { Outcome } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { tally } from "../fault.ts"
import { check } from "./account.ts"
import { type Found, type Kind, writeOf } from "./writes.ts"

const tables = { inserts: "f.i", conditional: "f.c", lists: "f.l", counters: "f.n" }

/** The tally of writes of one kind and bucket, by what was said of each and how often it is there. */
const checked = (kind: Kind, reported: ReadonlyArray<readonly [Outcome.Outcome | undefined, times: number]>) => {
  const writes = reported.map((_, at) => writeOf(tables, kind, at * 16, 0))
  const account = new Map(
    reported.flatMap(([outcome], at) => outcome === undefined ? [] : [[at * 16, outcome] as const])
  )
  const sum = reported.reduce((sum, [, times]) => sum + times, 0)
  const found: Found = {
    times: new Map(reported.map(([, times], at) => [at * 16, times])),
    counters: new Map([[0, BigInt(sum)]])
  }
  return check(writes, account, found)
}

describe("the account of a run of writes", () => {
  const all = [["Applied", 1], ["NotApplied", 0], ["Unknown", 1], ["Unknown", 0], ["WillApply", 1]] as const
  const right = tally({ statements: 5, applied: 2, notApplied: 1, unknown: 2 })

  for (const kind of ["insert", "conditional insert", "list append", "counter increment"] as const) {
    it(`is right if every ${kind} is as it was reported`, () => {
      assert.deepStrictEqual(checked(kind, all), right)
    })

    it(`misses a lost ${kind}, and one without a report`, () => {
      assert.strictEqual(checked(kind, [["Applied", 0], ["Applied", 1]]).lost, 1)
      assert.strictEqual(checked(kind, [[undefined, 0], ["Applied", 1]]).lost, 1)
    })

    it(`sees that a ${kind} is there that was reported not to be`, () => {
      assert.strictEqual(checked(kind, [["NotApplied", 1], ["Applied", 1]]).unsafeDuplicates, 1)
    })
  }

  it("sees what was executed twice, where that does harm", () => {
    assert.strictEqual(checked("list append", [["Applied", 2]]).unsafeDuplicates, 1)
    assert.strictEqual(checked("counter increment", [["Applied", 2]]).unsafeDuplicates, 1)
    assert.strictEqual(checked("insert", [["Applied", 2]]).unsafeDuplicates, 0)
  })
})
