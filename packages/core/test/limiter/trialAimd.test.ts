/** The rule of the adaptive limiter against servers that are formulas: no noise, thousands of windows. */
import { assert, describe, it } from "@effect/vitest"
import { TrialAimd } from "../../src/internal/limiter/trialAimd.ts"
import type { Seen } from "../../src/internal/limiter/window.ts"

const windowAt = (latency: number, throughput: number, load: number, refused = 0): Seen => ({
  latencies: { lower: latency, median: latency, upper: latency },
  throughput,
  refused,
  limited: true,
  peak: load
})

/** As many workers as that, each taking its time: beyond them there is a queue. */
const queueing = (limit: number, workers: number, service: number): Seen =>
  windowAt(service * Math.max(1, limit / workers), Math.min(limit, workers) / service, limit)

describe("the rule of the adaptive limiter", () => {
  for (const initial of [1, 20, 100, 1_000]) {
    it(`stays near what is useful for thousands of windows, begun at ${initial}`, () => {
      const law = new TrialAimd(1, 10_000, initial)
      for (let window = 0; window < 5_000; window++) {
        if (window > 60) {
          assert.isAtLeast(law.limit, 100 / 2.5, `window ${window}: ${JSON.stringify(law.lastMove)}`)
          assert.isAtMost(law.limit, 250, `window ${window}: ${JSON.stringify(law.lastMove)}`)
        }
        law.decide(queueing(law.limit, 100, 10))
      }
    })
  }

  it("does not creep upwards at a gradient of 0.8, the latency a little above the baseline whatever the limit", () => {
    const law = new TrialAimd(1, 10_000, 100)
    law.decide(windowAt(8, 10, 100))
    let highest = 0
    for (let window = 0; window < 5_000; window++) {
      law.decide(windowAt(10, 10, law.limit))
      highest = Math.max(highest, law.limit)
    }
    assert.isAtMost(highest, 200)
  })

  it("takes a server that became slower for what it is, and a longer queue for what that is", () => {
    const law = new TrialAimd(1, 10_000, 20)
    for (let window = 0; window < 100; window++) law.decide(queueing(law.limit, 100, 10))
    for (let window = 0; window < 20; window++) law.decide(queueing(law.limit, 100, 60))
    assert.isAtLeast(law.limit, 85, "six times slower, but as wide as before")
    for (let window = 0; window < 20; window++) law.decide(queueing(law.limit, 20, 60))
    assert.isAtMost(law.limit, 50, "a fifth of the workers")
  })

  it("takes a loss of capacity for what it is, also if it happens within a window", () => {
    for (const begin of [90, 95, 100]) {
      const law = new TrialAimd(1, 10_000, 20)
      for (let window = 0; window < begin; window++) law.decide(queueing(law.limit, 100, 10))
      // The throughput is partly that of before, and the latency that of after: the cut seems to cost a lot.
      law.decide(windowAt(10 * law.limit / 20, 6, law.limit))
      for (let window = 0; window < 10; window++) law.decide(queueing(law.limit, 20, 10))
      assert.isAtMost(law.limit, 40, `a fifth of the workers, after ${begin} windows: ${JSON.stringify(law.lastMove)}`)
    }
  })

  it("does not collapse when a few windows are bad", () => {
    const law = new TrialAimd(1, 10_000, 20)
    for (let window = 1; window < 1_000; window++) {
      const paused = window % 50 === 0
      law.decide(paused ? windowAt(700, 0.2, law.limit) : queueing(law.limit, 100, 10))
      if (window > 100) assert.isAtLeast(law.limit, 30, `window ${window}: ${JSON.stringify(law.lastMove)}`)
    }
  })

  it("gives way to refusals at once, comes back when they end, and says why", () => {
    const law = new TrialAimd(4, 512, 96)
    for (let window = 0; window < 3; window++) law.decide(windowAt(10, 9, law.limit, 0.4))
    assert.deepInclude(law.lastMove, { from: 35, to: 21, reason: "Refused", refused: 0.4 })
    for (let window = 0; window < 10; window++) law.decide(queueing(law.limit, 96, 10))
    assert.isAtLeast(law.limit, 80)
    const from = law.limit
    law.decide(windowAt(32, 9, law.limit))
    assert.deepInclude(law.lastMove, { from, to: law.limit, reason: "LatencyHigh", latency: 3.2, throughput: 9 })
  })

  it("does not give up healthy nodes for one that answers nothing", () => {
    const law = new TrialAimd(1, 512, 96)
    for (let window = 0; window < 100; window++) law.decide(windowAt(10, 9, law.limit, 0.33))
    assert.isAtLeast(law.limit, 10)
  })
})
