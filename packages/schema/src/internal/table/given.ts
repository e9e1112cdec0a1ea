/**
 * The rows and records that the verbs of a table are given.
 */
import { Query, type Statement } from "@effect-cql/core"
import type { ColumnMeta } from "../../TableMeta.ts"
import type { Marker } from "./codecs.ts"
import type { AnyQuery, Record_ } from "./limits.ts"

/** The values of some columns. */
export const pick = (record: object, of: ReadonlyArray<ColumnMeta>): Record<string, unknown> => {
  const picked: Record<string, unknown> = {}
  for (const { field } of of) {
    const value: unknown = Reflect.get(record, field)
    if (value !== undefined) picked[field] = value
  }
  return picked
}

/** The values that a row has for some columns. A plain record is taken whole, so that a name that is no field is refused. */
export const given = (row: object, of: ReadonlyArray<ColumnMeta>): Record<string, unknown> => {
  if (!isPlain(row)) return pick(row, of)
  const record: Record<string, unknown> = { ...row }
  for (const key in record) if (record[key] === undefined) delete record[key]
  return record
}

/**
 * The same query, which takes whole rows: values of these fields that are none of its markers are left out. An instance of a
 * class is a row, whatever else it has.
 */
export const takingRows = (
  query: AnyQuery,
  markers: ReadonlyArray<Marker>,
  fields: ReadonlyArray<string>
): AnyQuery => {
  const taken = new Set(markers.map(({ key }) => key))
  const others = new Set(fields)
  const isTaken = (key: string, isInstance: boolean) => taken.has(key) || (!isInstance && !others.has(key))
  const inner = query[Query.TypeId]
  const bind = (params: Statement.Params) => {
    if (!isRecord(params)) return inner.bind(params)
    const isInstance = !isPlain(params)
    if (Object.keys(params).every((key) => isTaken(key, isInstance))) return inner.bind(params)
    return inner.bind(Object.fromEntries(Object.entries(params).filter(([key]) => isTaken(key, isInstance))))
  }
  return Object.assign((params: object) => bind({ ...params }), {
    [Query.TypeId]: { ...inner, bind },
    text: query.text,
    options: query.options
  })
}

const isRecord = (params: Statement.Params): params is Record_ =>
  typeof params === "object" && params !== null && !Array.isArray(params)

const isPlain = (record: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(record)
  return prototype === Object.prototype || prototype === null
}
