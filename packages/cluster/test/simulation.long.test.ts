/** Many worlds: twelve runners, fifty seeds. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { check } from "./support/invariants.ts"
import { run } from "./support/world.ts"

describe("a lane has one owner that passes its fence, and soon has one again", () => {
  for (let seed = 100; seed < 150; seed++) {
    it.effect(
      `in the world of seed ${seed}`,
      () => Effect.map(run({ seed, runners: 12, lanes: 24, events: 12 }), (world) => check(world, 24)),
      300_000
    )
  }
})
