/**
 * Running units of a job again that has ended.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { RetryOptions } from "../../JobHandle.ts"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { LaneLost } from "../../Lanes.ts"
import { allLanes, batchesOf, type Change as Entry, lanesAtOnce } from "../lanes/fence.ts"
import { readableEntries } from "./damaged.ts"
import * as Units from "./units.ts"

type Named = readonly [name: string, unit: Units.UnitEntry]

/** Entries to write, and the progress with them. */
interface Change {
  readonly entries: ReadonlyArray<Entry>
  readonly progress: (before: Units.ProgressEntry) => Units.ProgressEntry
}

/** Lets units of a job wait again: the failed ones, or those with rejects. Gives the progress that is left. */
export const reset = (
  jobs: Jobs["Service"],
  job: Stored,
  only: NonNullable<RetryOptions["only"]>
): Effect.Effect<Units.ProgressEntry, CqlError | LaneLost> =>
  Effect.map(
    Effect.forEach(
      allLanes(job),
      (lane) => resetLane(jobs, job, lane, only === "failures" ? failuresOf : rejectsOf),
      { concurrency: lanesAtOnce }
    ),
    Units.sum
  )

const resetLane = (
  jobs: Jobs["Service"],
  job: Stored,
  index: number,
  changesOf: (units: ReadonlyArray<Named>) => ReadonlyArray<Change>
) =>
  Effect.gen(function*() {
    const seen = yield* jobs.entries(job, index)
    const read = (entries: ReadonlyMap<string, string>) =>
      readableEntries(job.id, index, () => [Units.progressIn(entries), changesOf(Units.unitsIn(entries))] as const)
        .pipe(
          // A removal deletes them meanwhile: they are not damaged.
          Effect.catch((damage) =>
            Effect.flatMap(
              isUnchanged(jobs, job),
              (isUnchanged) => isUnchanged ? Effect.fail(damage) : Effect.succeed([Units.noProgress, []] as const)
            )
          )
        )
    const [progressSeen, changesSeen] = yield* read(seen)
    if (changesSeen.length === 0 || !(yield* isUnchanged(jobs, job))) return progressSeen
    const lane = yield* jobs.take(job, index)
    // A process that retries it at the same time may have been faster: its run has these units. A later one takes the lane from here.
    if (!(yield* isUnchanged(jobs, job))) return progressSeen
    const [before, changes] = yield* read(yield* lane.entries)
    let progress = before
    for (const batch of batchesOf(changes, ({ entries }) => entries)) {
      progress = batch.reduce((progress, change) => change.progress(progress), progress)
      yield* lane.save([...batch.flatMap(({ entries }) => entries), Units.progressEntry(progress)])
    }
    return progress
  })

/** True if a job has not been run again or removed since it was read. */
const isUnchanged = (jobs: Jobs["Service"], { id, run, state, timestamp }: Stored): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    jobs.find(id),
    (job) => job !== undefined && job.run === run && job.state === state && job.timestamp === timestamp
  )

const failuresOf = (units: ReadonlyArray<Named>): ReadonlyArray<Change> =>
  units.filter(([, { state }]) => state === "failed").map(([name, unit]) => ({
    entries: [Units.entryOf(name, { ...unit, state: "waiting", attempt: 0 })],
    progress: (before) => ({ ...before, failed: before.failed - 1 })
  }))

/** A divided unit with rejects is done again as a whole: its parts are deleted. */
const rejectsOf = (units: ReadonlyArray<Named>): ReadonlyArray<Change> => {
  const withRejects = units.filter(([, { rejected }]) => rejected > 0)
  const whole = withRejects.filter(([name]) => !withRejects.some(([other]) => Units.isPartOf(name, other)))
  return whole.map(([name, unit]) => {
    const parts = units.filter(([other]) => Units.isPartOf(other, name))
    return {
      entries: [Units.entryOf(name, Units.again(unit)), ...parts.map(([part]) => [part, null] as const)],
      progress: (before) => Units.withOneMore([unit, ...parts.map(([, part]) => part)].reduce(Units.without, before))
    }
  })
}
