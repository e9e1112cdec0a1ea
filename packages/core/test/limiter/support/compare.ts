/** Measures a law of an adaptive limit beside the best fixed limit. */
import { fixed, type Law, measure, type Scenario, simulate, type Simulated, throughputOf, tick } from "./simulate.ts"

/** Milliseconds after a change that do not count for throughput and latency. */
const settling = 5_000

const levels = [8, 12, 24, 48, 72, 96, 144, 216]

export interface Best {
  /** The lowest fixed limit that brings 97 % of what the best one brings. */
  readonly level: number
  readonly throughput: number
  readonly p50: number
}

/**
 * The best fixed limits of a scenario, for each of its phases, without the first milliseconds of each phase.
 *
 * Limits up to the first that is refused too much: a retry costs the run's budget, so that no run can live on it.
 */
export const bestOf = (scenario: Scenario, seed: number, settled = settling): ReadonlyArray<Best> => {
  const simulations: Array<{ readonly level: number; readonly simulated: Simulated }> = []
  for (const level of levels.filter((level) => level <= (scenario.max ?? 1_000))) {
    const simulated = simulate(scenario, fixed(level), seed)
    if (simulated.refused > 0.05 * (simulated.refused + simulated.latencies.length)) break
    simulations.push({ level, simulated })
  }
  return scenario.phases.map((to, phase) => {
    const from = (scenario.phases[phase - 1] ?? 0) + settled
    const measured = simulations.map(({ level, simulated }) => ({ level, ...measure(simulated, from, to) }))
    const throughput = Math.max(...measured.map((one) => one.throughput))
    return { ...measured.find((one) => one.throughput >= 0.97 * throughput)!, throughput }
  })
}

/** How a law did in one phase of a scenario. */
export interface Outcome {
  /** Throughput after `settling`, divided by that of the best fixed limit. */
  readonly share: number
  /** Median latency, divided by that under the lowest fixed limit that brings 97 % of the best throughput. */
  readonly delay: number
  /** Milliseconds until one second brought 85 % of the best throughput, under a limit of at most three times the best. */
  readonly recovery: number
  /** The lowest and the highest limit, divided by the best fixed one. */
  readonly lowest: number
  readonly highest: number
  /** Share of the requests that were refused. */
  readonly refused: number
}

/**
 * Whether a law did what an adaptive limit has to: it brings 85 % of the best throughput, does not collapse, does not
 * creep upwards, recovers, and does not live on refusals.
 */
export const isSound = ({ highest, lowest, recovery, refused, share }: Outcome): boolean =>
  share >= 0.85 && lowest >= 1 / 16 && highest <= 5 && recovery <= settling && refused <= 0.15

export const outcomesOf = (
  scenario: Scenario,
  law: Law,
  bests: ReadonlyArray<Best>,
  seed: number
): ReadonlyArray<Outcome> => {
  const simulated = simulate(scenario, law, seed)
  return bests.map((best, phase) => {
    const [from, to] = [scenario.phases[phase - 1] ?? 0, scenario.phases[phase]!]
    const { p50, throughput } = measure(simulated, from + settling, to)
    const limits = simulated.limits.slice((from + settling) / tick, to / tick)
    return {
      share: throughput / best.throughput,
      delay: p50 / best.p50,
      recovery: scenario.drifts === true ? 0 : recoveryOf(simulated, from, to, best),
      highest: Math.max(...limits) / best.level,
      lowest: Math.min(...limits) / best.level,
      refused: simulated.refused / (simulated.refused + simulated.answeredAt.length)
    }
  })
}

const recoveryOf = (simulated: Simulated, from: number, to: number, best: Best): number => {
  for (let at = from; at + 1_000 <= to; at += tick) {
    const isModest = simulated.limits[at / tick]! <= 3 * best.level
    if (isModest && throughputOf(simulated, at, at + 1_000) >= 0.85 * best.throughput) return at - from
  }
  return Number.POSITIVE_INFINITY
}
