/**
 * `npm run simulate:limiters -- --seeds 8`: the law of the adaptive limit beside the published ones, on simulated
 * servers. Prints the tables of docs/decisions/limiters.md.
 *
 * With `--parts`, the law stands beside itself with one part taken away instead. `--only text` runs the scenarios with
 * this text in their names.
 */
import { parseArgs } from "node:util"
import { Adaptive } from "../../src/internal/limiter/adaptive.ts"
import { type Constants, constants } from "../../src/internal/limiter/trialAimd.ts"
import { bestOf, isSound, type Outcome, outcomesOf } from "./support/compare.ts"
import { Gradient2, Vegas, Window } from "./support/published.ts"
import { scenarios } from "./support/scenarios.ts"
import { adaptive, type Law } from "./support/simulate.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    parts: { type: "boolean", default: false },
    only: { type: "string", default: "" }
  }
})
const seeds = Number(values.seeds)
const chosen = scenarios.filter(({ name }) => name.includes(values.only))
if (!(Number.isSafeInteger(seeds) && seeds > 0) || chosen.length === 0) {
  console.error("usage: npm run simulate:limiters -- [--seeds 8] [--parts] [--only text]")
  process.exit(2)
}

type Named = readonly [name: string, law: Law]

const published: ReadonlyArray<Named> = [
  ["Gradient2", (time, bounds) => new Gradient2(time, bounds, new Window())],
  ["Gradient2, 100 ms", (time, bounds) => new Gradient2(time, bounds, new Window(100))],
  ["Vegas", (time, bounds) => new Vegas(time, bounds, undefined)],
  ["Vegas, 1 s", (time, bounds) => new Vegas(time, bounds, new Window())]
]

const without = (name: string, changed: Partial<Constants>): Named => [
  name,
  (time, bounds) => new Adaptive(time, bounds, 5_000, { ...constants, ...changed })
]

const never = Number.POSITIVE_INFINITY

const parts: ReadonlyArray<Named> = [
  without("no trial of growth", { judgeGrowthAfter: never }),
  without("no pauses", { pauses: [0, 0] }),
  without("no trial of cuts", { worthwhile: never, tooCostly: never }),
  without("no probes", { probeEvery: never }),
  without("no rescue", { collapsed: 0 }),
  without("no ceiling", { belowRuin: never })
]

const laws: ReadonlyArray<Named> = [["AIMD with trials", adaptive], ...values.parts ? parts : published]

/** A phase of a scenario, with the outcomes of each law over the seeds. */
interface Row {
  readonly name: string
  readonly outcomes: ReadonlyArray<ReadonlyArray<Outcome>>
}

const rows: ReadonlyArray<Row> = chosen.flatMap((scenario) => {
  const outcomes = scenario.phases.map(() => laws.map((): Array<Outcome> => []))
  for (let seed = 1; seed <= seeds; seed++) {
    const bests = bestOf(scenario, seed)
    laws.forEach(([, law], index) =>
      outcomesOf(scenario, law, bests, seed).forEach((outcome, phase) => outcomes[phase]![index]!.push(outcome))
    )
    console.error(`${scenario.name}: seed ${seed} of ${seeds}`)
  }
  return outcomes.map((one, phase) => ({
    name: scenario.phases.length > 1 ? `${scenario.name} (${phase + 1})` : scenario.name,
    outcomes: one
  }))
})

const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

/** Two-sided quantiles of Student's t for 95 %, by degrees of freedom. */
const quantiles = [never, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23]

/** The mean of differences over the seeds if its 95 % interval excludes zero, else zero. */
const significant = (differences: ReadonlyArray<number>): number => {
  const middle = mean(differences)
  const freedom = differences.length - 1
  const deviation = Math.sqrt(differences.reduce((sum, one) => sum + (one - middle) ** 2, 0) / freedom)
  const interval = (quantiles[freedom] ?? 2) * deviation / Math.sqrt(differences.length)
  return Math.abs(middle) > interval ? middle : 0
}

const table = (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((cell, column) => Math.max(cell.length, ...body.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join(
        " | "
      )
    } |`
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)
  return [line(head), line(rule), ...body.map(line)].join("\n")
}

const of = (row: Row, law: number, field: keyof Outcome): number => mean(row.outcomes[law]!.map((one) => one[field]))

const summary = laws.map(([name], law) => {
  const shares = rows.map((row) => of(row, law, "share"))
  const delays = rows.map((row) => of(row, law, "delay"))
  const against = rows.map((row) =>
    significant(row.outcomes[law]!.map(({ share }, seed) => share - row.outcomes[0]![seed]!.share))
  )
  const all = rows.flatMap((row) => row.outcomes[law]!)
  return [
    name,
    mean(shares).toFixed(2),
    Math.min(...shares).toFixed(2),
    mean(delays).toFixed(2),
    Math.max(...delays).toFixed(2),
    Math.max(...rows.map((row) => of(row, law, "highest"))).toFixed(1),
    `${Math.round(100 * Math.max(...rows.map((row) => of(row, law, "refused"))))} %`,
    law === 0 ? "" : `${against.filter((one) => one > 0).length} / ${against.filter((one) => one < 0).length}`,
    `${all.filter(isSound).length} of ${all.length}`
  ]
})

console.log(`${seeds} seeds, ${rows.length} phases\n`)
console.log(table(
  ["law", "share", "worst", "delay", "worst", "highest", "refused", "better / worse", "sound"],
  summary
))
console.log(`\nthroughput / delay\n`)
console.log(table(
  ["phase", ...laws.map(([name]) => name)],
  rows.map((row) => [
    row.name,
    ...laws.map((_, law) => `${of(row, law, "share").toFixed(2)} / ${of(row, law, "delay").toFixed(2)}`)
  ])
))
console.log(`\nseconds until the limit has recovered, in the worst seed\n`)
const recovered = (row: Row, law: number): string => {
  const longest = Math.max(...row.outcomes[law]!.map(({ recovery }) => recovery))
  return longest === never ? "never" : (longest / 1_000).toFixed(1)
}
console.log(table(
  ["phase", ...laws.map(([name]) => name)],
  rows.filter(({ name }) => !chosen.some((scenario) => scenario.drifts === true && name.startsWith(scenario.name)))
    .map((row) => [row.name, ...laws.map((_, law) => recovered(row, law))])
))
