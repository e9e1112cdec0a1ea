/**
 * The ranges of a table as the units of a job, and the positions within them.
 */
import type { CqlError, Session } from "@effect-cql/core"
import { Scan, type Table, TokenRange } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Jobs } from "../../Jobs.ts"

/** Ranges of tokens, in order. */
export type Ranges = ReadonlyArray<TokenRange.TokenRange>

/** The position in a unit, as JSON: the ranges that are left of it. */
const Position = Schema.toCodecJson(Schema.Array(TokenRange.schema))

/** The cursor of a position. */
export const cursorOf = Schema.encodeEffect(Position)

/** The ranges that are left of a unit behind its cursor. */
export const leftOf = (range: TokenRange.TokenRange, cursor: unknown): Effect.Effect<Ranges, Schema.SchemaError> =>
  cursor === undefined ? Effect.succeed([range]) : Schema.decodeUnknownEffect(Position)(cursor)

/**
 * Counts whole partitions. One that is larger than a page comes in parts, and comes again from its start after a death. So the rows of
 * its parts are counted when it is over, and not once for each time that a process has begun it.
 */
export class WholePartitions {
  #left: bigint
  #rows = 0

  constructor(ranges: Ranges) {
    this.#left = sizeOf(ranges)
  }

  /** Adds the rows of a page. Returns the number to count with its checkpoint; undefined within a partition, which has none. */
  add(remaining: Ranges, rows: number, atOnce = false): number | undefined {
    this.#rows += rows
    const left = sizeOf(remaining)
    if (left === this.#left && !atOnce) return undefined
    this.#left = left
    const counted = this.#rows
    this.#rows = 0
    return counted
  }
}

const sizeOf = (ranges: Ranges): bigint => ranges.reduce((sum, range) => sum + TokenRange.size(range), 0n)

/** The tokens behind the cursor in two halves, down to a single one. */
export const divide = (range: TokenRange.TokenRange, cursor: unknown): Ranges => {
  const left = cursor === undefined ? [range] : Schema.decodeUnknownSync(Position)(cursor)
  return left.length === 1 ? left.flatMap((only) => TokenRange.split(only, 2)) : left
}

const leastOfLane = 4

/**
 * Ranges of a size by the estimates of the server, and at least four for each lane: a small table is divided over all lanes, and so
 * is a table without an estimate.
 */
export const rangesOf = (
  table: Table.Any,
  splitSize: number | undefined
): Effect.Effect<Ranges, CqlError | Scan.PartitionerNotSupported, Jobs | Session> =>
  Effect.gen(function*() {
    const { lanes } = yield* Jobs
    const ranges = yield* Scan.ranges(table, { splitSize })
    const parts = Math.max(1, Math.ceil(lanes * leastOfLane / ranges.length))
    return ranges.flatMap((range) => TokenRange.split(range, parts)).map(({ end, start }) => ({ start, end }))
  })
