/**
 * The SELECT that reads a write back, and what it finds.
 */
import * as Effect from "effect/Effect"
import type { CqlError } from "../../CqlError.ts"
import * as Reason from "../../Reason.ts"
import type { Service } from "../../Session.ts"
import { make as makeStatement, type Options } from "../../Statement.ts"
import { bindStatement } from "../binding.ts"
import { resolve } from "../options.ts"
import { StatementImpl } from "../statement.ts"
import { type Assignment, type Mutation, mutationOf, type Term } from "./mutation.ts"
import { isComparableLiteral, isSameValue } from "./sameValue.ts"

/** A column of a table, as `system_schema.columns` has it. */
export interface Column {
  readonly name: string
  readonly kind: string
  readonly type: string
}

/** Gives the columns of a table; none where there is no such table. */
export type Columns = (keyspace: string, table: string) => Effect.Effect<ReadonlyArray<Column>, CqlError>

/** A column that the write sets, beside what stands in it now. */
export interface Cell {
  readonly column: string
  /** Whether the value is the one that was to be written. */
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
  /** What the text says of its timestamp. */
  readonly timestamp: bigint | "unknown" | undefined
}

/** Reads a write back; a text says why it cannot be. */
export const readBack = Effect.fnUntraced(function*(
  session: Service,
  columnsOf: Columns,
  statement: StatementImpl<unknown>,
  options: Options
): Effect.fn.Return<Found | string, CqlError> {
  const mutation = mutationOf(statement.text)
  if (typeof mutation === "string") return mutation
  const request = bindStatement(statement, resolve(statement.options))
  if (request instanceof Reason.ParametersRefused) return "its parameters were refused"
  const columns = yield* columnsOf(mutation.keyspace, mutation.table)
  if (columns.length === 0) return `there is no table ${mutation.keyspace}.${mutation.table}`
  const valueOf = (term: Term) => term._tag === "Marker" ? request.params[term.marker] : undefined
  const key = keyOf(mutation, columns)
  if (key === undefined) return "its key is not given by plain values"
  const compared = comparedColumns(mutation, columns, valueOf)
  const { params, text } = selectOf(mutation, key, compared, valueOf)
  const row = (yield* session.execute(makeStatement(text, params, options))).first
  return {
    verb: mutation.verb,
    row: row === undefined ? undefined : Object.fromEntries(compared.map(({ name }, at) => [name, row[`value ${at}`]])),
    cells: row === undefined ? [] : compared.map(({ given, name, type }, at): Cell => ({
      column: name,
      isSame: isSameValue(given, row[`value ${at}`], type),
      writtenAt: microseconds(row[`time ${at}`])
    })),
    timestamp: mutation.timestamp === undefined ? undefined : timestampOf(mutation.timestamp, valueOf)
  }
})

const timestampOf = (term: Term, valueOf: (term: Term) => unknown): bigint | "unknown" => {
  const value = term._tag === "Literal" ? term.value : valueOf(term)
  return microseconds(value) ?? "unknown"
}

const microseconds = (value: unknown): bigint | undefined =>
  typeof value === "bigint" ? value : typeof value === "number" ? BigInt(value) : undefined

/** What says which row it is, or which partition where no clustering column is given; nothing where it is not plain. */
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

interface Compared extends Column {
  readonly given: unknown
}

// Of a DELETE that names none, all columns.
const comparedColumns = (
  { assignments, verb }: Mutation,
  columns: ReadonlyArray<Column>,
  valueOf: (term: Term) => unknown
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
    if (term._tag === "Literal") {
      return isComparableLiteral(term.value, column.type) ? [{ ...column, given: term.value }] : []
    }
    const given = valueOf(term)
    return given === null || given === undefined || isUnset(given) ? [] : [{ ...column, given }]
  })

const isUnset = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Unset"

// One value with one time: neither keys, nor collections and types that are written element by element.
const hasWriteTime = ({ kind, type }: Column): boolean =>
  (kind === "regular" || kind === "static") && type !== "counter" &&
  (!type.includes("<") || type.startsWith("frozen<") || type.startsWith("vector<") || type.startsWith("tuple<")) &&
  (type.includes("<") || nativeTypes.has(type))

// A name that is none of these is that of a type of the user's, which is written field by field.
const nativeTypes = new Set([
  "ascii",
  "bigint",
  "blob",
  "boolean",
  "date",
  "decimal",
  "double",
  "duration",
  "float",
  "inet",
  "int",
  "smallint",
  "text",
  "time",
  "timestamp",
  "timeuuid",
  "tinyint",
  "uuid",
  "varchar",
  "varint"
])

const selectOf = (
  { keyspace, table }: Mutation,
  key: ReadonlyArray<Assignment>,
  compared: ReadonlyArray<Compared>,
  valueOf: (term: Term) => unknown
) => {
  const cells = compared.map(({ name }, at) =>
    `${quoted(name)} AS "value ${at}", WRITETIME(${quoted(name)}) AS "time ${at}"`
  )
  const selected = compared.length === 0 ? key.map(({ column }) => quoted(column)) : cells
  const conditions = key.map(({ column, term }) => `${quoted(column)} = ${term._tag === "Literal" ? term.cql : "?"}`)
  return {
    text: `SELECT ${selected.join(", ")} FROM ${quoted(keyspace)}.${quoted(table)} ` +
      `WHERE ${conditions.join(" AND ")} LIMIT 1`,
    params: key.flatMap(({ term }) => term._tag === "Marker" ? [valueOf(term)] : [])
  }
}

const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

const schema = "SELECT column_name, kind, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?"

/** Reads the columns of a table, once for all that ask. */
export const makeColumns = (session: Service): Columns => {
  const known = new Map<string, Effect.Effect<ReadonlyArray<Column>, CqlError>>()
  return (keyspace, table) =>
    Effect.suspend(() => {
      const name = JSON.stringify([keyspace, table])
      const before = known.get(name)
      if (before !== undefined) return before
      const read = Effect.map(
        session.execute(makeStatement(schema, [keyspace, table])),
        ({ rows }) =>
          rows.map((row) => ({ name: `${row["column_name"]}`, kind: `${row["kind"]}`, type: `${row["type"]}` }))
      )
      return Effect.flatMap(Effect.cached(read), (cached) => {
        known.set(name, cached)
        return cached
      })
    })
}
