/**
 * Options of the statements of the ready jobs.
 */
import type { Statement } from "@effect-cql/core"
import type { TableOptions } from "../../JobTable.ts"

const consistency = "LOCAL_QUORUM"

/** Options of reads: a page is what is done between two checkpoints. */
export const readOptions = (
  { statement }: Pick<TableOptions, "statement">
): Statement.Options & { readonly pageSize: number } => ({
  consistency,
  ...statement,
  pageSize: statement?.pageSize ?? 1_000
})

/** Options of writes. */
export const writeOptions = ({ statement }: Pick<TableOptions, "statement">): Statement.Options => ({
  consistency: statement?.consistency ?? consistency,
  requestTimeout: statement?.requestTimeout
})
