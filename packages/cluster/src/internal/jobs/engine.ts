/**
 * The work of a lane: its units, one after the other.
 *
 * A unit's attempt is written before it starts, so that a unit that takes its process down is counted too. Its end is written
 * together with the progress of the lane, behind the fence: nothing is counted twice.
 */
import type { CqlError } from "@effect-cql/core"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { Lane, LaneLost } from "../../Lanes.ts"
import * as Units from "./units.ts"

/**
 * The job was paused or cancelled. What has been done until the last checkpoint is kept.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobStopped extends Data.TaggedError("JobStopped")<{ readonly id: string }> {
  override get message(): string {
    return `a unit of job ${this.id} was stopped: expected the job to run, got one that was paused or cancelled. ` +
      `Resume the job: it goes on behind the last checkpoint.`
  }
}

/** A checkpoint of a unit. */
export interface Checkpoint {
  /** The position behind what is done, as JSON. */
  readonly cursor: unknown
  /** Rows that have been done since the last checkpoint. */
  readonly rows: number
}

export interface Context {
  readonly id: string
  readonly params: string
  readonly timestamp: bigint
  /** The position of the last checkpoint of this unit; undefined for none. */
  readonly cursor: unknown
  readonly checkpoint: (checkpoint: Checkpoint) => Effect.Effect<void, CqlError | LaneLost | JobStopped>
}

/** A handler of a definition, behind its schemas. */
export interface Handler {
  readonly name: string
  readonly version: string
  readonly attempts: number
  readonly run: (unit: unknown, context: Context) => Effect.Effect<number, unknown>
}

const pause = Duration.seconds(1)

/** Runs the units of a lane that wait. Ends when none waits any more, or when the job no longer runs. */
export const runLane = (
  jobs: Jobs["Service"],
  job: Stored,
  lane: number,
  handler: Handler,
  isRunning: () => boolean
): Effect.Effect<void, CqlError | LaneLost> =>
  Effect.gen(function*() {
    const taken = yield* jobs.take(job.id, lane)
    const entries = yield* taken.entries
    const progress = { now: Units.progressIn(entries) }
    for (const [name, unit] of Units.unitsIn(entries)) {
      if (unit.state === "waiting") yield* runUnit(taken, job, handler, progress, name, unit, isRunning)
      if (!isRunning()) return
    }
  })

const runUnit = (
  lane: Lane,
  job: Stored,
  handler: Handler,
  progress: { now: Units.ProgressEntry },
  name: string,
  first: Units.UnitEntry,
  isRunning: () => boolean
): Effect.Effect<void, CqlError | LaneLost> =>
  Effect.gen(function*() {
    let unit = first
    const save = (next: Units.UnitEntry, counted: Units.ProgressEntry) =>
      Effect.map(lane.save([Units.entryOf(name, next), Units.progressEntry(counted)]), () => {
        unit = next
        progress.now = counted
      })
    while (isRunning()) {
      const { now } = progress
      if (unit.attempt >= handler.attempts) {
        const error = unit.error ?? "its process died while it ran"
        return yield* save({ ...unit, state: "failed", error }, { ...now, failed: now.failed + 1 })
      }
      yield* save({ ...unit, attempt: unit.attempt + 1 }, now)
      const exit = yield* Effect.exit(handler.run(unit.unit, {
        id: job.id,
        params: job.params,
        timestamp: job.timestamp,
        cursor: unit.cursor,
        checkpoint: ({ cursor, rows }) =>
          Effect.flatMap(
            save({ ...unit, cursor, rows: unit.rows + rows }, { ...progress.now, rows: progress.now.rows + rows }),
            () => isRunning() ? Effect.void : Effect.fail(new JobStopped({ id: job.id }))
          )
      }))
      if (Exit.isSuccess(exit)) {
        const { now } = progress
        const rows = exit.value
        return yield* save(
          { ...unit, state: "done", rows: unit.rows + rows, error: undefined },
          { ...now, done: now.done + 1, rows: now.rows + rows }
        )
      }
      if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
      const error = Cause.squash(exit.cause)
      if (error instanceof JobStopped) return yield* save({ ...unit, attempt: unit.attempt - 1 }, progress.now)
      if (isLaneLost(error)) return yield* error
      yield* Effect.logWarning(
        `a unit of job ${job.id} failed, attempt ${unit.attempt} of ${handler.attempts}`,
        exit.cause
      )
      yield* save({ ...unit, error: described(error) }, progress.now)
      yield* Effect.sleep(pause)
    }
  })

const isLaneLost = (error: unknown): error is LaneLost =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "LaneLost"

const longest = 500

const described = (error: unknown): string => {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.length > longest ? `${text.slice(0, longest)}...` : text
}
