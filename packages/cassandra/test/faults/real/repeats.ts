/** Writes that must not be repeated, while two of three nodes hang: their answers do not come, or too late. */
import { Effect } from "effect"
import assert from "node:assert/strict"
import type { Fault } from "../fault.ts"
import { acknowledged } from "./acknowledged.ts"
import { type Cluster, real, threeNodes, whilePaused } from "./cluster.ts"
import { type Phase, steady } from "./phases.ts"
import type { Kind } from "./writes.ts"

const timeouts = Effect.map(threeNodes, ([, second, third]): Phase<never> => ({
  name: "two nodes hang",
  during: whilePaused([second, third], Effect.sleep("5 seconds"))
}))

const never = (run: string, kinds: ReadonlyArray<Kind>) =>
  Effect.gen(function*() {
    const phases = [steady("1 second"), yield* timeouts, steady("3 seconds")]
    const report = yield* acknowledged({ run, rate: 100, kinds, phases })
    const { results, tally } = report
    assert(tally.unknown > 0, "every answer has come: the fault did not reach the run")
    for (const result of results) {
      if (result.outcome === "Unknown" && result._tag === "Failure") assert.equal(result.error.attempts, 1)
    }
    return report
  })

const counters = Effect.map(never("counted", ["counter increment"]), ({ tally }) => tally)

const lists = Effect.map(never("appended", ["list append"]), ({ tally }) => tally)

const conditional = Effect.gen(function*() {
  const { results, settled, tally } = yield* never("conditional", ["conditional insert", "conditional update"])
  for (const { settlement: { finding, index, isCertain, message } } of settled) {
    const result = results.find((result) => result.index === index)
    // Only this run writes these rows, so that a read at SERIAL finds the exact state. The round of a write may still
    // begin after that read only if the write was never answered.
    const wasAnswered = result?._tag === "Failure" && result.error.reason._tag !== "RequestTimeout"
    if (wasAnswered || finding === "found") assert(isCertain, message)
  }
  assert(tally.settled > 0, `none of ${tally.unknown} was settled`)
  return tally
})

/** Rows 24 and 25 of what there is to survive. */
export const repeats: ReadonlyArray<Fault<Cluster>> = [
  real("counter increments whose answers do not come", counters),
  real("list appends whose answers do not come", lists),
  real("conditional writes whose answers do not come", conditional)
]
