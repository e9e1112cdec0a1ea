/**
 * The pages, the progress and the errors of scans. Users reach this module through `Scan`.
 *
 * @since 0.1.0
 */
import type { CqlError, Reason, Statement } from "@effect-cql/core"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import type { Meta, TypeId } from "./TableMeta.ts"
import type { Count } from "./TableReads.ts"
import type { Of } from "./TableWhere.ts"
import type { Placed, TokenRange } from "./TokenRange.ts"

/**
 * Options of every scan.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Maximum number of ranges that are read at a time. At most two pages of each are in memory. Default: 16. */
  readonly concurrency?: number | undefined
  /** The order of the rows: as they are read (`"any"`, the default), or by token (`"token"`). */
  readonly order?: "any" | "token" | undefined
  /**
   * The tokens to read. Default: the whole ring. To continue a scan, use `remaining` of a page or of {@link
   * ScanFailed}.
   */
  readonly ranges?: ReadonlyArray<TokenRange> | undefined
  /** Maximum size of a range in bytes, by the estimates of the server. Default: 16 MiB. */
  readonly splitSize?: number | undefined
  /**
   * Schedule of further attempts to read a page, after the retries of its statement. Default: 15 times within a minute.
   * Rows that were emitted are not emitted again.
   */
  readonly retry?: Schedule.Schedule<unknown, CqlError> | undefined
  /** Called after each page, and awaited. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Options of the statements, such as `consistency` and `pageSize`. */
  readonly statement?: Statement.Options | undefined
}

/**
 * Options of a scan of a table.
 *
 * @category options
 * @since 0.1.0
 */
export interface TableOptions<X extends string, OnInvalidRow extends "fail" | "result"> extends Options {
  /** Columns of the rows. Default: all. */
  readonly columns?: ReadonlyArray<X> | undefined
  /** Fails the scan at a row that does not fit (`"fail"`, the default), or makes each row a `Result`. */
  readonly onInvalidRow?: OnInvalidRow | undefined
}

/**
 * Options of a scan by a query.
 *
 * @category options
 * @since 0.1.0
 */
export interface QueryOptions extends Options {
  /**
   * The column of the result that contains the token of the row, such as `t` of `token(id) AS t`. Without it, the
   * position of the scan moves only after whole ranges.
   */
  readonly token?: string | undefined
}

/**
 * A table that can be scanned.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scannable<Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string> {
  readonly [TypeId]: Meta
  readonly count: Count<Row, A, P, K, I>
}

/**
 * The rows of a scan of a table.
 *
 * @category models
 * @since 0.1.0
 */
export type Scanned<Row, X extends string, OnInvalidRow extends "fail" | "result"> = OnInvalidRow extends "result"
  ? Result.Result<[X] extends [never] ? Row : Of<Row, X>, Reason.RowDecoding>
  : [X] extends [never] ? Row
  : Of<Row, X>

/**
 * Errors of scans.
 *
 * @category errors
 * @since 0.1.0
 */
export type ScanError = ScanFailed | PartitionerNotSupported

/**
 * A statement for a range, such as a query with the named markers `start` and `end`.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatementOf<out Row> {
  (range: { readonly start: bigint; readonly end: bigint }): Statement.Statement<Row>
}

/**
 * The progress of a scan.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  /** Rows that have been emitted. */
  readonly rows: number
  /** Ranges that have been emitted completely. */
  readonly rangesDone: number
  /** Ranges of the whole scan. */
  readonly ranges: number
  /** Share of the tokens that have been emitted, from 0 to 1. */
  readonly fraction: number
}

/**
 * Rows of one range, in the order of their tokens, and the position of the scan after them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page<out Row> {
  /**
   * Whole partitions, or a part of a partition that is larger than a page: then `remaining` is the same as on the
   * previous page. Empty if a range or such a partition ended without further rows.
   */
  readonly rows: ReadonlyArray<Row>
  /** The range of the rows. */
  readonly range: Placed
  /**
   * The remaining tokens, as few ranges: the position of the scan. A scan of these `ranges` continues after this page.
   * `TokenRange.schema` encodes them.
   */
  readonly remaining: ReadonlyArray<TokenRange>
  readonly progress: Progress
}

/**
 * The size of a range, as the server estimates it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RangeEstimate {
  readonly bytes: number
  readonly partitions: number
}

/**
 * A range or the ring could not be read. The rows emitted before stay valid.
 *
 * @category errors
 * @since 0.1.0
 */
export class ScanFailed extends Data.TaggedError("ScanFailed")<{
  /** The error of the last attempt. */
  readonly error: CqlError
  /** Its reason, so that `Effect.catchReason("ScanFailed", ...)` works. */
  readonly reason: Reason.Reason
  /** The range that could not be read; absent if it was the ring. */
  readonly range: TokenRange | undefined
  /** The remaining tokens: the `ranges` of a scan that continues. */
  readonly remaining: ReadonlyArray<TokenRange>
}> {
  override get message(): string {
    const what = this.range === undefined
      ? "the ranges of a scan could not be found"
      : `a scan failed in the tokens after ${this.range.start} up to ${this.range.end}`
    return `${what}: ${this.error.message}`
  }
}

/**
 * The tokens of the cluster's partitioner are not 64-bit integers.
 *
 * @category errors
 * @since 0.1.0
 */
export class PartitionerNotSupported extends Data.TaggedError("PartitionerNotSupported")<{
  readonly partitioner: string
}> {
  override get message(): string {
    return `a scan failed: expected the Murmur3Partitioner, got ${this.partitioner}. Read the table with a plain SELECT.`
  }
}
