/**
 * Storing the units of a job, before it runs.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Jobs, Stored } from "../../Jobs.ts"
import { LaneLost } from "../../Lanes.ts"
import { allLanes, batchesOf, lanesAtOnce } from "../lanes/fence.ts"
import { summaryLane } from "./summary.ts"
import * as Units from "./units.ts"

/** The number of units, in the lane of the summary: it stands when all of them are stored. */
const plannedName = "planned"
/** The turn of the process that has stored the units of a lane. */
const turnName = "turn"

/**
 * Deals the units out to the lanes, one after the other, so that neighbours are in different lanes. What a creator that died has
 * stored is replaced. Returns the number of units: those given, or those that another process has stored.
 *
 * Two processes may divide the same job in different ways at the same time. Each takes its turn by the lane of the summary. A lane keeps
 * the latest turn, so that a process whose turn is over replaces nothing; and the end of a turn is written behind the fence
 * of the summary, so that it says that all lanes are of this turn. From then on no process plans the job.
 */
export const store = (
  jobs: Jobs["Service"],
  job: Stored,
  units: ReadonlyArray<unknown>
): Effect.Effect<number, CqlError | LaneLost> =>
  Effect.gen(function*() {
    const turn = yield* jobs.open(job, summaryLane)
    const planned = (yield* turn.entries).get(plannedName)
    if (planned !== undefined) return Number(planned)
    yield* Effect.forEach(
      allLanes(job),
      (lane) => storeLane(jobs, job, lane, units, turn.epoch),
      { concurrency: lanesAtOnce, discard: true }
    )
    yield* turn.save([[plannedName, String(units.length)]])
    return units.length
  })

const storeLane = (
  jobs: Jobs["Service"],
  job: Stored,
  lane: number,
  units: ReadonlyArray<unknown>,
  turn: number
) =>
  Effect.gen(function*() {
    const taken = yield* jobs.open(job, lane)
    const before = yield* taken.entries
    if (Number(before.get(turnName) ?? 0) > turn) return yield* new LaneLost(taken)
    const own: Array<readonly [string, string]> = []
    for (let index = lane; index < units.length; index += job.lanes) {
      own.push(Units.entryOf(Units.unitName(index), Units.newUnit(units[index])))
    }
    // A row that a batch both deletes and writes is deleted.
    const names = new Set([...own.map(([name]) => name), Units.progressName, turnName])
    const former = [...before.keys()].filter((name) => !names.has(name))
    const entries: ReadonlyArray<readonly [string, string | null]> = [
      [turnName, String(turn)],
      ...former.map((name) => [name, null] as const),
      ...own,
      Units.progressEntry({ ...Units.noProgress, units: own.length })
    ]
    for (const batch of batchesOf(entries, (entry) => [entry])) yield* taken.save(batch)
  })
