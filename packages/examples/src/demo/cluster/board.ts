/** Display of the demo: a bar for each lane, with its owner. */
import { Screen } from "@effect-cql/report"

/** The runner that has a lane. One that was killed has it until its lease ends. */
export interface Owner {
  readonly name: string
  readonly isAlive: boolean
}

/** A lane of the job. */
export interface Lane {
  readonly owner: Owner | undefined
  readonly units: number
  readonly done: number
  readonly rows: number
}

/** A moment of the copy. */
export interface Moment {
  readonly lanes: ReadonlyArray<Lane>
  /** Rows of the table. */
  readonly total: number
}

export const rowsOf = ({ lanes }: Moment): number => lanes.reduce((sum, { rows }) => sum + rows, 0)

const grouped = (count: number): string => count.toLocaleString("en-US")

/** The rows of a lane are known when it ends. Until then they are as many as its units are of all units. */
const shareOf = ({ done, rows, units }: Lane, { lanes, total }: Moment): number => {
  const all = lanes.reduce((sum, { units }) => sum + units, 0)
  return done === units ? 1 : Math.min(0.99, rows / Math.max(1, total * units / Math.max(1, all)))
}

const named = (owner: Owner | undefined): string =>
  owner === undefined ? "no owner" : owner.isAlive ? owner.name : `${owner.name} (dead)`

const widest = 40

/** Lines for a terminal of a width. */
export const linesOf = (moment: Moment, columns: number): ReadonlyArray<string> => {
  const lines = moment.lanes.map((lane, index) => {
    const begin = `lane ${String(index + 1).padStart(2)}  ${named(lane.owner).padEnd(15)}  `
    const end = `  ${lane.done}/${lane.units} units${grouped(lane.rows).padStart(8)} rows`
    const width = Math.min(widest, columns - begin.length - end.length)
    return width < 5 ? `${begin}${end.trim()}` : `${begin}${Screen.bar(shareOf(lane, moment), width)}${end}`
  })
  return [...lines, lineOf(moment)]
}

/** One line for a log. */
export const lineOf = (moment: Moment): string => {
  const owners = Map.groupBy(moment.lanes, ({ owner }) => named(owner))
  const shares = [...owners].toSorted(([a], [b]) => a < b ? -1 : 1).map(([owner, lanes]) => `${owner}: ${lanes.length}`)
  const rows = rowsOf(moment)
  const percent = Math.floor(100 * rows / Math.max(1, moment.total))
  return `${grouped(rows)} of ${grouped(moment.total)} rows, ${percent} %; ` +
    `lanes of ${shares.join(", ")}`
}
