/**
 * The difference of two rows.
 */
import { type Cell, cellsIn, later, type Read, shapeOf } from "./cells.ts"
import type { Mapping } from "./copying.ts"
import type { Pair } from "./merge.ts"
import { canonical } from "./values.ts"

export interface Difference {
  readonly difference: "missing" | "extra" | "different"
  readonly columns: ReadonlyArray<string>
}

/** The difference of a pair of rows; undefined if they are the same. Static columns are compared once in a partition. */
export const differenceOf = (
  { isFirst, left, right }: Pair<Read>,
  mappings: ReadonlyArray<Mapping>,
  withTimes: boolean
): Difference | undefined => {
  if (left === undefined) return { difference: "extra", columns: [] }
  if (right === undefined) return { difference: "missing", columns: [] }
  const columns = mappings.flatMap((mapping) => {
    const { from, to } = mapping
    const isStatic = from.kind === "static"
    if (isStatic ? !isFirst : left.key === undefined) return []
    if (canonical(left.row.record[from.name] ?? null) !== canonical(right.row.record[to.name] ?? null)) {
      return [from.name]
    }
    return withTimes && timesOf(mapping, left.row, right.row) ? [`the times of ${from.name}`] : []
  })
  return columns.length === 0 ? undefined : { difference: "different", columns }
}

// A second is lost when a time to live is read, and another one when it is written. A read may take some more.
const secondsApart = 5
const microsecondsApart = 1_000n

/** True if the cells of a column have other times in two rows. */
const timesOf = ({ from, to }: Mapping, left: Read, right: Read): boolean => {
  const [ofLeft, ofRight] = [cellsIn(from, left, true), cellsIn(to, right, true)]
  return ofLeft.some((cell, index) => {
    const other = ofRight[index]
    return other === undefined || areApart(cell, other, shapeOf(from) === "list") ||
      expiresApart(cell, left, other, right)
  })
}

const areApart = ({ time }: Cell, other: Cell, isList: boolean): boolean => {
  if (!isList || time === undefined || other.time === undefined) return time !== other.time
  const newest = later(time, other.time) ?? time
  return newest - (newest === time ? other.time : time) > microsecondsApart
}

const expiresApart = ({ ttl }: Cell, left: Read, other: Cell, right: Read): boolean =>
  ttl === undefined || other.ttl === undefined
    ? ttl !== other.ttl
    : Math.abs(left.at / 1_000 + ttl - (right.at / 1_000 + other.ttl)) > secondsApart
