/** Prints and stores the result of a benchmark. */
import { mkdirSync, writeFileSync } from "node:fs"
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os"
import { join } from "node:path"

/** A bound that a measured value keeps, or does not. */
export interface Verdict {
  readonly budget: string
  readonly value: number
  readonly unit: string
  readonly bound: string
  readonly met: boolean
}

export const atMost = (budget: string, value: number, bound: number, unit = "x"): Verdict => ({
  budget,
  value,
  unit,
  bound: `at most ${bound}`,
  met: value <= bound
})

export const atLeast = (budget: string, value: number, bound: number, unit = "x"): Verdict => ({
  budget,
  value,
  unit,
  bound: `at least ${bound}`,
  met: value >= bound
})

export type Row = readonly [name: string, ...values: ReadonlyArray<number | string>]

/** Prints a table; numbers are shown with three decimals. */
export const printTable = (title: string, columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>): void => {
  const cells = rows.map((row) => row.map((cell) => typeof cell === "number" ? cell.toFixed(3) : cell))
  const table = [columns, ...cells]
  const widths = columns.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)))
  console.log(`\n${title}`)
  for (const row of table) {
    const aligned = row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))
    console.log(aligned.join("  "))
  }
}

/** The machine, as far as it matters to numbers. */
const machine = () => ({
  node: process.version,
  platform: `${platform()} ${arch()}`,
  processor: cpus()[0]?.model ?? "unknown",
  processors: availableParallelism(),
  memory: totalmem()
})

/** Prints the verdicts, writes everything to a file, and fails the process when a bound was missed. */
export const conclude = (name: string, verdicts: ReadonlyArray<Verdict>, measured: unknown): void => {
  const missed = verdicts.filter(({ met }) => !met).length
  printTable(
    "Budgets",
    ["", "value", "", "bound", ""],
    verdicts.map(({ bound, budget, met, unit, value }): Row => [met ? "met" : "missed", value, unit, bound, budget])
  )
  const at = new Date().toISOString()
  const directory = join(import.meta.dirname, "..", "..", "results")
  const file = join(directory, `${name}-${at.replaceAll(":", "-")}.json`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(file, JSON.stringify({ at, machine: machine(), verdicts, measured }, undefined, 2))
  console.log(`\n${missed === 0 ? "Every budget is met." : `${missed} of ${verdicts.length} missed.`} ${file}`)
  if (missed > 0) process.exitCode = 1
}
