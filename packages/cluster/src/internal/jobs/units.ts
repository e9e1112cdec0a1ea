/**
 * The units of a lane, and its progress, as entries.
 */

export type UnitState = "waiting" | "done" | "failed"

/** A unit as it is stored. */
export interface UnitEntry {
  readonly unit: unknown
  readonly state: UnitState
  /** Attempts that have begun. */
  readonly attempt: number
  /** The position behind what is done, as the handler has given it. */
  readonly cursor?: unknown
  readonly rows: number
  readonly error?: string | undefined
}

/** The progress of a lane. It is written together with the unit that it counts. */
export interface ProgressEntry {
  readonly units: number
  readonly done: number
  readonly failed: number
  readonly rows: number
}

export const noProgress: ProgressEntry = { units: 0, done: 0, failed: 0, rows: 0 }

const progressName = "progress"
const unitPrefix = "unit/"

export const unitName = (index: number): string => `${unitPrefix}${String(index).padStart(9, "0")}`

export const entryOf = (name: string, unit: UnitEntry): readonly [string, string] => [name, JSON.stringify(unit)]

export const progressEntry = (progress: ProgressEntry): readonly [string, string] => [
  progressName,
  JSON.stringify(progress)
]

export const progressIn = (entries: ReadonlyMap<string, string>): ProgressEntry => {
  const text = entries.get(progressName)
  return text === undefined ? noProgress : JSON.parse(text) as ProgressEntry
}

export const unitsIn = (
  entries: ReadonlyMap<string, string>
): ReadonlyArray<readonly [name: string, unit: UnitEntry]> =>
  [...entries].filter(([name]) => name.startsWith(unitPrefix)).map(([name, text]) => [
    name,
    JSON.parse(text) as UnitEntry
  ])
