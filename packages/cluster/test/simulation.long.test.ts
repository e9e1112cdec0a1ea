/** Fifty larger worlds: see `simulation.test.ts`. */
import { describe, it } from "vitest"
import { check } from "./support/invariants.ts"
import { run } from "./support/world.ts"

describe("a lane has one owner that passes its fence, and soon has one again; a job counts each row once", () => {
  for (let seed = 100; seed < 150; seed++) {
    it(`in the world of seed ${seed}`, async () => {
      check(await run({ seed, runners: 12, lanes: 24, events: 12 }))
    }, 300_000)
  }
})
