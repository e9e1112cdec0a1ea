/**
 * Sizes of tables by ranges of the ring, which a server estimates.
 */
import { exists, hasStatics, type Live, valueOf } from "./live.ts"
import { ring } from "./ring.ts"
import type { Table } from "./schema.ts"
import { keyBytes, type Partition } from "./store.ts"
import { toBytes } from "./values/bytes.ts"

interface Size {
  readonly start: bigint
  readonly end: bigint
  readonly partitions: number
  /** Bytes of a partition in the mean. */
  readonly mean: number
}

/** The sizes of a table; none for ranges without partitions. */
export const sizesOf = (table: Table, second: number): ReadonlyArray<Size> => {
  const sizes = table.store.partitions
    .map((partition) => [partition.token, bytesOf(table, partition, second)] as const)
    .filter(([, bytes]) => bytes > 0)
  return ring.ranges.flatMap(({ end, start }) => {
    const within = sizes.filter(([token]) => token > start && (token <= end || end < start))
    const bytes = within.reduce((sum, [, bytes]) => sum + bytes, 0)
    const partitions = within.length
    return partitions === 0 ? [] : [{ start, end, partitions, mean: Math.ceil(bytes / partitions) }]
  })
}

/** The bytes of a partition: 0 if nothing of it is there any more. */
const bytesOf = (table: Table, partition: Partition, second: number): number => {
  const rows = partition.rows.filter((row) => exists(row, second))
  if (rows.length === 0 && !hasStatics(partition, second)) return 0
  const of = (live: Live, columns: Table["columns"]): number =>
    columns.reduce((sum, column) => {
      const value = valueOf(live, column)
      return value === null ? sum : sum + toBytes(column.type, value, table.fieldsOf).length
    }, 0)
  const statics = of({ partition, row: undefined, second, table }, table.statics)
  const columns = [...table.clustering, ...table.regulars]
  return rows.reduce(
    (sum, row) => sum + of({ partition, row, second, table }, columns),
    keyBytes(table, partition.key).length + statics
  )
}
