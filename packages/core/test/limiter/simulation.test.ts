import { afterAll, assert, describe, it } from "@effect/vitest"
import { scenarios } from "./support/scenarios.ts"
import { exponential, type Node } from "./support/server.ts"
import { measure, type Scenario, simulate, type Simulated } from "./support/simulate.ts"

const seed = Number(process.env["LIMITER_SEED"] ?? 1)
const levels = [6, 12, 24, 36, 48, 72, 96, 144, 216]

/** Windows after a change that do not count. */
const settled = 10

interface Row {
  readonly name: string
  readonly bestLevel: number
  readonly best: ReturnType<typeof measure>
  readonly adaptive: ReturnType<typeof measure>
  readonly ratio: number
  readonly limits: { readonly lowest: number; readonly median: number; readonly highest: number }
  readonly recovery: number | undefined
}

/** Every level up to the first that is refused too much: a retry costs the run's budget, so that none can live on it. */
const fixedLevels = (scenario: Scenario) => {
  const fixed: Array<{ readonly level: number; readonly simulated: Simulated }> = []
  for (const level of levels) {
    const simulated = simulate(scenario, level, seed)
    if (simulated.refused > 0.05 * (simulated.refused + simulated.latencies.length)) break
    fixed.push({ level, simulated })
  }
  return fixed
}

const run = (scenario: Scenario, initial: number): ReadonlyArray<Row> => {
  const adaptive = simulate(scenario, { initial }, seed)
  const fixed = fixedLevels(scenario)
  return scenario.phases.map((to, phase) => {
    const from = scenario.phases[phase - 1] ?? 0
    const measured = fixed.map(({ level, simulated }) => ({ level, ...measure(simulated, from + 2_000, to) }))
    const most = Math.max(...measured.map(({ throughput }) => throughput))
    const best = measured.find(({ throughput }) => throughput >= 0.97 * most)!
    const name = scenario.phases.length > 1 ? `${scenario.name} (${phase + 1})` : scenario.name
    const steps = adaptive.steps.filter(({ at }) => at >= from && at < to)
    const after = steps[settled]?.at ?? to
    const limits = steps.slice(settled).map(({ limit }) => limit).toSorted((a, b) => a - b)
    const measuredAdaptive = measure(adaptive, after, to)
    return {
      name,
      bestLevel: best.level,
      best,
      adaptive: measuredAdaptive,
      ratio: measuredAdaptive.throughput / most,
      limits: { lowest: limits[0]!, median: limits[limits.length >> 1]!, highest: limits.at(-1)! },
      recovery: scenario.drifts === true ? undefined : recoveryOf(adaptive, from, to, most, best.level)
    }
  })
}

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

const table = (rows: ReadonlyArray<Row>): string => {
  const head = [
    "scenario",
    "best",
    "best/s",
    "p50",
    "p99",
    "adapt",
    "range",
    "adapt/s",
    "p50",
    "p99",
    "ratio",
    "recovery"
  ]
  const body = rows.map((row) => [
    row.name,
    String(row.bestLevel),
    row.best.throughput.toFixed(0),
    row.best.p50.toFixed(1),
    row.best.p99.toFixed(0),
    String(row.limits.median),
    `${row.limits.lowest}-${row.limits.highest}`,
    row.adaptive.throughput.toFixed(0),
    row.adaptive.p50.toFixed(1),
    row.adaptive.p99.toFixed(0),
    row.ratio.toFixed(2),
    String(row.recovery ?? "-")
  ])
  const widths = head.map((cell, column) => Math.max(cell.length, ...body.map((row) => row[column]!.length)))
  return [head, ...body].map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
  ).join("\n")
}

describe("adaptive limiter on simulated servers", () => {
  const all: Array<Row> = []
  afterAll(() => console.log(`LIMITER_SEED=${seed}\n${table(all)}`))

  it.each(scenarios.map((scenario) => ({ name: scenario.name, scenario })))(
    "$name",
    { timeout: 60_000 },
    ({ scenario }) => {
      const rows = run(scenario, 20)
      all.push(...rows)
      for (const { adaptive, bestLevel, limits, name, ratio, recovery = 0 } of rows) {
        assert.isAtLeast(ratio, 0.85, `${name}: throughput, of that of the best fixed level`)
        assert.isAtLeast(limits.lowest, bestLevel / 16, `${name}: the limit collapsed`)
        assert.isAtMost(limits.median, 3 * bestLevel, `${name}: the limit crept upwards`)
        assert.isAtMost(limits.highest, 5 * bestLevel, `${name}: the limit ran away`)
        assert.isAtMost(recovery, settled, `${name}: windows until it had recovered`)
        assert.isAbove(adaptive.p50, 0)
      }
    }
  )

  it("comes down from a start that is far too high", () => {
    const { steps } = simulate({ ...scenarios[0]!, phases: [10_000] }, { initial: 900 }, seed)
    assert.isAtMost(Math.max(...steps.slice(2 * settled).map(({ limit }) => limit)), 216)
  })

  it("neither grows nor falls when it is not the bottleneck", () => {
    const { steps } = simulate({ ...scenarios[0]!, places: 12, phases: [10_000] }, { initial: 40 }, seed)
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
    const simulated = simulate(scenario, { initial: 20 }, seed)
    assert.isAbove(simulated.abandoned, 20, "abandoned requests are load")
    const before = measure(simulated, 2_000, 5_000).throughput
    assert.isAtLeast(measure(simulated, 12_000, 20_000).throughput, 0.85 * before)
  })
})
