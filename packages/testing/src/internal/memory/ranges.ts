/**
 * Ranges of the rows of a partition, as slices of the clustering columns give them.
 */
import { columnsOf, type Restriction } from "./relations.ts"
import type { Table } from "./schema.ts"
import type { Bound, Range } from "./store.ts"

type Key = ReadonlyArray<unknown>
type Slice = Extract<Restriction, { readonly _tag: "Slice" | "TupleSlice" }>

export const isSlice = (restriction: Restriction): restriction is Slice =>
  restriction._tag === "Slice" || restriction._tag === "TupleSlice"

/** The rows that begin with some values, and lie within all slices. */
export const rangesOf = (table: Table, prefix: Key, slices: ReadonlyArray<Slice>): ReadonlyArray<Range> => {
  const whole: Bound = { values: prefix, isInclusive: true }
  return slices.reduce<ReadonlyArray<Range>>(
    (ranges, slice) => {
      const parts = partsOf(prefix, slice)
      return ranges.flatMap((range) => parts.flatMap((part) => common(table, range, part) ?? []))
    },
    [{ start: whole, end: whole }]
  )
}

/**
 * The ranges of a slice. Tuples are compared by their values, and rows lie in the order of each column: `(c, d) > (1, 2)` is the
 * rows with `c = 1 AND d > 2`, and those with `c > 1`.
 */
const partsOf = (prefix: Key, slice: Slice): ReadonlyArray<Range> => {
  const given = slice._tag === "Slice" ? [slice.value] : slice.values
  const isLower = slice.operator.startsWith(">")
  return columnsOf(slice).map((column, index): Range => {
    const before = [...prefix, ...given.slice(0, index)]
    const isInclusive = index === given.length - 1 && slice.operator.endsWith("=")
    const bound: Bound = { values: [...before, given[index]], isInclusive }
    const other: Bound = { values: before, isInclusive: true }
    return isLower === column.isDescending ? { start: other, end: bound } : { start: bound, end: other }
  }).toReversed()
}

/** The rows that two ranges have in common. */
const common = (table: Table, one: Range, other: Range): Range | undefined => {
  const start = orderOf(table, one.start, other.start, "start") < 0 ? other.start : one.start
  const end = orderOf(table, one.end, other.end, "end") > 0 ? other.end : one.end
  const isEmpty = table.compareClustering(start.values, end.values) > 0
  return isEmpty ? undefined : { start, end }
}

/** The order of two bounds: the rows that begin with the longer one lie within those that begin with the shorter one. */
const orderOf = (table: Table, one: Bound, other: Bound, end: "start" | "end"): number => {
  const order = table.compareClustering(one.values, other.values)
  if (order !== 0) return order
  const [ofOne, ofOther] = [sideOf(one, end), sideOf(other, end)]
  if (one.values.length === other.values.length) return ofOne - ofOther
  return one.values.length < other.values.length ? ofOne : -ofOther
}

/** -1 for a bound in front of the rows that begin with its values, 1 for one behind them. */
const sideOf = ({ isInclusive }: Bound, end: "start" | "end"): number => isInclusive === (end === "start") ? -1 : 1
