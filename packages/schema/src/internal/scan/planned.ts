/**
 * Plans the ranges of a scan by what the cluster says of itself.
 */
import { type CqlError, Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import { PartitionerNotSupported } from "../../ScanTypes.ts"
import type { Placed } from "../../TokenRange.ts"
import { estimateOf } from "./estimate.ts"
import { plan, type PlanOptions } from "./plan.ts"

const local = Statement.make("SELECT partitioner FROM system.local")

// Tokens of the random partitioner are numbers as well, but of 128 bits: most rows would be missed.
const partitionerChecked: Effect.Effect<void, CqlError | PartitionerNotSupported, Session> = Effect.flatMap(
  Statement.first(local),
  (row) => {
    const partitioner = row._tag === "Some" ? row.value["partitioner"] : undefined
    return typeof partitioner !== "string" || partitioner.endsWith("Murmur3Partitioner")
      ? Effect.void
      : new PartitionerNotSupported({ partitioner })
  }
)

/** The ranges of a table, in the order of their tokens. */
export const planned = (
  keyspace: string,
  table: string,
  options: PlanOptions
): Effect.Effect<ReadonlyArray<Placed>, CqlError | PartitionerNotSupported, Session> =>
  Effect.map(
    Effect.all(
      [Session.use((session) => session.ring(keyspace)), estimateOf(keyspace, table), partitionerChecked],
      { concurrency: 3 }
    ),
    ([ring, estimate]) => plan(ring, estimate, options)
  )
