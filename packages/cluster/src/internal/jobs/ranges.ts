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
