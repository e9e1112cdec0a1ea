/**
 * The size of a table, as far as one node knows it.
 */
import { Query, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { merge, size, unwrap } from "../../TokenRange.ts"
import type { Estimate } from "./plan.ts"

const estimatesOf = Query.make(
  "SELECT range_start, range_end, partitions_count, mean_partition_size FROM system.size_estimates " +
    "WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({
      range_start: Schema.BigIntFromString,
      range_end: Schema.BigIntFromString,
      partitions_count: Schema.BigInt,
      mean_partition_size: Schema.BigInt
    })
  }
)

/** The size of a table by the estimates of one node, which knows its own part of the ring. */
export const estimateOf = (keyspace: string, table: string): Effect.Effect<Estimate | undefined, never, Session> =>
  Statement.rows(estimatesOf(keyspace, table)).pipe(
    Effect.map((rows) => {
      const ranges = merge(rows.flatMap(({ range_end: end, range_start: start }) => unwrap({ start, end })))
      const tokens = ranges.reduce((sum, range) => sum + Number(size(range)), 0)
      const bytes = rows.reduce(
        (sum, { mean_partition_size: mean, partitions_count: count }) => sum + Number(count) * Number(mean),
        0
      )
      const partitions = rows.reduce((sum, { partitions_count: count }) => sum + Number(count), 0)
      // Rows in memory are not counted, and the estimates come every few minutes.
      return tokens > 0 && bytes > 0 ? { bytes, partitions, tokens } : undefined
    }),
    // They are advice, and not every server has them.
    Effect.catch((error) =>
      Effect.as(Effect.logDebug("no estimate of the size of a table", { keyspace, table, error }), undefined)
    )
  )
