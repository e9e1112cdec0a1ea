/**
 * The keys of rows, as conditions of CQL.
 */
import { quoted } from "@effect-cql/core/Cql"
import type { Table } from "@effect-cql/schema"
import * as BigDecimal from "effect/BigDecimal"
import { canonical } from "./values.ts"

type ColumnMeta = Table.ColumnMeta

const quotes = /^(?:ascii|text|varchar|date|time|timestamp|inet)$/

/** A value as a literal of CQL. */
const literal = (value: unknown, type: string): string => {
  if (value === null || value === undefined) return "null"
  if (value instanceof Date) return `'${value.toISOString()}'`
  if (value instanceof Uint8Array) return `0x${[...value].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`
  if (BigDecimal.isBigDecimal(value)) return BigDecimal.format(value)
  if (typeof value === "string") {
    return quotes.test(type) || type.includes("<") ? `'${value.replaceAll("'", "''")}'` : value
  }
  if (type === "time" && typeof value === "bigint") return `${value}`
  if (Array.isArray(value)) return `[${value.map((part) => literal(part, type)).join(", ")}]`
  if (value instanceof Set) return `{${[...value].map((part) => literal(part, type)).join(", ")}}`
  if (value instanceof Map) {
    return `{${[...value].map(([key, part]) => `${literal(key, type)}: ${literal(part, type)}`).join(", ")}}`
  }
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, part]) => `${key}: ${literal(part, type)}`).join(", ")}}`
  }
  return String(value)
}

/** The condition that finds a row, such as `id = 1 AND part = 'a'`. A partition of static columns alone has no clustering key. */
export const keyText = (
  { clusteringKey, partitionKey }: Table.Meta,
  record: Readonly<Record<string, unknown>>
): string =>
  [...partitionKey, ...clusteringKey].flatMap((column) =>
    record[column.name] === null && column.kind === "clustering" ? [] : [conditionOf(column, record[column.name])]
  ).join(" AND ")

const conditionOf = ({ name, type }: ColumnMeta, value: unknown): string => `${quoted(name)} = ${literal(value, type)}`

/** The text of the partition of a row. */
export const partitionText = ({ partitionKey }: Table.Meta, record: Readonly<Record<string, unknown>>): string =>
  partitionKey.map(({ name }) => canonical(record[name])).join()

/** The text of the clustering key of a row; undefined in a partition of static columns alone. */
export const clusteringText = (
  { clusteringKey }: Table.Meta,
  record: Readonly<Record<string, unknown>>
): string | undefined =>
  clusteringKey.some(({ name }) => record[name] === null)
    ? undefined
    : clusteringKey.map(({ name }) => canonical(record[name])).join()
