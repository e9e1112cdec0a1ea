/**
 * Storing the units of a job, before it runs.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { LaneLost } from "../../Lanes.ts"
import { lanesAtOnce } from "../lanes/fence.ts"
import { summaryLane } from "./summary.ts"
import * as Units from "./units.ts"

const entriesAtOnce = 200

/**
 * Deals the units out to the lanes, one after the other, so that neighbours are in different lanes. What a creator that died has
 * stored is replaced.
 */
export const store = (
  jobs: Jobs["Service"],
  job: Stored,
  units: ReadonlyArray<unknown>
): Effect.Effect<void, CqlError | LaneLost> =>
  Effect.andThen(
    jobs.open(job, summaryLane),
    Effect.forEach(
      Array.from({ length: job.lanes }, (_, lane) => lane),
      (lane) => storeLane(jobs, job, lane, units),
      { concurrency: lanesAtOnce, discard: true }
    )
  )

const storeLane = (jobs: Jobs["Service"], job: Stored, lane: number, units: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    const taken = yield* jobs.open(job, lane)
    const own = units.flatMap((unit, index) =>
      index % job.lanes === lane
        ? [Units.entryOf(Units.unitName(index), Units.newUnit(unit))]
        : []
    )
    // A row that a batch both deletes and writes is deleted.
    const names = new Set([...own.map(([name]) => name), Units.progressName])
    const former = [...(yield* taken.entries).keys()].filter((name) => !names.has(name))
    const entries: ReadonlyArray<readonly [string, string | null]> = [
      ...former.map((name) => [name, null] as const),
      ...own,
      Units.progressEntry({ ...Units.noProgress, units: own.length })
    ]
    for (let at = 0; at < entries.length; at += entriesAtOnce) {
      yield* taken.save(entries.slice(at, at + entriesAtOnce))
    }
  })
