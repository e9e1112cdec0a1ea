/**
 * Jobs over the ranges of a table: a range a unit, a page a checkpoint.
 */
import type { CqlError, Session } from "@effect-cql/core"
import { type Table, TokenRange } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Context } from "../../JobContext.ts"
import type { JobRunner } from "../../JobRunner.ts"
import type { ReadyJob, SessionKey, TableOptions } from "../../JobTable.ts"
import { make } from "../jobs/definition.ts"
import { cursorOf, divide, leftOf, type Ranges, rangesOf, WholePartitions } from "../jobs/ranges.ts"
import { within } from "./sessions.ts"

/**
 * Writes the position behind a page: the ranges that are left, and the rows since the last one. Within a partition that is larger than
 * a page nothing is written, and its rows are counted when it is over; `atOnce` counts rows that are not read again.
 */
export type Advance = (
  remaining: Ranges,
  rows: number,
  atOnce?: boolean
) => Effect.Effect<void, Effect.Error<ReturnType<Context<null>["execute"]>>, Session>

/** Makes a job over the ranges of a table. */
export const ranged = <E, R, E2 = never, P = never>(
  name: string,
  { attempts, concurrency, errorBudget, rate, rejects, splitSize, version }: TableOptions,
  parts: {
    readonly table: Table.Any
    /** The session of the table. Default: that of the context. */
    readonly session?: SessionKey<P> | undefined
    readonly atLeastOnce?: boolean | undefined
    /** Refuses a job that cannot be run, before it is started. */
    readonly check?: Effect.Effect<void, E2 | CqlError, Session> | undefined
    readonly run: (
      ranges: Ranges,
      advance: Advance,
      context: Context<null>
    ) => Effect.Effect<void, E, R>
  }
): ReadyJob<E2, R, P> => {
  const job = make(name, {
    version,
    concurrency,
    rate,
    errorBudget,
    rejects,
    atLeastOnce: parts.atLeastOnce,
    params: Schema.Null,
    unit: TokenRange.schema,
    planOptions: { splitSize },
    units: () =>
      within(
        parts.session,
        Effect.andThen(
          parts.check ?? Effect.void,
          rangesOf(parts.table, splitSize)
        )
      ),
    divide
  })
  const layer: Layer.Layer<never, never, JobRunner | R> = job.toLayer(
    (range, context) =>
      Effect.gen(function*() {
        const { checkpoint, cursor, execute } = context
        const ranges = yield* leftOf(range, cursor)
        const partitions = new WholePartitions(ranges)
        const advance: Advance = (remaining, rows, atOnce = false) =>
          Effect.suspend(() => {
            const counted = partitions.add(remaining, rows, atOnce)
            // Without a statement it ends the unit of a job that was stopped, and does nothing else.
            if (counted === undefined) return Effect.asVoid(execute([]))
            return Effect.flatMap(Effect.orDie(cursorOf(remaining)), (cursor) => checkpoint({ cursor, rows: counted }))
          })
        yield* parts.run(ranges, advance, context)
      }),
    { attempts }
  )
  return { plan: job.plan(null), start: (options) => job.start(null, options), layer }
}
