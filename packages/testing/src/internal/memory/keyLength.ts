/**
 * The greatest length of a key.
 */
import { invalid } from "./failures.ts"
import type { Column, Table } from "./schema.ts"
import { keyBytes } from "./store.ts"
import { toBytes } from "./values/bytes.ts"

const longest = 65_535

const check = (length: number): void => {
  if (length > longest) throw invalid(`Key length of ${length} is longer than maximum of ${longest}`)
}

// Most keys are short, and a long one costs time to encode.
const mayBeLong = (values: ReadonlyArray<unknown>): boolean =>
  values.some((value) => typeof value === "string" ? value.length > 1_000 : typeof value === "object")

/** Refuses values of the columns of a key that are too long together. */
export const checkLength = (table: Table, columns: ReadonlyArray<Column>, values: ReadonlyArray<unknown>): void => {
  if (!mayBeLong(values)) return
  check(columns.reduce((sum, { type }, index) => sum + toBytes(type, values[index], table.fieldsOf).length, 0))
}

/** The same of a partition key, whose bytes are more than those of its values if it has several columns. Returns the key. */
export const checkPartitionKey = (table: Table, key: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const [first] = key
  const isEmpty = first === "" || (first instanceof Uint8Array && first.length === 0)
  if (key.length === 1 && isEmpty) throw invalid("Key may not be empty")
  if (!mayBeLong(key)) return key
  checkLength(table, table.partition, key)
  check(keyBytes(table, key).length)
  return key
}
