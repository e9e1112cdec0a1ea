/**
 * SELECT: the rows that a WHERE selects, in their order, within their limits, page by page.
 */
import type { Select, Selected, Term } from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { columnTwice, invalid, invalidPageState, unsupported } from "./failures.ts"
import { checkPartitionKey } from "./keyLength.ts"
import { exists, hasStatics, type Live } from "./live.ts"
import { unset } from "./markers.ts"
import { columnsOf, type Restriction, restrictionsOf } from "./relations.ts"
import type { Table } from "./schema.ts"
import { checkDistinct, checkGrouping, checkOrder, checkStatics } from "./selectChecks.ts"
import { columnExpression, compile, type Expression } from "./selection.ts"
import { identityOf, type Partition, type Row } from "./store.ts"
import { evaluateInt } from "./terms.ts"
import { comparator } from "./values/compare.ts"
import { jsonName, toJson } from "./values/json.ts"
import { columnText, scalar, schemaText } from "./values/types.ts"
import { checkSelect, holds, keysOf } from "./where.ts"

export interface Result {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly rows: ReadonlyArray<Record<string, unknown>>
  readonly next: Cursor | undefined
}

/** Where a page begins: after a row, or after the group that ends with it. The row and its partition may be gone by then. */
export interface Cursor {
  readonly after: Live
  /** Rows that were given so far, and those of them in the last partition. */
  readonly given: number
  readonly givenOfPartition: number
}

/** A SELECT that has been checked. */
interface Query {
  readonly table: Table
  readonly select: Select
  readonly expressions: ReadonlyArray<Expression>
  readonly restrictions: ReadonlyArray<Restriction>
  readonly isReversed: boolean
  readonly limit: number
  readonly perPartition: number
  readonly environment: Environment
}

const limitOf = (term: Term | undefined, name: string, environment: Environment): number => {
  if (term === undefined) return Number.POSITIVE_INFINITY
  const value = evaluateInt(term, `[${name.toLowerCase().replaceAll(" ", "_")}]`, environment)
  if (value === unset) return Number.POSITIVE_INFINITY
  if (value === null) throw invalid(`Invalid null value of ${name.toLowerCase()}`)
  if ((value as number) <= 0) throw invalid("LIMIT must be strictly positive")
  return value as number
}

export const select = (
  statement: Select,
  environment: Environment,
  pageSize: number | undefined,
  from: Cursor | undefined
): Result => {
  const query = check(statement, environment)
  if (from !== undefined && keyTypes(from.after.table) !== keyTypes(query.table)) {
    throw invalidPageState("the page state belongs to a table whose key has other types")
  }
  const { expressions } = query
  const names = expressions.map(({ name }) => name)
  const twice = statement.isJson ? undefined : names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw columnTwice(twice)
  if (sortsAcross(query) && pageSize !== undefined) {
    throw invalid(
      "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the " +
        "ORDER BY or the IN and sort client side, or disable paging for this query"
    )
  }
  const size = pageSize === undefined || pageSize <= 0 ? Number.POSITIVE_INFINITY : pageSize
  const isGrouped = statement.groupBy.length > 0 || expressions.some(({ isAggregate }) => isAggregate)
  const page = isGrouped || sortsAcross(query) ? wholePage(query, size, from, isGrouped) : lazyPage(query, size, from)
  return { columns: columnsOfQuery(query), rows: page.groups.map((group) => rowOf(query, group)), next: page.next }
}

const keyTypes = ({ clustering, partition }: Table): string =>
  [partition, clustering].map((columns) => columns.map(({ type }) => schemaText(type)).join()).join(";")

/** The columns of a SELECT. */
const columnsOfQuery = ({ expressions, select }: Query): Result["columns"] =>
  select.isJson
    ? [{ name: "[json]", type: "text" }]
    : expressions.map(({ name, type }) => ({ name, type: columnText(type) }))

/** The columns of a SELECT that is not executed. */
export const describeSelect = (statement: Select, environment: Environment): Result["columns"] =>
  columnsOfQuery(check(statement, environment))

const rowOf = ({ environment, expressions, select }: Query, group: ReadonlyArray<Live>): Record<string, unknown> => {
  if (!select.isJson) return Object.fromEntries(expressions.map(({ name, of }) => [name, of(group)]))
  const parts = expressions.map(({ name, of, type }) =>
    `${jsonName(name)}: ${toJson(type, of(group), environment.schema.fieldsOf)}`
  )
  return { "[json]": `{${parts.join(", ")}}` }
}

interface PageOf {
  readonly groups: ReadonlyArray<ReadonlyArray<Live>>
  readonly next: Cursor | undefined
}

/** A page of rows that are read one after the other. */
const lazyPage = (query: Query, size: number, from: Cursor | undefined): PageOf => {
  const rows: Array<Live> = []
  let given = from?.given ?? 0
  let givenOfPartition = from?.givenOfPartition ?? 0
  let partition = from?.after.partition.id
  const lastKey = keysOf(query.table, query.restrictions)?.at(-1)
  const last = lastKey === undefined ? undefined : query.table.store.find(lastKey)?.id
  for (const live of scan(query, from)) {
    if (given >= query.limit) return { groups: rows.map((row) => [row]), next: undefined }
    if (live.partition.id !== partition) givenOfPartition = 0
    partition = live.partition.id
    if (givenOfPartition >= query.perPartition) continue
    rows.push(live)
    given++
    givenOfPartition++
    // A full page may be the last: the server says so only when it is asked for the next, unless the limits are reached.
    const isLast = partition === last && givenOfPartition >= query.perPartition
    if (rows.length >= size && given < query.limit && !isLast) {
      const next = { after: live, given, givenOfPartition }
      return { groups: rows.map((row) => [row]), next }
    }
  }
  return { groups: rows.map((row) => [row]), next: undefined }
}

/** A page of what can be known only when everything was read: groups, and rows of several partitions in one order. */
const wholePage = (query: Query, size: number, from: Cursor | undefined, isGrouped: boolean): PageOf => {
  const endless = Number.POSITIVE_INFINITY
  const unlimited = { ...query, limit: endless, perPartition: isGrouped ? endless : query.perPartition }
  const rows = lazyPage(unlimited, endless, from).groups.map(([live]) => live!)
  const groups = isGrouped ? grouped(query, rows, from) : sorted(query, rows).map((live): Group => ({ rows: [live] }))
  const before = from?.given ?? 0
  const page = groups.slice(0, Math.min(size, query.limit - before))
  const given = before + page.length
  const { ofPartition: givenOfPartition = 0, rows: last = [] } = page.at(-1) ?? {}
  const after = last.at(-1)
  const isFull = page.length >= size && given < query.limit && query.select.groupBy.length > 0
  return {
    groups: page.map(({ rows }) => rows),
    next: isFull && after !== undefined ? { after, given, givenOfPartition } : undefined
  }
}

interface Group {
  readonly rows: ReadonlyArray<Live>
  /** Groups of its partition up to this one. */
  readonly ofPartition?: number
}

/** The rows of each group; all of them are one where nothing divides them. */
const grouped = (
  { perPartition, select, table }: Query,
  rows: ReadonlyArray<Live>,
  from: Cursor | undefined
): ReadonlyArray<Group> => {
  if (select.groupBy.length === 0) return [{ rows }]
  // Columns that one value is asked of need not be named.
  const length = Math.max(...select.groupBy.map((name) => {
    const { kind, position } = table.column(name)
    return kind === "clustering" ? position + 1 : 0
  }))
  const groups: Array<Group> = []
  // The group of the page before is complete: rows that came to it later are not a group of their own.
  let group: Array<Live> = from === undefined ? [] : [from.after]
  let ofPartition = from?.givenOfPartition ?? 0
  for (const live of rows) {
    const [first] = group
    const isSamePartition = first !== undefined && first.partition.id === live.partition.id
    const isSame = isSamePartition && first.row !== undefined && live.row !== undefined &&
      table.compareClustering(first.row.clustering.slice(0, length), live.row.clustering) === 0
    if (isSame) {
      group.push(live)
      continue
    }
    ofPartition = isSamePartition ? ofPartition + 1 : 1
    group = [live]
    if (ofPartition <= perPartition) groups.push({ rows: group, ofPartition })
  }
  return groups
}

const sortsAcross = ({ restrictions, select, table }: Query): boolean =>
  select.orderBy.length > 0 && (keysOf(table, restrictions)?.length ?? 2) > 1

const sorted = ({ select, table }: Query, rows: ReadonlyArray<Live>): ReadonlyArray<Live> => {
  const columns = select.orderBy.map(({ column, isDescending }) => {
    const found = table.column(column)
    return { position: found.position, isDescending, compare: comparator(found.type, table.fieldsOf) }
  })
  return rows.toSorted((one, other) => {
    for (const { compare, isDescending, position } of columns) {
      const order = compare(one.row?.clustering[position], other.row?.clustering[position])
      if (order !== 0) return isDescending ? -order : order
    }
    return 0
  })
}

/** The rows that are selected, from a place on. */
const scan = function*(query: Query, from: Cursor | undefined): Generator<Live> {
  const { environment: { second }, isReversed, restrictions, select, table } = query
  const after = from?.after
  for (const partition of partitionsOf(query, after?.partition)) {
    if (partition.id === after?.partition.id) {
      if (select.isDistinct || after.row === undefined) continue
      yield* rowsOf(query, partition, placeAfter(table, partition, after.row, isReversed))
      continue
    }
    if (select.isDistinct) {
      const live: Live = { partition, row: partition.rows.find((row) => exists(row, second)), second, table }
      const isThere = live.row !== undefined || hasStatics(partition, second)
      if (isThere && restrictions.every((restriction) => holds(restriction, live))) yield live
      continue
    }
    yield* rowsOf(query, partition, undefined)
  }
}

const placeAfter = (table: Table, partition: Partition, row: Row, isReversed: boolean): number => {
  const at = table.store.position(partition, row.clustering)
  const found = partition.rows[at]
  const isThere = found !== undefined && table.compareClustering(found.clustering, row.clustering) === 0
  return isReversed ? at - 1 : isThere ? at + 1 : at
}

const rowsOf = function*(query: Query, partition: Partition, start: number | undefined): Generator<Live> {
  const { environment: { second }, isReversed, restrictions, table } = query
  const of = (row: Row | undefined): Live => ({ partition, row, second, table })
  let any = start !== undefined
  const { end, first } = boundsOf(query, partition)
  const begin = start ?? (isReversed ? end : first)
  for (let at = begin; isReversed ? at >= first : at <= end; at += isReversed ? -1 : 1) {
    const row = partition.rows[at]
    if (row === undefined || !exists(row, second)) continue
    any = true
    const live = of(row)
    if (restrictions.every((restriction) => holds(restriction, live))) yield live
  }
  // A partition that holds static values alone is one row of them, where nothing is asked of rows.
  if (any || table.clustering.length === 0 || !hasStatics(partition, second)) return
  if (partition.rows.some((row) => exists(row, second))) return
  const asksRows = restrictions.some((each) =>
    columnsOf(each).some(({ kind }) => kind === "clustering" || kind === "regular")
  )
  const live = of(undefined)
  if (!asksRows && restrictions.every((restriction) => holds(restriction, live))) yield live
}

/** The first and last place of the rows that begin with the values asked for. */
const boundsOf = (
  { restrictions, table }: Query,
  partition: Partition
): { readonly first: number; readonly end: number } => {
  const prefix: Array<unknown> = []
  for (const column of table.clustering) {
    const equal = restrictions.find((each) => each._tag === "Eq" && each.column === column)
    if (equal?._tag !== "Eq") break
    prefix.push(equal.value)
  }
  const { rows } = partition
  if (prefix.length === 0) return { first: 0, end: rows.length - 1 }
  const first = table.store.position(partition, prefix)
  let end = first
  while (end < rows.length && table.compareClustering(prefix, rows[end]!.clustering) === 0) end++
  return { first, end: end - 1 }
}

/** The partitions of a query, from the place of one on. That one itself may be gone, or have been made anew. */
const partitionsOf = ({ restrictions, table }: Query, from: Partition | undefined): Iterable<Partition> => {
  const keys = keysOf(table, restrictions)
  if (keys === undefined) return table.store.partitionsFrom(from)
  const start = from === undefined ? 0 : keys.findIndex((key) => identityOf(table, key) === from.id)
  return start < 0 ? [] : keys.slice(start).flatMap((key) => table.store.find(checkPartitionKey(table, key)) ?? [])
}

const check = (statement: Select, environment: Environment): Query => {
  const table = environment.schema.table(statement.table, environment.keyspace)
  if (statement.groupsByFunction) throw unsupported("a function in GROUP BY", "Group by columns instead.")
  if (statement.isAnn) throw unsupported("ORDER BY ... ANN OF")
  const selected = statement.selected ?? table.columns.map((column): Selected => ({
    selector: { _tag: "ColumnOf", column: column.name },
    alias: undefined
  }))
  const expressions = statement.selected === undefined
    ? table.columns.map(columnExpression)
    : selected.map((each) => compile(table, each, environment))
  const restrictions = restrictionsOf(table, statement.where, environment)
  checkStatics(table, statement.selected ?? [], restrictions)
  checkSelect(table, restrictions, statement)
  const perPartition = perPartitionOf(statement, expressions, environment)
  if (statement.isDistinct) checkDistinct(table, expressions, restrictions)
  checkGrouping(table, statement, restrictions)
  return {
    table,
    select: statement,
    expressions,
    restrictions,
    isReversed: checkOrder(table, statement, restrictions),
    limit: limitOf(statement.limit, "LIMIT", environment),
    perPartition,
    environment
  }
}

const perPartitionOf = (
  { groupBy, isDistinct, perPartitionLimit }: Select,
  expressions: ReadonlyArray<Expression>,
  environment: Environment
): number => {
  if (perPartitionLimit !== undefined && isDistinct) {
    throw invalid("PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries")
  }
  const isAggregate = groupBy.length === 0 && expressions.some(({ isAggregate }) => isAggregate)
  if (perPartitionLimit !== undefined && isAggregate) {
    throw invalid("PER PARTITION LIMIT is not allowed with aggregate queries.")
  }
  return limitOf(perPartitionLimit, "PER PARTITION LIMIT", environment)
}

/** The partitions that a SELECT names. */
export const keysOfSelect = (statement: Select, environment: Environment) => {
  const { restrictions, table } = check(statement, environment)
  return { table, targets: { keys: keysOf(table, restrictions) ?? [] } }
}

export const appliedColumn = { name: "[applied]", type: columnText(scalar("boolean")) }
