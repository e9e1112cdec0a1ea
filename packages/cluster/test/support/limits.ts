/** The invariants of limits: those in flight, those that start in a second, and the last statements of former owners. */
import { assert } from "@effect/vitest"
import type { History } from "./history.ts"
import type { Sent, Traffic } from "./traffic.ts"

/**
 * Milliseconds for which a process that goes on after a freeze may take a lane that it has lost meanwhile, and send statements of it:
 * until the first refresh of its locks is answered.
 */
const zombie = 4_000

export const checkLimits = ({ story, traffic }: History): void => {
  const fail = (problem: string): never => assert.fail(`${problem}\n${story}`)
  if (traffic.sent.length === 0) fail("no statement was sent")
  const ofOwners: Array<Sent> = []
  for (const each of traffic.sent) {
    const { former, process, until } = traffic.ownerAt(each.lane, each.at)
    if (process === each.process) ofOwners.push({ ...each, until: Math.min(each.until, until) })
    // It may also have taken the lane back. The one that it took it from learns that by its next write, and takes it again.
    else if (!isThawed(traffic, each) && !(each.process === former && isThawed(traffic, { process, at: each.at }))) {
      fail(
        `process ${each.process} sent a statement of lane ${each.lane} at ${each.at} ms, which process ${process} had`
      )
    }
  }
  inFlight(traffic, ofOwners, fail)
  inTime(traffic, ofOwners, fail)
}

const isThawed = (
  { disturbed, thawed }: Traffic,
  { at, process }: { readonly at: number; readonly process: number | undefined }
): boolean =>
  thawed.some((each) => {
    if (each.process !== process || each.at > at) return false
    // A refresh that the storage does not answer says nothing.
    const away = disturbed.reduce((sum, { from, until }) => sum + overlap(from, until, each.at, at), 0)
    return at - each.at - away <= zombie
  })

const overlap = (from: number, until: number, begin: number, end: number): number =>
  Math.max(0, Math.min(until, end) - Math.max(from, begin))

/** The owners of the lanes together have no more in flight than the limit. */
const inFlight = (traffic: Traffic, sent: ReadonlyArray<Sent>, fail: (problem: string) => never): void => {
  // Of what ends and starts in one moment, the end comes first.
  const changes = sent.flatMap(({ at, until }) => [[at, 1] as const, [until, -1] as const])
    .sort(([at, change], [other, otherChange]) => at - other || change - otherChange)
  let count = 0
  for (const [at, change] of changes) {
    count += change
    if (change < 0) continue
    const { concurrency } = traffic.allowed(at, at)
    if (count > concurrency) fail(`${count} statements were in flight at ${at} ms, of ${concurrency}`)
  }
}

/**
 * In any time there start no more than are due, and are due in a second. A lane that goes to another process starts with its burst, which
 * is one statement, and so does a lane whose share is changed.
 */
const inTime = (traffic: Traffic, sent: ReadonlyArray<Sent>, fail: (problem: string) => never): void => {
  const starts = sent.map(({ at }) => at).sort((one, other) => one - other)
  for (const [first, from] of starts.entries()) {
    for (let last = first; last < starts.length && starts[last]! <= from + 30_000; last++) {
      const until = starts[last]!
      const { rate } = traffic.allowed(from, until)
      const moved = traffic.taken.filter(({ at }) => at >= from - 1_000 && at <= until).length
      const due = rate * ((until - from) / 1_000 + 1) + moved
      const count = last - first + 1
      if (count > due + 1) fail(`${count} statements started from ${from} to ${until} ms, of ${due}`)
    }
  }
}
