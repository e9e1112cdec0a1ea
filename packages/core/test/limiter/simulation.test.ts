import { assert, describe, it } from "@effect/vitest"
import { bestOf } from "./support/compare.ts"
import { scenarios } from "./support/scenarios.ts"
import { exponential, type Node } from "./support/server.ts"
import { adaptive, measure, type Scenario, simulate, type Simulated } from "./support/simulate.ts"

const seed = Number(process.env["LIMITER_SEED"] ?? 1)

/** Windows after a change that do not count. */
const settled = 10

/** Windows until three of them together bring 85 % of the best, under a limit not far above what is useful. */
const recoveryOf = (simulated: Simulated, from: number, to: number, most: number, bestLevel: number): number => {
  const steps = simulated.steps.filter(({ at }) => at >= from && at < to)
  const found = steps.findIndex((step, index) => {
    const end = steps[index + 3]
    if (end === undefined) return false
    const throughput = (end.answers - step.answers) / (end.at - step.at) * 1_000
    return throughput >= 0.85 * most && step.limit <= 3 * bestLevel
  })
  return found < 0 ? Number.POSITIVE_INFINITY : found
}

const checkPhase = (
  simulated: Simulated,
  scenario: Scenario,
  phase: number,
  best: ReturnType<typeof bestOf>[number]
) => {
  const [from, to] = [scenario.phases[phase - 1] ?? 0, scenario.phases[phase]!]
  const steps = simulated.steps.filter(({ at }) => at >= from && at < to).slice(settled)
  const limits = steps.map(({ limit }) => limit).toSorted((a, b) => a - b)
  const { throughput } = measure(simulated, steps[0]!.at, to)
  const label = `phase ${phase + 1}, LIMITER_SEED=${seed}`
  assert.isAtLeast(throughput / best.throughput, 0.85, `${label}: throughput, of that of the best fixed limit`)
  assert.isAtLeast(limits[0]!, best.level / 16, `${label}: the limit collapsed`)
  assert.isAtMost(limits[limits.length >> 1]!, 3 * best.level, `${label}: the limit crept upwards`)
  assert.isAtMost(limits.at(-1)!, 5 * best.level, `${label}: the limit ran away`)
  if (scenario.drifts === true) return
  const recovery = recoveryOf(simulated, from, to, best.throughput, best.level)
  assert.isAtMost(recovery, settled, `${label}: windows until it had recovered`)
}

describe("adaptive limiter on simulated servers", () => {
  it.each(scenarios.filter(({ isLong }) => isLong !== true).map((scenario) => ({ name: scenario.name, scenario })))(
    "$name",
    { timeout: 120_000 },
    ({ scenario }) => {
      const simulated = simulate(scenario, adaptive, seed)
      bestOf(scenario, seed, 2_000).forEach((best, phase) => checkPhase(simulated, scenario, phase, best))
    }
  )

  it("comes down from a start that is far too high", () => {
    const { steps } = simulate({ ...scenarios[0]!, phases: [10_000] }, adaptive, seed, 900)
    assert.isAtMost(Math.max(...steps.slice(2 * settled).map(({ limit }) => limit)), 216)
  })

  it("neither grows nor falls when it is not the bottleneck", () => {
    const { steps } = simulate({ ...scenarios[0]!, places: 12, phases: [10_000] }, adaptive, seed, 40)
    assert.isAbove(steps.length, settled)
    assert.deepStrictEqual([...new Set(steps.map(({ limit }) => limit))], [40])
  })

  it("counts what has timed out as load, and survives a server that answers nothing for a while", () => {
    const silent: Node = {
      workers: () => 16,
      service: (random) => exponential(random, 12),
      pausedUntil: (now) => now >= 5_000 && now < 9_000 ? 9_000 : 0
    }
    const scenario: Scenario = {
      name: "silence",
      nodes: [silent, silent, silent],
      phases: [20_000],
      timeout: 500,
      places: 200
    }
    const simulated = simulate(scenario, adaptive, seed)
    assert.isAbove(simulated.abandoned, 20, "abandoned requests are load")
    const before = measure(simulated, 2_000, 5_000).throughput
    assert.isAtLeast(measure(simulated, 12_000, 20_000).throughput, 0.85 * before)
  })
})
