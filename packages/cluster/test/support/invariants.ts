/** What holds for every run of a world. */
import { assert } from "@effect/vitest"
import { lease, members, type Saved, type World } from "./world.ts"

export const check = (world: World, lanes: number): void => {
  const { calmSince, counters, events, live, now, saved } = world
  const story = events.join("\n")
  const ownerOf = new Map<string, number>()
  const ofLane = new Map<number, Array<Saved>>()
  for (const each of saved) {
    const key = `${each.lane}/${each.epoch}`
    assert.strictEqual(ownerOf.get(key) ?? each.runner, each.runner, `two owners of epoch ${key}\n${story}`)
    ownerOf.set(key, each.runner)
    const before = ofLane.get(each.lane)?.at(-1)
    assert.isTrue(
      before === undefined || before.epoch <= each.epoch,
      `a former owner of ${key} passed the fence\n${story}`
    )
    ofLane.set(each.lane, [...(ofLane.get(each.lane) ?? []), each])
  }
  assert.strictEqual(ofLane.size, lanes, `lanes without an owner\n${story}`)
  for (const [lane, all] of ofLane) {
    assert.strictEqual(counters[lane], all.length, `lane ${lane} counted something twice, or not at all\n${story}`)
    const first = all.find(({ at }) => at >= calmSince)?.at ?? Number.POSITIVE_INFINITY
    assert.isAtMost(
      first - calmSince,
      lease + 2 * members + 2_000,
      `lane ${lane} was not owned again in time\n${story}`
    )
    const last = all.at(-1)
    assert.isTrue(
      last !== undefined && live.has(last.runner),
      `lane ${lane} belongs to a runner that is gone\n${story}`
    )
    assert.isAtMost(now - (last?.at ?? 0), 3_000, `lane ${lane} has stopped\n${story}`)
  }
}
