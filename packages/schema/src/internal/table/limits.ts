/**
 * The options of a selection, and the limits that they bind.
 */
import { Query, type Statement } from "@effect-cql/core"
import type { WriteOptions } from "../../TableWrites.ts"
import { refuse } from "./assignments.ts"
import type { Marker } from "./codecs.ts"
import { secondsOf } from "./options.ts"
import * as Texts from "./texts.ts"

/** A record by name. */
export interface Record_ {
  readonly [key: string]: unknown
}

/** A query of a table, without its types. */
export type AnyQuery = Query.Query<object, unknown>

/** The options of a selection, without their types. */
export interface SelectOptions {
  readonly columns?: ReadonlyArray<string> | undefined
  readonly reversed?: boolean | undefined
  readonly after?: Record_ | undefined
  readonly limit?: number | undefined
  readonly perPartitionLimit?: number | undefined
  readonly allowFiltering?: boolean | undefined
  readonly acrossPartitions?: boolean | undefined
}

/** Throws for names of columns that are none to select. */
export const checkColumns = (at: string, names: ReadonlyArray<string> | undefined): void => {
  if (names?.length === 0) refuse(`${at}: columns`, "no column", "at least one column")
  const twice = names?.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) refuse(`${at}: columns`, `${JSON.stringify(twice)} twice`, "each column once")
}

/** The markers of the limits of a selection, in the order of the text. */
export const limitMarkers = (options: SelectOptions): ReadonlyArray<Marker> => [
  ...(options.perPartitionLimit === undefined ? [] : [Texts.perPartitionLimit]),
  ...(options.limit === undefined ? [] : [Texts.limit])
]

/** The name of a selection among the queries of a table: one for each text. */
export const selectionName = (
  tokens: ReadonlyArray<string>,
  { after, allowFiltering = false, columns, reversed = false, ...limits }: SelectOptions,
  expression: string | undefined
): string =>
  [
    "select",
    expression,
    tokens.join(),
    columns?.join(),
    reversed,
    after !== undefined,
    allowFiltering,
    ...limitMarkers(limits).map(({ key }) => key)
  ].join("|")

/** The values of the limits of a selection. */
export const limitsOf = (options: SelectOptions): Record<string, unknown> => {
  const bound: Record<string, unknown> = {}
  if (options.limit !== undefined) bound[Texts.limit.key] = options.limit
  if (options.perPartitionLimit !== undefined) bound[Texts.perPartitionLimit.key] = options.perPartitionLimit
  return bound
}

/** The same query with the limits of its options bound. */
export const limited = (query: AnyQuery, options: SelectOptions): AnyQuery => {
  const bound = limitsOf(options)
  if (Object.keys(bound).length === 0) return query
  const inner = query[Query.TypeId]
  const bind = (params: Statement.Params) => inner.bind({ ...params, ...bound })
  const call = (params: object) => bind({ ...params })
  return Object.assign(call, { [Query.TypeId]: { ...inner, bind }, text: query.text, options: query.options })
}

/** The values of the times of a write. */
export const timesOf = (options: WriteOptions | undefined): Record<string, unknown> => {
  const times: Record<string, unknown> = {}
  if (options?.ttl !== undefined) times[Texts.ttl.key] = secondsOf(options.ttl)
  if (options?.timestamp !== undefined) times[Texts.timestamp.key] = options.timestamp
  return times
}

/** Their markers. */
export const timeMarkers = (times: object): ReadonlyArray<Marker> =>
  [Texts.ttl, Texts.timestamp].filter((marker) => marker.key in times)
