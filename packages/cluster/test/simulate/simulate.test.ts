/** The simulation of jobs in a small size; `npm run simulate:cluster` runs the large one. */
import { assert, describe, it } from "vitest"
import { checkpointEvery, pollEvery, simulate } from "./simulate.ts"

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

  it("ends where lanes move on while they are moving", async () => {
    const size = { seed: 1, runners: 40, lanes: 128, units: 600 }
    const { moved, problems } = await simulate(size, { name: "churn", killed: 0.8, restarted: 1.5 })
    assert.deepStrictEqual(problems, [])
    assert.isAbove(moved, 10 * size.lanes)
  }, 120_000)

  it("reads each lane a few times, however many lanes end", async () => {
    const lanes = 512
    const outcome = await simulate({ seed: 1, runners: 4, lanes, units: 1_024 }, { name: "nothing" })
    assert.deepStrictEqual(outcome.problems, [])
    assert.isBelow(outcome.counts.get("lane read") ?? 0, 6 * lanes)
  }, 120_000)

  it("with limits reads the lanes once in an interval, whatever the number of runners", async () => {
    const [lanes, runners] = [1_000, 100]
    const outcome = await simulate({ seed: 1, runners, lanes, units: 2_000 }, { name: "limited", concurrency: 50_000 })
    assert.deepStrictEqual(outcome.problems, [])
    const intervals = outcome.makespan / pollEvery
    // What is read without limits: each lane a few times.
    const reads = (outcome.counts.get("lane read") ?? 0) - 6 * lanes
    // The summary by each runner, and the lanes by one of them, sixty-four by a statement.
    assert.isBelow(reads / intervals, runners + Math.ceil(lanes / 64) + 2)
  }, 120_000)
})
