/**
 * The units of a lane, and its progress, as entries.
 */

import { hasFields, isCount, isText, jsonBy } from "./damaged.ts"
import type { Seen } from "./seen.ts"

/** A divided unit is replaced by its parts. It is kept for the rejects that it has. */
export type UnitState = "waiting" | "done" | "failed" | "divided"

/** A unit as it is stored. */
export interface UnitEntry {
  readonly unit: unknown
  readonly state: UnitState
  /** Attempts that count. */
  readonly attempt: number
  /** Counts how often it was started. A start is never counted back. */
  readonly starts: number
  /** The position behind what is done, as the handler has given it. */
  readonly cursor?: unknown
  readonly rows: number
  readonly rejected: number
  /** Counts its checkpoints: the parts of its work that are done. */
  readonly parts: number
  /** The starts that have made checkpoints, each with the first part that it has done. */
  readonly doneBy: ReadonlyArray<readonly [start: number, firstPart: number]>
  readonly error?: string | undefined
}

/** The progress of a lane. It is written together with the unit that it counts. */
export interface ProgressEntry {
  readonly units: number
  readonly done: number
  readonly failed: number
  readonly rows: number
  readonly rejected: number
}

export const noProgress: ProgressEntry = { units: 0, done: 0, failed: 0, rows: 0, rejected: 0 }

export const newUnit = (unit: unknown, attempt = 0): UnitEntry => ({
  unit,
  state: "waiting",
  attempt,
  starts: 0,
  rows: 0,
  rejected: 0,
  parts: 0,
  doneBy: []
})

/** A unit whose work is to be done again from its start. Its numbers of starts and parts go on: none is used twice. */
export const again = ({ parts, starts, unit }: UnitEntry): UnitEntry => ({ ...newUnit(unit), parts, starts })

/** The progress of a lane without a unit. A divided unit counts as its parts. */
export const without = (progress: ProgressEntry, { rejected, rows, state }: UnitEntry): ProgressEntry => ({
  units: progress.units - (state === "divided" ? 0 : 1),
  done: progress.done - (state === "done" ? 1 : 0),
  failed: progress.failed - (state === "failed" ? 1 : 0),
  rows: progress.rows - rows,
  rejected: progress.rejected - rejected
})

/** The progress of a lane with one more unit that waits. */
export const withOneMore = (progress: ProgressEntry): ProgressEntry => ({ ...progress, units: progress.units + 1 })

export const hasEnded = ({ done, failed, units }: ProgressEntry): boolean => done + failed === units

/** The numbers of a lane that decide on shares and on the error budget. */
export const seenOf = (progress: ProgressEntry): Seen => ({
  rows: progress.rows,
  rejected: progress.rejected,
  hasEnded: hasEnded(progress)
})

export const sum = (all: Iterable<ProgressEntry>): ProgressEntry => {
  let { done, failed, rejected, rows, units } = noProgress
  for (const each of all) {
    units += each.units
    done += each.done
    failed += each.failed
    rows += each.rows
    rejected += each.rejected
  }
  return { units, done, failed, rows, rejected }
}

/**
 * Returns true if a reject of a part, written after a start, stands: that start has done the part, or it was the last one to work on
 * it. A unit that has ended has done no other parts.
 */
export const stands = ({ doneBy, parts, starts, state }: UnitEntry, part: number, start: number): boolean => {
  if (part > parts) return state === "waiting" && start === starts
  const [by] = doneBy.findLast(([, firstPart]) => firstPart <= part) ?? []
  return by === start
}

export const progressName = "progress"
const unitPrefix = "unit/"

export const unitName = (index: number): string => `${unitPrefix}${String(index).padStart(9, "0")}`

/** Name of a part of a divided unit. It comes after the unit, and before the next one. */
export const partName = (unit: string, index: number): string => `${unit}.${String(index).padStart(3, "0")}`

/** Number of divisions from which a unit has come. */
export const divisionsOf = (unit: string): number => unit.split(".").length - 1

/** Returns true if a unit is a part of another one, or a part of its parts. */
export const isPartOf = (name: string, unit: string): boolean => name.startsWith(`${unit}.`)

export const entryOf = (name: string, unit: UnitEntry): readonly [string, string] => [name, JSON.stringify(unit)]

export const progressEntry = (progress: ProgressEntry): readonly [string, string] => [
  progressName,
  JSON.stringify(progress)
]

const progressBy = jsonBy((value): value is ProgressEntry =>
  hasFields(value, { units: isCount, done: isCount, failed: isCount, rows: isCount, rejected: isCount })
)

const states: ReadonlyArray<unknown> = ["waiting", "done", "failed", "divided"] satisfies ReadonlyArray<UnitState>

const unitBy = jsonBy((value): value is UnitEntry =>
  hasFields(value, {
    state: (state) => states.includes(state),
    attempt: isCount,
    starts: isCount,
    rows: isCount,
    rejected: isCount,
    parts: isCount,
    doneBy: (starts) =>
      Array.isArray(starts) && starts.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount)),
    error: (error) => error === undefined || isText(error)
  }) && "unit" in value
)

/** Reads the progress of a lane. Throws `Damage` if it cannot be read. */
export const progressOf = (text: string | undefined): ProgressEntry => progressBy(`the entry ${progressName}`, text)

/** Reads the progress of a lane that was planned. */
export const progressIn = (entries: ReadonlyMap<string, string>): ProgressEntry => progressOf(entries.get(progressName))

/** Reads the units of a lane. Throws `Damage` if one cannot be read. */
export const unitsIn = (
  entries: ReadonlyMap<string, string>
): ReadonlyArray<readonly [name: string, unit: UnitEntry]> =>
  [...entries].filter(([name]) => name.startsWith(unitPrefix)).map(([name, text]) => [
    name,
    unitBy(`the entry ${name}`, text)
  ])
