/**
 * What a run said of its writes, held against what is in the tables.
 */
import type { Outcome } from "@effect-cql/core"
import { type Account, audit } from "../audit.ts"
import { sum, type Tally } from "../fault.ts"
import { bucketOf, type Found, type Write } from "./writes.ts"

/** The tally of some writes of a run, by what was said of each of them. */
export const check = (writes: ReadonlyArray<Write>, account: Account, found: Found): Tally => {
  const counters = writes.filter(({ kind }) => kind === "counter increment")
  const others = writes.filter(({ kind }) => kind !== "counter increment")
  return sum([
    ...others.map((write) => checkOne(write, account.get(write.index), found)),
    ...Map.groupBy(counters, bucketOf).entries().map(([bucket, increments]) =>
      checkCounter(increments, account, found.counters.get(bucket) ?? 0n)
    )
  ])
}

const checkOne = ({ index, kind }: Write, outcome: Outcome.Outcome | undefined, found: Found): Tally =>
  audit(1, new Map(outcome === undefined ? [] : [[0, outcome]]), {
    effects: () => found.times.get(index) ?? 0,
    repeatable: kind === "insert"
  })

/** Checks the sum of all increments: at least the applied ones, and at most the applied and the unknown ones. */
const checkCounter = (increments: ReadonlyArray<Write>, account: Account, value: bigint): Tally => {
  const outcomes = increments.map(({ index }) => account.get(index))
  const count = (outcome: Outcome.Outcome) => outcomes.filter((each) => each === outcome).length
  const applied = count("Applied") + count("WillApply")
  const unknown = count("Unknown")
  const missing = outcomes.filter((each) => each === undefined).length
  return {
    statements: increments.length,
    applied,
    notApplied: count("NotApplied"),
    unknown,
    settled: 0,
    lost: missing + Math.max(0, applied - Number(value)),
    unsafeDuplicates: Math.max(0, Number(value) - applied - unknown)
  }
}
