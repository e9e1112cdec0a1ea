/** The tables that the suite of faults prints. */
import { sum, type Tally } from "./fault.ts"

/** How a fault went. */
export interface Entry {
  readonly name: string
  readonly layer: string
  readonly seconds: number
  /** Outcomes of the statements; undefined if the fault failed before there were any. */
  readonly tally: Tally | undefined
  /** Why it is not as it should be. */
  readonly problem: string | undefined
}

/** A fault that the suite does not cover. */
export interface NotCovered {
  readonly name: string
  readonly reason: string
}

const columns: ReadonlyArray<readonly [title: string, count: (tally: Tally) => number]> = [
  ["statements", (tally) => tally.statements],
  ["applied", (tally) => tally.applied],
  ["not applied", (tally) => tally.notApplied],
  ["unknown", (tally) => tally.unknown],
  ["settled", (tally) => tally.settled],
  ["lost", (tally) => tally.lost],
  ["unsafe duplicates", (tally) => tally.unsafeDuplicates]
]

/** The problem of a tally: losses, duplicates, or counts that do not add up. */
export const problemOf = (tally: Tally): string | undefined => {
  const accounted = tally.applied + tally.notApplied + tally.unknown + tally.lost
  if (tally.lost > 0) return `${tally.lost} statements were lost`
  if (tally.unsafeDuplicates > 0) return `${tally.unsafeDuplicates} unsafe duplicates`
  if (accounted !== tally.statements) return `${tally.statements} statements, but ${accounted} are accounted for`
  return undefined
}

const grouped = (count: number): string => count.toLocaleString("en-US")

/** The faults, one a line, and under them why the failed ones did. */
export const render = (entries: ReadonlyArray<Entry>): string => {
  const total: Entry = {
    name: `${entries.length} faults`,
    layer: "",
    seconds: entries.reduce((seconds, entry) => seconds + entry.seconds, 0),
    tally: sum(entries.flatMap(({ tally }) => tally ?? [])),
    problem: undefined
  }
  const cells = [...entries, total].map(({ layer, name, problem, seconds, tally }) => [
    problem === undefined ? name : `✗ ${name}`,
    layer,
    ...columns.map(([, count]) => tally === undefined ? "-" : grouped(count(tally))),
    seconds.toFixed(1)
  ])
  const titles = ["fault", "layer", ...columns.map(([title]) => title), "seconds"]
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  ")
      .trimEnd()
  const rule = "-".repeat(line(titles.map((_, column) => "-".repeat(widths[column]!))).length)
  const failed = entries.filter(({ problem }) => problem !== undefined)
  const why = failed.map(({ name, problem }) => `\n✗ ${name}\n${problem}`)
  return [line(titles), rule, ...cells.slice(0, -1).map(line), rule, line(cells.at(-1)!), ...why].join("\n")
}

/** Lists the faults that are not covered, one per line. */
export const renderNotCovered = (rows: ReadonlyArray<NotCovered>): string =>
  rows.length === 0
    ? "every fault of the list is covered"
    : ["not covered:", ...rows.map(({ name, reason }) => `  ${name}: ${reason}`)].join("\n")
