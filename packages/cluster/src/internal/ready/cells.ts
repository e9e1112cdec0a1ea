/**
 * The cells of rows, with their write times and times to live.
 */
import { quoted } from "@effect-cql/core/Cql"
import { nativeTypes } from "@effect-cql/core/Port"
import type { Table } from "@effect-cql/schema"

type ColumnMeta = Table.ColumnMeta
type Meta = Table.Meta

/** A row as the server has returned it, and when. */
export interface Read {
  readonly record: Readonly<Record<string, unknown>>
  /** Milliseconds of the monotonic clock of this process. */
  readonly at: number
}

/** A value that has a write time of its own: that of a column, of elements of a collection, or of a field of a user-defined type. */
export interface Cell {
  readonly column: ColumnMeta
  /** The field of a user-defined type that is not frozen. */
  readonly field?: string | undefined
  readonly value: unknown
  /** Microseconds since the epoch. Undefined if the server does not return it. */
  readonly time: bigint | undefined
  /** Seconds that are left. Undefined if it does not expire. */
  readonly ttl: number | undefined
}

/** The name of the token in a record. No column of a table has it. */
export const tokenName = "[token]"
const timeName = (name: string): string => `[writetime] ${name}`
const ttlName = (name: string): string => `[ttl] ${name}`

/** The shape of the values of a column: one cell, or a cell for each element or field. */
export type Shape = "one" | "set" | "map" | "list" | "type"

// Written as a whole, with one time.
const isOneCell = (type: string): boolean => nativeTypes.has(type) || /^(?:frozen|tuple|vector)</.test(type)

export const shapeOf = ({ kind, type }: ColumnMeta): Shape => {
  if (kind === "partition_key" || kind === "clustering" || isOneCell(type)) return "one"
  const collection = /^(set|map|list)</.exec(type)?.[1]
  return collection === "set" || collection === "map" || collection === "list" ? collection : "type"
}

export const isKey = ({ kind }: ColumnMeta): boolean => kind === "partition_key" || kind === "clustering"

/** True if the server returns write times for the cells of a column. */
export const isTimed = (column: ColumnMeta, hasElementTimes: boolean): boolean =>
  !isKey(column) && column.type !== "counter" && (hasElementTimes || shapeOf(column) === "one")

/** Returns true for a release of Cassandra that has the times of elements: 5.0 and later. */
export const hasElementTimes = (release: string): boolean => Number.parseInt(release, 10) >= 5

export const tableName = ({ keyspace, table }: Meta): string => `${quoted(keyspace)}.${quoted(table)}`

/** The SELECT of a range of tokens, with the times of some columns. */
export const selectText = (
  meta: Meta,
  columns: ReadonlyArray<ColumnMeta>,
  timed: ReadonlyArray<ColumnMeta>
): string => {
  const key = meta.partitionKey.map(({ name }) => quoted(name)).join(", ")
  const selected = [
    ...columns.map(({ name }) => quoted(name)),
    ...timed.flatMap(({ name }) => [
      `writetime(${quoted(name)}) AS ${quoted(timeName(name))}`,
      `ttl(${quoted(name)}) AS ${quoted(ttlName(name))}`
    ]),
    `token(${key}) AS ${quoted(tokenName)}`
  ]
  return `SELECT ${selected.join(", ")} FROM ${tableName(meta)} WHERE token(${key}) > ? AND token(${key}) <= ?`
}

/** The cells of a column of a row. A column that is null has none. */
export const cellsIn = (
  column: ColumnMeta,
  { record }: Read,
  hasTimes: boolean
): ReadonlyArray<Cell> => {
  const value = record[column.name] ?? null
  if (value === null) return []
  const time = record[timeName(column.name)]
  const ttl = record[ttlName(column.name)]
  if (!hasTimes) return [{ column, value, time: undefined, ttl: undefined }]
  switch (shapeOf(column)) {
    case "one":
      return [{ column, value, time: timeOf(time), ttl: ttlOf(ttl) }]
    case "set":
      return [...value as Iterable<unknown>].map((element, index) => ({
        column,
        value: new Set([element]),
        time: timeOf(at(time, index)),
        ttl: ttlOf(at(ttl, index))
      }))
    case "map":
      return [...value as ReadonlyMap<unknown, unknown>].map((entry, index) => ({
        column,
        value: new Map([entry]),
        time: timeOf(at(time, index)),
        ttl: ttlOf(at(ttl, index))
      }))
    case "list":
      return [{ column, value, ...ofList(time, ttl) }]
    case "type":
      return Object.entries(value).flatMap(([field, part]: readonly [string, unknown], index) =>
        part === null
          ? []
          : [{ column, field, value: part, time: timeOf(at(time, index)), ttl: ttlOf(at(ttl, index)) }]
      )
  }
}

/** A list is written as a whole, at the time of its newest element. If its elements expire at different times, it has none. */
const ofList = (time: unknown, ttl: unknown): Pick<Cell, "time" | "ttl"> => {
  const times = Array.isArray(time) ? time.map(timeOf) : []
  const [first, ...others] = Array.isArray(ttl) ? ttl.map(ttlOf) : []
  const newest = times.reduce((newest, each) => later(newest, each), undefined)
  return others.every((other) => other === first) ? { time: newest, ttl: first } : { time: undefined, ttl: undefined }
}

const at = (values: unknown, index: number): unknown => Array.isArray(values) ? values[index] : undefined
const timeOf = (value: unknown): bigint | undefined => typeof value === "bigint" ? value : undefined
const ttlOf = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

/** The later of two times. */
export const later = (one: bigint | undefined, other: bigint | undefined): bigint | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one

/** The write times of the cells of a row. */
export const timesOf = ({ record }: Read, timed: ReadonlyArray<ColumnMeta>): ReadonlyArray<bigint> =>
  timed.flatMap(({ name }) => {
    const time = record[timeName(name)]
    return (Array.isArray(time) ? time : [time]).filter((each): each is bigint => typeof each === "bigint")
  })

/** The time of the newest cell of a row; undefined if it has none. */
export const newestOf = (read: Read, timed: ReadonlyArray<ColumnMeta>): bigint | undefined =>
  timesOf(read, timed).reduce<bigint | undefined>(later, undefined)

/** The times to live of the cells of a column, in seconds; undefined for one that does not expire. */
const ttlsOf = ({ record }: Read, { name }: ColumnMeta): ReadonlyArray<number | undefined> => {
  const [time, ttl] = [record[timeName(name)], record[ttlName(name)]]
  if (Array.isArray(time)) {
    return time.flatMap((each: unknown, index) => timeOf(each) === undefined ? [] : [ttlOf(at(ttl, index))])
  }
  return timeOf(time) === undefined ? [] : [ttlOf(ttl)]
}

/** The seconds that a cell has left at a time; undefined if it does not expire, zero or less if it has expired since. */
export const leftOf = (ttl: number | undefined, read: Read, now: number): number | undefined =>
  ttl === undefined ? undefined : ttl - Math.floor((now - read.at) / 1_000)

/** The seconds that a new value of a column has left: those of the former value, or else the longest of its row. */
export const ttlFor = (
  read: Read,
  column: ColumnMeta,
  timed: ReadonlyArray<ColumnMeta>,
  now: number
): number | undefined => {
  const own = ttlsOf(read, column)
  const all = own.length > 0 ? own : timed.flatMap((other) => ttlsOf(read, other))
  const longest = all.reduce(
    (longest, ttl) => ttl === undefined || longest === undefined ? undefined : Math.max(ttl, longest),
    all[0]
  )
  return leftOf(longest, read, now)
}
