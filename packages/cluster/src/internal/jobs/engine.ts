/**
 * The work of a lane: its units, one after the other.
 *
 * A unit's attempt is written before it starts, so that a unit that takes its process down is counted too. Its end is written
 * together with the progress of the lane, behind the fence: nothing is counted twice.
 */
import type { CqlError } from "@effect-cql/core"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { JobStopped, StatementNotIdempotent } from "../../JobErrors.ts"
import type { State } from "../../JobHandle.ts"
import type { Jobs, Stored } from "../../Jobs.ts"
import { LaneLost } from "../../Lanes.ts"
import { batchesOf } from "../lanes/fence.ts"
import { readableEntries } from "./damaged.ts"
import { described } from "./described.ts"
import type { Handler } from "./handler.ts"
import * as sizes from "./sizes.ts"
import * as Units from "./units.ts"
import { type LaneWork, UnitWork } from "./unitWork.ts"
import type { JobWatch } from "./watch.ts"

const pause = Duration.seconds(1)
const farewell = Duration.seconds(2)
const grace = Duration.seconds(10)

// If so many units of a lane have failed, the job itself is probably wrong, and not some of its rows. The search for these
// rows would never end.
const mostSearched = 16
// Halves of all tokens are single tokens after 64 divisions. A unit that is still divided has itself as a part.
const mostDivisions = 128
// The parts of a unit are written in one step, of as many batches as a server takes at once.
const mostBatches = 16

/** Runs the units of a lane that wait. Returns true if none waits any more, and false if the lane may not go on. */
export const runLane = (
  jobs: Jobs["Service"],
  watch: JobWatch,
  index: number,
  handler: Handler
): Effect.Effect<boolean, CqlError | LaneLost> =>
  Effect.gen(function*() {
    const lane = yield* jobs.take(watch.job, index)
    const entries = yield* lane.entries
    const [progress, units] = yield* readableEntries(
      watch.job.id,
      index,
      () => [Units.progressIn(entries), Units.unitsIn(entries)] as const
    )
    const work: LaneWork = { jobs, watch, handler, lane, progress, run: watch.job.run }
    const waiting = units.filter(([, { state }]) => state === "waiting")
    while (mayRun(work)) {
      const next = waiting.shift()
      if (next === undefined) {
        watch.count(index, work.run, work.progress, 0)
        return true
      }
      waiting.unshift(...yield* runUnit(work, ...next))
    }
    return false
  }).pipe(Effect.ensuring(Effect.sync(() => watch.leave(index))))

/** Runs a unit until it has ended, or its lane may not go on. Returns the units that wait in its place: itself, its parts, or none. */
const runUnit = (
  work: LaneWork,
  name: string,
  first: Units.UnitEntry
): Effect.Effect<ReadonlyArray<readonly [string, Units.UnitEntry]>, CqlError | LaneLost> =>
  Effect.gen(function*() {
    const { handler, lane, watch } = work
    const { id } = watch.job
    let unit = first
    while (mayRun(work)) {
      if (unit.attempt >= handler.attempts) return yield* giveUp(work, name, unit)
      const at = new UnitWork(work, name, unit)
      const running = Effect.suspend(() =>
        Effect.raceFirst(handler.run(structuredClone(at.unit.unit), at.context), stoppedForGood(work))
      )
      const exit = yield* Effect.andThen(at.start, Effect.exit(Effect.map(running, (rows) => at.countable(rows)))).pipe(
        Effect.tap((exit) =>
          Exit.isSuccess(exit) ? stored(at, () => at.advance({ state: "done" }, exit.value)) : Effect.void
        ),
        // Its process is stopped, or its lane goes to another one: no failure of the unit.
        Effect.onInterrupt(() => Effect.ignore(Effect.timeout(Effect.interruptible(uncounted(at)), farewell)))
      )
      if (Exit.isSuccess(exit)) return []
      const { cause } = exit
      const error = Cause.squash(cause)
      // Errors of other jobs and lanes are failures: a handler may start and watch jobs too.
      if (error instanceof LaneLost && error.name === lane.name && error.lane === lane.lane) return yield* error
      if (error instanceof JobStopped && error.id === id) {
        yield* stored(at, () => uncounted(at))
        return [[name, at.unit]]
      }
      const { attempt } = at.unit
      const { attempts } = handler
      yield* Effect.logWarning(`a unit of job ${id} failed, attempt ${attempt} of ${attempts}`, cause)
      if (error instanceof StatementNotIdempotent && error.id === id) {
        yield* stored(at, () => at.fail(described(error)))
        return []
      }
      yield* failed(at, error)
      yield* Effect.sleep(pause)
      unit = at.unit
    }
    return [[name, unit]]
  })

/** Returns true if a lane may go on, in the run in which its work has begun. */
const mayRun = ({ lane, run, watch }: LaneWork): boolean => watch.mayRun(lane.lane, run)

/**
 * Fails when the job has been cancelled or removed for a while: a handler that never reaches a checkpoint would run forever. A job
 * that is not in the list may have a damaged row, and continues.
 */
const stoppedForGood = ({ jobs, watch }: LaneWork): Effect.Effect<never, JobStopped> =>
  Effect.gen(function*() {
    for (let seen = 0; seen < 2;) {
      yield* Effect.sleep(grace)
      seen = isForGood(watch.job.state) && (yield* isGone(jobs, watch.job)) ? seen + 1 : 0
    }
    return yield* new JobStopped({ id: watch.job.id })
  })

const isGone = (jobs: Jobs["Service"], { id, timestamp }: Stored): Effect.Effect<boolean> =>
  Effect.match(jobs.find(id), {
    onFailure: () => false,
    onSuccess: (job) => job === undefined || job.timestamp !== timestamp || isForGood(job.state)
  })

const isForGood = (state: State): boolean => state === "cancelled" || state === "removing"

const uncounted = (at: UnitWork) => at.endAttempt(({ attempt, ...unit }) => ({ ...unit, attempt: attempt - 1 }))

/**
 * Writes the error of an attempt. If the tables of the jobs could not be written, the attempt does not count: what was tried then proves
 * nothing about the unit.
 */
const failed = (at: UnitWork, error: unknown): Effect.Effect<void, CqlError | LaneLost> =>
  stored(at, () =>
    at.endAttempt(({ attempt, ...unit }) => ({
      ...unit,
      attempt: at.storeFailed ? attempt - 1 : attempt,
      error: described(error)
    })))

/** Makes a write of a unit. While the tables of the jobs cannot be written, it is repeated for as long as the process has the lane. */
const stored = <A>(
  at: UnitWork,
  write: () => Effect.Effect<A, CqlError | LaneLost>
): Effect.Effect<A, CqlError | LaneLost> =>
  Effect.catchIf(
    Effect.suspend(write),
    (error) => error._tag === "CqlError" && error.isRetryable,
    () => {
      at.storeFailed = true
      return Effect.andThen(Effect.sleep(pause), stored(at, write))
    }
  )

/** Replaces a unit by its parts, or lets it fail. */
const giveUp = (
  work: LaneWork,
  name: string,
  unit: Units.UnitEntry
): Effect.Effect<ReadonlyArray<readonly [string, Units.UnitEntry]>, CqlError | LaneLost> =>
  Effect.gen(function*() {
    const { handler, progress, watch } = work
    const at = new UnitWork(work, name, unit)
    const error = unit.error ?? "its process died while it ran"
    const isSearched = progress.failed < mostSearched && Units.divisionsOf(name) < mostDivisions
    const parts = isSearched ? yield* divided(work, unit) : undefined
    if (parts === undefined) {
      yield* at.fail(error)
      return []
    }
    const named = yield* Effect.forEach(parts, (part, index) =>
      Effect.map(
        divided(work, Units.newUnit(part)),
        // A part that can be divided further has one attempt, so that the search for what cannot be done is short.
        (further) =>
          [
            Units.partName(name, index),
            Units.newUnit(part, further === undefined ? 0 : handler.attempts - 1)
          ] as const
      ))
    yield* at.save(
      { ...unit, state: "divided", error },
      { ...progress, units: progress.units + parts.length - 1 },
      { others: named.map(([part, entry]) => Units.entryOf(part, entry)) }
    )
    yield* Effect.logWarning(
      `a unit of job ${watch.job.id} is divided into ${parts.length} after ${unit.attempt} attempts`
    )
    return named
  })

const divided = ({ handler, watch }: LaneWork, { cursor, unit }: Units.UnitEntry) =>
  handler.divide(structuredClone(unit), structuredClone(cursor)).pipe(
    Effect.flatMap((parts) =>
      parts === undefined || parts.length < 2
        ? Effect.undefined
        : Effect.forEach(parts, (part) => sizes.stored("unit", watch.job.id, part))
    ),
    Effect.flatMap((parts) =>
      parts === undefined || areTogether(parts) ? Effect.succeed(parts) : Effect.as(
        Effect.logWarning(
          `a unit of job ${watch.job.id} could not be divided: expected parts that fit into one write, got ${parts.length}. ` +
            "Divide it into fewer or smaller parts, which are divided again."
        ),
        undefined
      )
    ),
    Effect.catchCause((cause) =>
      Effect.as(Effect.logWarning(`a unit of job ${watch.job.id} could not be divided`, cause), undefined)
    )
  )

/** Returns true if the parts of a unit can be written in one step, some megabytes at most. */
const areTogether = (parts: ReadonlyArray<unknown>): boolean =>
  batchesOf(parts, (part) => [Units.entryOf("", Units.newUnit(part))]).length <= mostBatches
