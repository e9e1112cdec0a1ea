/**
 * The SELECT that reads a write back, and what it finds.
 */
import * as Effect from "effect/Effect"
import type { CqlError } from "../../CqlError.ts"
import type { Service } from "../../Session.ts"
import { isUnset, make as makeStatement, type Options } from "../../Statement.ts"
import { nativeTypes } from "../decode/columnType.ts"
import { quote } from "../statement/identifiers.ts"
import { type Assignment, type Mutation, mutationOf, type Term } from "./mutation.ts"
import { isComparableLiteral, isSameValue } from "./sameValue.ts"
import type { Column, Tables } from "./table.ts"

/** A column that the write sets, beside what stands in it now. */
export interface Cell {
  readonly column: string
  /** True if the value is the one that was to be written. */
  readonly isSame: boolean
  /** Write time in microseconds; absent where the column is null. */
  readonly writtenAt: bigint | undefined
}

export interface Found {
  readonly verb: Mutation["verb"]
  /** The row's columns that were read; nothing where there is no row. */
  readonly row: Readonly<Record<string, unknown>> | undefined
  /** Of the columns by which the write can be recognised. */
  readonly cells: ReadonlyArray<Cell>
  /** True if there are such columns. */
  readonly isComparable: boolean
  /** True if it sets no others, apart from those that it empties. */
  readonly isWhole: boolean
  /** True if it empties some. */
  readonly empties: boolean
  /** True if the written values expire. */
  readonly expires: boolean
  /** The timestamp clause of the text. */
  readonly timestamp: bigint | "unknown" | undefined
}

/** A statement as it was bound: its text, and the values of its markers in their order. */
export interface Bound {
  readonly text: string
  readonly params: ReadonlyArray<unknown>
}

/** Reads a write back; a text says why it cannot be. */
export const readBack = Effect.fnUntraced(function*(
  session: Service,
  tables: Tables,
  bound: Bound,
  keyspace: string | undefined,
  options: Options
): Effect.fn.Return<Found | string, CqlError> {
  const mutation = mutationOf(bound.text, keyspace)
  if (typeof mutation === "string") return mutation
  const { columns, expires } = yield* tables(mutation.keyspace, mutation.table)
  if (columns.length === 0) return `there is no table ${mutation.keyspace}.${mutation.table}`
  if (mutation.verb === "UPDATE" && columns.some(({ type }) => type === "counter")) return increments
  const valueOf: ValueOf = (term) =>
    term._tag === "Marker" ? bound.params[term.marker] : term._tag === "Literal" ? term.value : undefined
  const key = keyOf(mutation, columns)
  if (key === undefined) return "its key does not consist of plain values"
  const compared = comparedColumns(mutation, columns, valueOf)
  const { params, text } = selectOf(mutation, keyToRead(key, columns, compared), compared, valueOf)
  const row = (yield* session.execute(makeStatement(text, params, options))).first
  return {
    verb: mutation.verb,
    row: row === undefined ? undefined : Object.fromEntries(compared.map(({ name }, at) => [name, row[`value ${at}`]])),
    cells: row === undefined ? [] : compared.map(({ given, name, type }, at): Cell => ({
      column: name,
      isSame: isSameValue(given, row[`value ${at}`], type),
      writtenAt: microseconds(row[`time ${at}`])
    })),
    isComparable: compared.length > 0,
    isWhole: isWhole(mutation, columns, compared, valueOf),
    empties: mutation.assignments.some(({ term }) => isEmptied(term, valueOf)),
    expires: expires || mutation.expires,
    timestamp: mutation.timestamp === undefined ? undefined : microseconds(valueOf(mutation.timestamp)) ?? "unknown"
  }
})

export const increments = "increments of counters leave nothing by which they could be recognised"

type ValueOf = (term: Term) => unknown

const microseconds = (value: unknown): bigint | undefined =>
  typeof value === "bigint" ? value : typeof value === "number" ? BigInt(value) : undefined

/** The key of the row, or of the partition if no clustering column is given; undefined if the key is not plain. */
const keyOf = (
  { assignments, where }: Mutation,
  columns: ReadonlyArray<Column>
): ReadonlyArray<Assignment> | undefined => {
  const given = where.length > 0 ? where : assignments
  const key: Array<Assignment> = []
  for (const { kind, name } of columns) {
    if (kind !== "partition_key" && kind !== "clustering") continue
    const assignment = given.find(({ column }) => column === name)
    if (assignment === undefined && kind === "clustering") continue
    if (assignment === undefined || assignment.term._tag === "Other") return undefined
    key.push(assignment)
  }
  return key
}

// Static columns belong to the partition, and cannot be read by row if there is no other column.
const keyToRead = (
  key: ReadonlyArray<Assignment>,
  columns: ReadonlyArray<Column>,
  compared: ReadonlyArray<Compared>
): ReadonlyArray<Assignment> =>
  compared.length > 0 && compared.every(({ kind }) => kind === "static")
    ? key.filter(({ column }) => columns.find(({ name }) => name === column)?.kind === "partition_key")
    : key

interface Compared extends Column {
  readonly given: unknown
}

// Of a DELETE that names none, all columns.
const comparedColumns = (
  { assignments, verb }: Mutation,
  columns: ReadonlyArray<Column>,
  valueOf: ValueOf
): ReadonlyArray<Compared> =>
  columns.filter(hasWriteTime).flatMap((column) => {
    const assignment = assignments.find((assignment) => assignment.column === column.name)
    if (verb === "DELETE") {
      return assignment !== undefined || (assignments.length === 0 && column.kind === "regular")
        ? [{ ...column, given: null }]
        : []
    }
    const term = assignment?.term
    if (term === undefined || term._tag === "Other") return []
    const given = valueOf(term)
    if (term._tag === "Literal" && !isComparableLiteral(given, column.type)) return []
    return isNothing(given) ? [] : [{ ...column, given }]
  })

/** Returns true if all that it sets is compared. What it empties, or leaves alone, leaves nothing to compare. */
const isWhole = (
  { assignments, setsMore }: Mutation,
  columns: ReadonlyArray<Column>,
  compared: ReadonlyArray<Compared>,
  valueOf: ValueOf
): boolean =>
  !setsMore &&
  assignments.every(({ column, term }) =>
    compared.some(({ name }) => name === column) || isEmptied(term, valueOf) || isLeft(term, valueOf) ||
    columns.some(({ kind, name }) => name === column && (kind === "partition_key" || kind === "clustering"))
  )

// A literal is a value, also where only the server knows which, as of a blob.
const isEmptied = (term: Term, valueOf: ValueOf): boolean =>
  term._tag === "Marker"
    ? isNothing(valueOf(term)) && !isLeft(term, valueOf)
    : term._tag === "Literal" && term.value === null

const isLeft = (term: Term, valueOf: ValueOf): boolean => term._tag === "Marker" && isUnset(valueOf(term))

const isNothing = (given: unknown): boolean => given === null || given === undefined || isUnset(given)

// One value with one time: neither keys, nor collections and user-defined types, which are written element by element.
const hasWriteTime = ({ kind, type }: Column): boolean =>
  (kind === "regular" || kind === "static") && type !== "counter" &&
  (!type.includes("<") || type.startsWith("frozen<") || type.startsWith("vector<") || type.startsWith("tuple<")) &&
  (type.includes("<") || nativeTypes.has(type))

const selectOf = (
  { keyspace, table }: Mutation,
  key: ReadonlyArray<Assignment>,
  compared: ReadonlyArray<Compared>,
  valueOf: ValueOf
) => {
  const cells = compared.map(({ name }, at) =>
    `${quote(name)} AS "value ${at}", WRITETIME(${quote(name)}) AS "time ${at}"`
  )
  const selected = compared.length === 0 ? key.map(({ column }) => quote(column)) : cells
  const conditions = key.map(({ column, term }) => `${quote(column)} = ${term._tag === "Literal" ? term.cql : "?"}`)
  return {
    text: `SELECT ${selected.join(", ")} FROM ${quote(keyspace)}.${quote(table)} ` +
      `WHERE ${conditions.join(" AND ")} LIMIT 1`,
    params: key.flatMap(({ term }) => term._tag === "Marker" ? [valueOf(term)] : [])
  }
}
