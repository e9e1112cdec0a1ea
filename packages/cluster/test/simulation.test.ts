/** Real sharding on the virtual clock, with runners that are killed, frozen, stopped and started. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { check } from "./support/invariants.ts"
import { run } from "./support/world.ts"

describe("a lane has one owner that passes its fence, and soon has one again", () => {
  let refused = 0
  for (const seed of [1, 2, 3]) {
    it.effect(`in the world of seed ${seed}`, () =>
      Effect.gen(function*() {
        const world = yield* run({ seed, runners: 5, lanes: 12, events: 6 })
        check(world, 12)
        assert.isAbove(world.saved.length, 12 * 60)
        refused += world.refused
      }), 120_000)
  }

  it("and the fence was needed: former owners were refused", () => {
    assert.isAbove(refused, 0)
  })
})
