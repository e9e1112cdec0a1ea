/** The simulation of jobs in a small size; `npm run simulate:cluster` runs the large one. */
import { assert, describe, it } from "vitest"
import { checkpointEvery, simulate } from "./simulate.ts"

describe("a job on a simulated cluster", () => {
  it("ends every unit once, whatever happens to its runners", async () => {
    const size = { seed: 3, runners: 12, lanes: 48, units: 300 }
    const outcome = await simulate(size, { name: "all", killed: 0.3, frozen: 0.3, restarted: 0.3 })
    assert.deepStrictEqual(outcome.problems, [])
    assert.isAbove(outcome.refused, 0)
    assert.isAbove(outcome.repeatedUnits, 0)
    // What was done since the last checkpoint is done again, and no more.
    assert.isAtMost(outcome.repeatedWork * outcome.ideal * size.lanes, checkpointEvery * outcome.repeatedUnits)
    assert.isBelow(outcome.makespan, 1.3 * outcome.fullest)
  }, 120_000)

  it("reads each lane a few times, however many lanes end", async () => {
    const lanes = 512
    const outcome = await simulate({ seed: 1, runners: 4, lanes, units: 1_024 }, { name: "nothing" })
    assert.deepStrictEqual(outcome.problems, [])
    assert.isBelow(outcome.counts.get("lane read") ?? 0, 6 * lanes)
  }, 120_000)
})
