/**
 * The partitions and rows that a WHERE selects, for reads and for writes.
 */
import type { Select } from "./cql/ast.ts"
import { invalid } from "./failures.ts"
import { elementsOf, type Live, valueOf } from "./live.ts"
import { isSlice, rangesOf } from "./ranges.ts"
import { columnsOf, type Restriction, type SliceOperator } from "./relations.ts"
import type { Column, Table } from "./schema.ts"
import type { Range } from "./store.ts"
import { comparator, type Compare, identity } from "./values/compare.ts"
import type { CqlType, FieldsOf } from "./values/types.ts"

export const filteringMessage =
  "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. " +
  "If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING"

type Key = ReadonlyArray<unknown>

/** All combinations of one of each. */
export const combinations = (choices: ReadonlyArray<ReadonlyArray<unknown>>): ReadonlyArray<Key> =>
  choices.reduce<ReadonlyArray<Key>>((keys, values) => keys.flatMap((key) => values.map((value) => [...key, value])), [
    []
  ])

/** The values without doubles, in their order. */
export const distinct = (
  column: Column,
  values: ReadonlyArray<unknown>,
  fieldsOf: FieldsOf
): ReadonlyArray<unknown> => {
  const unique = new Map(values.map((value) => [identity(column.type, value, fieldsOf), value] as const))
  const compare = comparator(column.type, fieldsOf)
  return [...unique.values()].sort(column.isDescending ? (one, other) => compare(other, one) : compare)
}

const choicesOf = (
  column: Column,
  restrictions: ReadonlyArray<Restriction>,
  fieldsOf: FieldsOf
): ReadonlyArray<unknown> | undefined => {
  for (const restriction of restrictions) {
    if (restriction._tag === "Eq" && restriction.column === column) return [restriction.value]
    if (restriction._tag === "In" && restriction.column === column) {
      return distinct(column, restriction.values, fieldsOf)
    }
  }
  return undefined
}

/** The partitions that are named by their key; nothing where some part of it is not given. */
export const keysOf = (table: Table, restrictions: ReadonlyArray<Restriction>): ReadonlyArray<Key> | undefined => {
  const choices = table.partition.map((column) => choicesOf(column, restrictions, table.fieldsOf))
  return choices.every((values) => values !== undefined) ? combinations(choices) : undefined
}

/** Returns true if a row is what a restriction asks for. */
export const holds = (restriction: Restriction, live: Live): boolean => {
  const { fieldsOf } = live.table
  const compares = (column: Column): Compare => comparator(column.type, fieldsOf)
  switch (restriction._tag) {
    case "Eq": {
      const value = valueOf(live, restriction.column)
      return value !== null && compares(restriction.column)(value, restriction.value) === 0
    }
    case "In": {
      const value = valueOf(live, restriction.column)
      const compare = compares(restriction.column)
      return value !== null && restriction.values.some((each) => compare(value, each) === 0)
    }
    case "Slice": {
      const value = valueOf(live, restriction.column)
      return value !== null && satisfies(compares(restriction.column)(value, restriction.value), restriction.operator)
    }
    case "Contains":
      return contains(restriction, live)
    case "Element": {
      const { type } = restriction.column
      if (type._tag !== "Map") return false
      const [key, value] = [comparator(type.key, fieldsOf), comparator(type.value, fieldsOf)]
      return elementsOf(live, restriction.column).some((cell) =>
        key(cell.key, restriction.key) === 0 && value(cell.value, restriction.value) === 0
      )
    }
    case "Tuples": {
      const values = restriction.columns.map((column) => valueOf(live, column))
      return restriction.tuples.some((tuple) =>
        restriction.columns.every((column, index) => compares(column)(values[index], tuple[index]) === 0)
      )
    }
    case "TupleSlice": {
      for (const [index, column] of restriction.columns.entries()) {
        const order = compares(column)(valueOf(live, column), restriction.values[index])
        if (order !== 0) return satisfies(order, restriction.operator)
      }
      return satisfies(0, restriction.operator)
    }
    case "Token":
      // The end of the ring is its first token as well: as an upper bound it is none.
      if (restriction.token === firstToken && !restriction.operator.startsWith(">")) return true
      return restriction.operator === "="
        ? live.partition.token === restriction.token
        : satisfies(
          Number(live.partition.token > restriction.token) - Number(live.partition.token < restriction.token),
          restriction.operator
        )
  }
}

const firstToken = -(2n ** 63n)

const satisfies = (order: number, operator: SliceOperator): boolean => {
  switch (operator) {
    case "<":
      return order < 0
    case "<=":
      return order <= 0
    case ">":
      return order > 0
    case ">=":
      return order >= 0
  }
}

const contains = (
  { column, isKey, value }: Extract<Restriction, { readonly _tag: "Contains" }>,
  live: Live
): boolean => {
  const { type } = column
  const { fieldsOf } = live.table
  const held = valueOf(live, column)
  if (held === null) return false
  if (type._tag === "Map") {
    const map = held as ReadonlyMap<unknown, unknown>
    const compare = comparator(isKey ? type.key : type.value, fieldsOf)
    return Array.from(isKey ? map.keys() : map.values()).some((each) => compare(each, value) === 0)
  }
  if (type._tag !== "List" && type._tag !== "Set") return false
  const compare = comparator(type.element, fieldsOf)
  return Array.from(held as Iterable<unknown>).some((each) => compare(each, value) === 0)
}

/** Refuses a WHERE of a SELECT that a server would answer only by filtering. */
export const checkSelect = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  { allowFiltering, orderBy }: Pick<Select, "allowFiltering" | "orderBy">
): void => {
  const usesIndex = restrictions.some((restriction) => isIndexed(table, restriction))
  if (usesIndex) checkLists(table, restrictions)
  checkPartition(table, restrictions, allowFiltering, usesIndex)
  checkClustering(table, restrictions, allowFiltering, usesIndex)
  // One index answers a query; what else is asked has to be filtered, unless all indexes are storage-attached.
  const indexed = restrictions.filter((one) => isIndexed(table, one) && !isByKey(table, restrictions, one))
  const isPlain = indexed.some((restriction) => !isAttached(table, restriction))
  // If the key does not answer all clustering columns, the index has to answer each of them.
  const asked = indexed.some(isOfRows) ? restrictions.filter((one) => isOfRows(one) || indexed.includes(one)) : indexed
  if (isPlain && asked.length > 1 && !allowFiltering) throw invalid(filteringMessage)
  if (usesIndex && !allowFiltering) checkRows(table, restrictions)
  if (indexed.length > 0 && orderBy.length > 0) {
    throw invalid("ORDER BY with 2ndary indexes is not supported, except for ANN queries.")
  }
  for (const restriction of restrictions) {
    const isRegular = columnsOf(restriction).some(({ kind }) => kind === "regular" || kind === "static")
    if (isRegular && !allowFiltering && !isIndexed(table, restriction)) throw invalid(filteringMessage)
  }
}

/** Returns true if the key alone answers a restriction. */
const isByKey = (table: Table, restrictions: ReadonlyArray<Restriction>, restriction: Restriction): boolean => {
  const [first] = columnsOf(restriction)
  const isFixed = (column: Column): boolean =>
    restrictions.some((one) => (one._tag === "Eq" || one._tag === "In") && one.column === column)
  if (restriction._tag === "Contains" || keysOf(table, restrictions) === undefined) return false
  return first?.kind === "partition_key" ||
    first?.kind === "clustering" && table.clustering.slice(0, first.position).every(isFixed)
}

/** Refuses several partitions beside an index. */
const checkLists = (table: Table, restrictions: ReadonlyArray<Restriction>): void => {
  const choices = table.partition.map((column) => choicesOf(column, restrictions, table.fieldsOf))
  const byIndex = restrictions.some((one) => isIndexed(table, one) && !isByKey(table, restrictions, one))
  if (byIndex && choices.some((values) => values !== undefined && values.length > 1)) {
    throw invalid("Select on indexed columns and with IN clause for the PRIMARY KEY are not supported")
  }
}

const isOfRows = (restriction: Restriction): boolean => columnsOf(restriction).some(({ kind }) => kind === "clustering")

/** Refuses rows by a part of their key, which neither the key nor an index answers. */
const checkRows = (table: Table, restrictions: ReadonlyArray<Restriction>): void => {
  const filtered = restrictions.filter((one) =>
    isOfRows(one) && !isIndexed(table, one) && !isByKey(table, restrictions, one)
  )
  for (const [column] of filtered.map(columnsOf)) {
    const sliced = restrictions.filter(isSlice).flatMap(columnsOf).find(({ kind, position }) =>
      kind === "clustering" && position < column!.position
    )
    if (sliced !== undefined) throw afterRange(column!, sliced)
  }
  if (filtered.length > 0) throw invalid(filteringMessage)
}

const afterRange = (column: Column, sliced: Column) =>
  invalid(
    `Clustering column "${column.name}" cannot be restricted (preceding column "${sliced.name}" is restricted by a non-EQ relation)`
  )

const checkPartition = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  allowFiltering: boolean,
  usesIndex: boolean
): void => {
  const ofKey = restrictions.filter((restriction) =>
    columnsOf(restriction).some(({ kind }) => kind === "partition_key")
  )
  const hasToken = restrictions.some(({ _tag }) => _tag === "Token")
  if (ofKey.length === 0 || allowFiltering) return
  if (hasToken) {
    if (keysOf(table, restrictions) === undefined) throw invalid(filteringMessage)
    return
  }
  const isAnswered = (one: Restriction) => usesIndex && isIndexed(table, one)
  if (keysOf(table, restrictions) === undefined && !ofKey.every(isAnswered)) throw invalid(filteringMessage)
}

const checkClustering = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  allowFiltering: boolean,
  usesIndex: boolean
): void => {
  if (allowFiltering || usesIndex) return
  const on = (column: Column) => restrictions.filter((restriction) => columnsOf(restriction).includes(column))
  let open: Column | undefined
  let sliced: Column | undefined
  for (const column of table.clustering) {
    const [restriction] = on(column)
    if (restriction === undefined) {
      open ??= column
      continue
    }
    if (restriction._tag === "Contains") throw invalid(filteringMessage)
    if (open !== undefined) {
      throw invalid(
        `PRIMARY KEY column "${column.name}" cannot be restricted as preceding column "${open.name}" is not restricted`
      )
    }
    if (sliced !== undefined && !(restriction._tag === "TupleSlice" && restriction.columns.includes(sliced))) {
      throw afterRange(column, sliced)
    }
    if (restriction._tag === "Slice" || restriction._tag === "TupleSlice") sliced = column
  }
  const hasClustering = table.clustering.some((column) => on(column).length > 0)
  if (hasClustering && keysOf(table, restrictions) === undefined) throw invalid(filteringMessage)
}

const isAttached = (table: Table, restriction: Restriction): boolean =>
  "column" in restriction &&
  [...table.indexes.values()].some(({ className, column }) =>
    column === restriction.column.name && className !== undefined
  )

/** Returns true if an index of the table answers a restriction. */
const isIndexed = (table: Table, restriction: Restriction): boolean => {
  if (!("column" in restriction)) return false
  const isRange = restriction._tag === "Slice"
  return [...table.indexes.values()].some((index) => {
    if (index.column !== restriction.column.name) return false
    const isSai = index.className !== undefined
    switch (restriction._tag) {
      case "Eq":
        return index.target === "values" || index.target === "full"
      case "Contains":
        return index.target === (restriction.isKey ? "keys" : "values")
      case "Element":
        return index.target === "entries"
      default:
        return isRange && isSai && isOrdered(restriction.column.type)
    }
  })
}

/** False for some types: a storage-attached index answers no range of their values. */
const isOrdered = (type: CqlType): boolean =>
  type._tag === "Scalar" && !["ascii", "boolean", "text", "uuid"].includes(type.name)

/** Where a write goes: partitions, and within each rows, a range of them, or all. */
export interface Targets {
  readonly keys: ReadonlyArray<Key>
  readonly rows: ReadonlyArray<Key> | undefined
  readonly ranges: ReadonlyArray<Range> | undefined
}

/** The target of an UPDATE or DELETE. */
export const targetsOf = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  verb: "UPDATE" | "DELETE",
  needs: "row" | "partition" | "any"
): Targets => {
  const stray = restrictions.flatMap(columnsOf).filter(({ kind }) => kind === "regular" || kind === "static")
  if (stray.length > 0) {
    throw invalid(`Non PRIMARY KEY columns found in where clause: ${stray.map(({ name }) => name).join(", ")} `)
  }
  if (restrictions.some(({ _tag }) => _tag === "Token")) {
    throw invalid(`The token function cannot be used in WHERE clauses for ${verb} statements`)
  }
  const missing = table.partition.filter((column) => !restrictions.some((each) => columnsOf(each).includes(column)))
  if (missing.length > 0) {
    throw invalid(`Some partition key parts are missing: ${missing.map(({ name }) => name).join(", ")}`)
  }
  const keys = keysOf(table, restrictions)
  if (keys === undefined) {
    throw invalid(
      `Only EQ and IN relation are supported on the partition key (unless you use the token() function) for ${verb} statements`
    )
  }
  const ofRows = restrictions.filter((each) => columnsOf(each).some(({ kind }) => kind === "clustering"))
  if (needs === "partition" || (ofRows.length === 0 && needs === "any")) {
    if (ofRows.length > 0) {
      throw invalid(
        `Invalid restrictions on clustering columns since the ${verb} statement modifies only static columns`
      )
    }
    // Without clustering columns the partition is one row, and a condition is about that row.
    const rows = needs === "any" && table.clustering.length === 0 ? [[]] : undefined
    return { keys, rows, ranges: undefined }
  }
  checkClustering(table, restrictions, false, false)
  return { keys, ...rowsOf(table, ofRows, verb, needs) }
}

const rowsOf = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  verb: string,
  needs: "row" | "any"
): Pick<Targets, "rows" | "ranges"> => {
  const slices = restrictions.filter(isSlice)
  if (slices.length > 0 && needs === "row") {
    throw invalid(
      verb === "UPDATE"
        ? "Slice restrictions are not supported on the clustering columns in UPDATE statements"
        : "Range deletions are not supported for specific columns"
    )
  }
  let prefixes: ReadonlyArray<Key> = [[]]
  let at = 0
  while (at < table.clustering.length) {
    const column = table.clustering[at]!
    const tuples = restrictions.find((each) => each._tag === "Tuples" && each.columns[0] === column)
    if (tuples !== undefined && tuples._tag === "Tuples") {
      prefixes = prefixes.flatMap((prefix) => tuples.tuples.map((tuple) => [...prefix, ...tuple]))
      at += tuples.columns.length
      continue
    }
    const choices = choicesOf(column, restrictions, table.fieldsOf)
    if (choices === undefined) break
    prefixes = prefixes.flatMap((prefix) => choices.map((value) => [...prefix, value]))
    at++
  }
  if (at === table.clustering.length) return { rows: prefixes, ranges: undefined }
  if (needs === "row" && slices.length === 0) {
    if (verb === "DELETE") throw invalid("Range deletions are not supported for specific columns")
    const missing = table.clustering.slice(at).map(({ name }) => name)
    throw invalid(`Some clustering keys are missing: ${missing.join(", ")}`)
  }
  return { rows: undefined, ranges: prefixes.flatMap((prefix) => rangesOf(table, prefix, slices)) }
}
