/**
 * The statements of scans: of a table, and of a query of the user.
 */
import { InvalidOptions, Query, Statement } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import * as Schema from "effect/Schema"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import type { Placed } from "../../TokenRange.ts"
import { notPlain } from "../notPlain.ts"
import { rowOf, selectedFor } from "../table/codecs.ts"
import { checkColumns } from "../table/limits.ts"
import { tableName } from "../table/texts.ts"
import type { Item } from "./reader.ts"

/** A scan before it is planned. */
export interface Scan<out Row> {
  readonly keyspace: string | undefined
  readonly table: string
  /** The column of the result that has the token of the row. */
  readonly tokenColumn: string | undefined
  readonly statement: (range: Placed) => Statement.Statement<Item<Row>>
}

// Its name is none that a column of a table has.
const tokenColumn = "[token]"

const bounds = Schema.Tuple([Schema.BigInt, Schema.BigInt])

const tokenIn = (record: Readonly<Record<string, unknown>>, column: string): bigint | undefined => {
  const token = record[column]
  return typeof token === "bigint" ? token : undefined
}

/** The scan of a table. */
export const ofTable = (
  meta: Meta,
  names: ReadonlyArray<string> | undefined,
  onInvalidRow: "fail" | "result" | undefined
): Scan<unknown> => {
  checkColumns("scan", names)
  const columns = names === undefined ? meta.columns : names.map((name) => columnOf(meta, name))
  const key = meta.partitionKey.map(({ name }) => quoted(name)).join(", ")
  const selected = selectedFor(meta, columns).map(({ name }) => quoted(name)).join(", ")
  const query = Query.make(
    `SELECT ${selected}, token(${key}) AS ${quoted(tokenColumn)} FROM ${tableName(meta)} ` +
      `WHERE token(${key}) > ? AND token(${key}) <= ?`,
    { params: bounds, row: rowOf(meta, columns), onInvalidRow }
  )
  return {
    keyspace: meta.keyspace,
    table: meta.table,
    tokenColumn,
    statement: ({ end, start }) =>
      Statement.mapRows(query(start, end), (row, record) => ({ row, token: tokenIn(record, tokenColumn) }))
  }
}

const columnOf = ({ columns, keyspace, table }: Meta, name: string): ColumnMeta => {
  const column = columns.find(({ field }) => field === name)
  if (column !== undefined) return column
  throw new InvalidOptions({
    option: "columns",
    given: "a name that no column has",
    expected: `names of columns of ${keyspace}.${table}`
  })
}

/** The scan of a query that takes a range. */
export const ofQuery = <Row>(
  statement: (range: { readonly start: bigint; readonly end: bigint }) => Statement.Statement<Row>,
  token: string | undefined
): Scan<Row> => {
  // Any range shows the text.
  const { text } = statement({ start: 0n, end: 1n })
  checkText(text)
  return {
    ...tableOf(text),
    tokenColumn: token,
    statement: ({ end, start }) =>
      Statement.mapRows(statement({ start, end }), (row, record) => ({
        row,
        token: token === undefined ? undefined : tokenIn(record, token)
      }))
  }
}

/** Throws where a query does not read each row of a range, or reads rows of others. */
const checkText = (text: string): void => {
  const plain = text.replaceAll(notPlain, (part) => part.startsWith("\"") ? "name" : " ")
  if (!/\btoken\s*\([^)]*\)\s*>(?!=)/i.test(plain) || !/\btoken\s*\([^)]*\)\s*<=/i.test(plain)) {
    throw new InvalidOptions({
      option: "query",
      given: "a text without these conditions",
      expected: "a SELECT with `token(key) > ? AND token(key) <= ?`"
    })
  }
  if (/(?<!\bper\s+partition\s+)\blimit\b/i.test(plain)) {
    throw new InvalidOptions({
      option: "query",
      given: "a text with a LIMIT, which would apply to each range",
      expected: "a SELECT of all rows of a range: Stream.take ends a scan"
    })
  }
}

// Texts, comments and quoted names are passed over; then comes FROM.
const from =
  /'(?:[^']|'')*'|\$\$[\s\S]*?\$\$|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bFROM\s+(?:("(?:[^"]|"")+"|\w+)\s*\.\s*)?("(?:[^"]|"")+"|\w+)|"(?:[^"]|"")*"/gi

/** The table that a text selects from. */
const tableOf = (text: string): { readonly keyspace: string | undefined; readonly table: string } => {
  for (const [, keyspace, table] of text.matchAll(from)) {
    if (table !== undefined) {
      return { keyspace: keyspace === undefined ? undefined : nameOf(keyspace), table: nameOf(table) }
    }
  }
  throw new InvalidOptions({ option: "query", given: "a text without FROM", expected: "a SELECT of one table" })
}

const nameOf = (name: string): string =>
  name.startsWith("\"") ? name.slice(1, -1).replaceAll("\"\"", "\"") : name.toLowerCase()
