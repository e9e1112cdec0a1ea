/** The invariants of every world. */
import { assert } from "@effect/vitest"
import { type History, type Saved, soon } from "./history.ts"
import { checkLimits } from "./limits.ts"

export const check = (history: History): void => {
  const { calms, endedUnits, lanes, planned, progress, saved, story } = history
  const fail = (problem: string): never => assert.fail(`${problem}\n${story}`)

  if (history.contended.length > 0) fail(`a lock had two owners: ${history.contended.join("; ")}`)
  const ofLane = new Map<number, Array<Saved>>()
  for (const each of saved) ofLane.set(each.lane, [...(ofLane.get(each.lane) ?? []), each])
  if (ofLane.size !== lanes) fail(`${ofLane.size} of ${lanes} lanes have been owned`)
  for (const [lane, all] of ofLane) {
    const ownerOf = new Map<number, number>()
    for (const [at, { counted, epoch, process }] of all.entries()) {
      if ((ownerOf.get(epoch) ?? process) !== process) fail(`two processes wrote lane ${lane} in epoch ${epoch}`)
      ownerOf.set(epoch, process)
      if (epoch < (all[at - 1]?.epoch ?? 0)) fail(`a former owner of lane ${lane} passed the fence in epoch ${epoch}`)
      if (counted !== at + 1) fail(`write ${at + 1} of lane ${lane} counted ${counted}`)
    }
    for (const { from, until } of calms) {
      const first = all.find(({ at }) => at > from)
      if (first === undefined || first.at > from + soon) {
        fail(`lane ${lane} was not owned within ${soon} ms after ${from} ms, but at ${first?.at} ms`)
      }
      const owners = new Set(all.filter(({ at }) => at > from + soon && at <= until).map(({ epoch }) => epoch))
      if (owners.size > 1) fail(`lane ${lane} had ${owners.size} owners from ${from + soon} ms to ${until} ms`)
    }
    const last = all.at(-1)
    if (last === undefined || !history.live.has(last.process)) fail(`lane ${lane} belongs to a process that is gone`)
    if (history.ended - (last?.at ?? 0) > 12_000) fail(`lane ${lane} has stopped`)
  }
  if (progress?.state !== "done") fail(`the job is ${progress?.state}`)
  if (progress?.rows !== planned) fail(`the job has ${planned} rows, and counted ${progress?.rows}`)
  if (new Set(endedUnits).size !== endedUnits.length || endedUnits.length !== progress?.units) {
    fail(`${progress?.units} units ended ${endedUnits.length} times`)
  }
  const { limitedProgress, limitedRows } = history
  if (limitedProgress?.state !== "done") fail(`the job with limits is ${limitedProgress?.state}`)
  if (limitedProgress?.rows !== limitedRows) {
    fail(`the job with limits has ${limitedRows} rows, and counted ${limitedProgress?.rows}`)
  }
  checkLimits(history)
}
