/**
 * `npm run simulate:cluster`: a job on 1,000 runners and 4,096 lanes in virtual time, under deaths, freezes and restarts, and the cost of
 * one real `Sharding` that lists as many runners. Prints the table of docs/decisions/cluster.md. `-- --only dies` runs the scenarios with
 * this text in their names. Exits with 1 if an invariant is broken.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { cost } from "./sharding.ts"
import { type Outcome, type Scenario, simulate } from "./simulate.ts"

const { values } = parseArgs({
  options: {
    runners: { type: "string", default: "1000" },
    lanes: { type: "string", default: "4096" },
    units: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" }
  }
})
const number = (name: "runners" | "lanes" | "units" | "seed"): number => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value > 0) return value
  console.error(`--${name}: expected a positive whole number, got ${values[name]}`)
  return process.exit(2)
}
const size = { runners: number("runners"), lanes: number("lanes"), units: number("units"), seed: number("seed") }

const all: ReadonlyArray<Scenario> = [
  { name: "nothing happens" },
  { name: "one runner in ten dies", killed: 0.1 },
  { name: "one in five dies at once", killedTogether: 0.2 },
  { name: "one in ten is frozen", frozen: 0.1 },
  { name: "a deploy restarts one in four", restarted: 0.25 }
]

const scenarios = all.filter(({ name }) => name.includes(values.only))
if (scenarios.length === 0) {
  console.error(`--only: expected a part of ${all.map(({ name }) => `"${name}"`).join(", ")}, got ${values.only}`)
  process.exit(2)
}

const whole = (value: number) => Math.round(value).toLocaleString("en")
const rows = (outcome: Outcome): ReadonlyArray<string> => [
  outcome.scenario,
  `${whole(outcome.makespan)} s`,
  `${(outcome.makespan / outcome.ideal).toFixed(2)} x`,
  `${(outcome.makespan / outcome.fullest).toFixed(2)} x`,
  whole(outcome.moved),
  whole(outcome.repeatedUnits),
  `${(100 * outcome.repeatedWork).toFixed(2)} %`,
  whole(outcome.refused),
  whole(outcome.mean),
  whole(outcome.peak),
  whole(outcome.upkeep)
]
const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`

console.log(
  `seed ${size.seed}: ${whole(size.runners)} runners, ${whole(size.lanes)} lanes, ${whole(size.units)} units\n`
)
console.log(line([
  "scenario",
  "makespan",
  "to the ideal",
  "to the fullest lane",
  "lanes moved",
  "units repeated",
  "work repeated",
  "writes refused",
  "statements/s",
  "in the busiest second",
  "leases and members/s"
]))
console.log(`| - |${" -: |".repeat(10)}`)
let problems = 0
for (const scenario of scenarios) {
  const begun = performance.now()
  const outcome = await simulate(size, scenario)
  console.log(line(rows(outcome)))
  const counts = [...outcome.counts].map(([kind, count]) => `${kind} ${whole(count)}`)
  console.error(`${counts.join(", ")}; ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
  for (const problem of outcome.problems) {
    problems++
    console.log(`VIOLATED  ${scenario.name}: ${problem}`)
  }
}
const one = await cost(size.runners, size.lanes, 60)
console.log(
  `\none real Sharding that lists ${whole(size.runners)} runners: ${whole(one.start)} ms of CPU until it owns lanes ` +
    `(${one.acquired} of ${whole(size.lanes)}), then ${one.steady.toFixed(1)} ms of CPU and ${
      one.statements.toFixed(1)
    } statements a second`
)
console.log(problems === 0 ? "all invariants hold" : `${problems} invariants are broken`)
process.exit(problems === 0 ? 0 : 1)
