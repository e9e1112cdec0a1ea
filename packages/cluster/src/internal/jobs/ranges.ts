/**
 * The ranges of a table as the units of a job.
 */
import type { CqlError, Session } from "@effect-cql/core"
import { Scan, type Table, TokenRange } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import { Jobs } from "../../Jobs.ts"

const leastOfLane = 4

/**
 * Ranges of a size by the estimates of the server, and at least four for each lane: a small table is divided over all lanes, and so
 * is a table without an estimate.
 */
export const rangesOf = (
  table: Table.Any,
  splitSize: number | undefined
): Effect.Effect<ReadonlyArray<TokenRange.TokenRange>, CqlError | Scan.PartitionerNotSupported, Jobs | Session> =>
  Effect.gen(function*() {
    const { lanes } = yield* Jobs
    const ranges = yield* Scan.ranges(table, { splitSize })
    const parts = Math.max(1, Math.ceil(lanes * leastOfLane / ranges.length))
    return ranges.flatMap((range) => TokenRange.split(range, parts)).map(({ end, start }) => ({ start, end }))
  })
