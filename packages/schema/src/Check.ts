/**
 * Compares the queries and tables of a program with a server.
 *
 * @since 0.1.0
 */
import { type CqlError, Query, Session, Statement } from "@effect-cql/core"
import type { Description } from "@effect-cql/core/Port"
import type { Column } from "@effect-cql/core/ResultSet"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { type Direction, expectedOf, fits, type Part, partsOf } from "./internal/check/types.ts"
import { check } from "./TableCheck.ts"
import { type Any, TypeId } from "./TableMeta.ts"

/**
 * A difference between the program and the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mismatch {
  /** The table with its keyspace, or the text of the query. */
  readonly of: string
  /** The column or the marker; absent if the whole table or query is wrong. */
  readonly name: string | undefined
  /** The difference, and what to do. */
  readonly message: string
}

/**
 * Compares queries with the server: their tables and columns have to exist, and the schemas of their parameters and
 * rows have to match the markers and columns of the text, with their types. The queries are prepared, but not executed.
 *
 * **Example** (A test of a query)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { Check, CqlSchema } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const nameById = Query.make("SELECT name FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([CqlSchema.Int]),
 *   row: Schema.Struct({ name: CqlSchema.Text })
 * })
 *
 * // Or the layer of a session on a server with the schema of production.
 * const session = MockSession.memory(["CREATE TABLE app.users (id uuid PRIMARY KEY, name text)"])
 * const [mismatch] = await Effect.runPromise(Check.queries(nameById).pipe(Effect.provide(session)))
 * console.assert(mismatch?.name === "id" && mismatch.message.includes("got uuid"))
 * ```
 *
 * @category checks
 * @since 0.1.0
 */
export const queries = Effect.fn("Check.queries")(function*(
  ...queries: ReadonlyArray<Query.Query.Any | Statement.Statement<unknown>>
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const found = yield* Effect.forEach(queries, queryMismatches, { concurrency: 10 })
  return found.flat()
})

/**
 * Compares everything that a module exports: its tables (see `Table.check`), its queries (see {@link queries}), and the
 * texts of its statements, also within arrays and records. Other values are ignored.
 *
 * **Example** (A test of the whole data layer)
 *
 * ```ts
 * import { Check, CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
 * const tables = { User } // import * as tables from "./tables.ts"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id bigint PRIMARY KEY)"])
 * const mismatches = await Effect.runPromise(Check.exports(tables).pipe(Effect.provide(session)))
 * console.assert(mismatches[0]?.message.startsWith("expected int, partition_key 0, got bigint, partition_key 0"))
 * ```
 *
 * @category checks
 * @since 0.1.0
 */
export const exports = Effect.fn("Check.exports")(function*(
  module: object
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const found = foundIn(module, new Set())
  const tables = yield* check(...found.tables)
  const others = yield* queries(...found.queries)
  return [...tables.map(({ column, message, table }) => ({ of: table, name: column, message })), ...others]
})

interface Found {
  readonly tables: ReadonlyArray<Any>
  readonly queries: ReadonlyArray<Query.Query.Any | Statement.Statement<unknown>>
}

const isTable = (value: unknown): value is Any => hasProperty(value, TypeId)

const foundIn = (value: unknown, seen: Set<object>): Found => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return nothing
  seen.add(value)
  if (isTable(value)) return { tables: [value], queries: [] }
  if (Query.isQuery(value) || Statement.isStatement(value)) return { tables: [], queries: [value] }
  const isPlain = Array.isArray(value) || (typeof value === "object" && isRecord(value))
  const inner = isPlain ? Object.values(value).map((each) => foundIn(each, seen)) : []
  return { tables: inner.flatMap(({ tables }) => tables), queries: inner.flatMap(({ queries }) => queries) }
}

const nothing: Found = { tables: [], queries: [] }

// The namespace of a module has no prototype.
const isRecord = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const queryMismatches = Effect.fnUntraced(function*(
  query: Query.Query.Any | Statement.Statement<unknown>
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const { text } = query
  const mismatch = (name: string | undefined, message: string): Mismatch => ({ of: text, name, message })
  const session = yield* Session
  const described = yield* session.describe(text).pipe(
    Effect.catchIf(
      isRefusal,
      ({ reason }) => Effect.succeed(mismatch(undefined, `the server refuses it: ${reason.message}`))
    )
  )
  if (described === undefined) {
    return [mismatch(undefined, "the session does not describe queries: check against a server")]
  }
  if ("message" in described) return [described]
  if (!Query.isQuery(query)) return []
  const { params, row } = query[Query.TypeId].schemas
  return [
    ...(params === undefined ? [] : paramMismatches(partsOf(params.ast), described.params)),
    ...(row === undefined ? [] : rowMismatches(partsOf(row.ast), described))
  ].map(([name, message]) => mismatch(name, message))
})

// Reasons that concern the text itself. Every other reason is a failure of the check.
const isRefusal = ({ reason }: CqlError): boolean =>
  reason._tag === "InvalidQuery" || reason._tag === "SyntaxError" || reason._tag === "Unauthorized"

type Found_ = readonly [name: string, message: string]

const paramMismatches = (
  parts: ReadonlyArray<Part> | undefined,
  markers: ReadonlyArray<Column>
): ReadonlyArray<Found_> => {
  if (parts === undefined) return []
  const isNamed = parts.some(({ name }) => typeof name === "string")
  const ofMarker = (marker: Column, at: number) => parts.find(({ name }) => name === (isNamed ? marker.name : at))
  const known = new Set(markers.map((marker, at) => isNamed ? marker.name : at))
  return [
    ...markers.flatMap((marker, at): ReadonlyArray<Found_> => {
      const part = ofMarker(marker, at)
      return part === undefined
        ? [[marker.name, `the params schema lacks this marker of the text: add it with the type ${marker.type}`]]
        : typeMismatch(part, marker, "write")
    }),
    ...parts.filter(({ name }) => !known.has(name)).map(({ name }): Found_ => [
      String(name),
      "the text has no such marker: leave it out of the params schema"
    ])
  ]
}

const rowMismatches = (parts: ReadonlyArray<Part> | undefined, { columns }: Description): ReadonlyArray<Found_> => {
  // The rows of a conditional statement are those that its condition met, and are not described.
  if (parts === undefined || columns.length === 0) return []
  return parts.flatMap((part): ReadonlyArray<Found_> => {
    const column = columns.find(({ name }) => name === part.name)
    if (column !== undefined) return typeMismatch(part, column, "read")
    return part.isOptional
      ? []
      : [[String(part.name), "the rows have no such column: select it, or leave it out of the row schema"]]
  })
}

const typeMismatch = ({ ast }: Part, { name, type }: Column, direction: Direction): ReadonlyArray<Found_> =>
  fits(ast, type, direction) ? [] : [[name, `expected ${expectedOf(ast)}, got ${type}: change the schema, or the text`]]
