/** Real sharding in virtual time, with runners that are killed, frozen, stopped, restarted and started. */
import { assert, describe, it } from "vitest"
import { check } from "./support/invariants.ts"
import { run } from "./support/world.ts"

const size = { runners: 12, lanes: 16, events: 6 }

describe("a lane has one owner that passes its fence, and soon has one again; a job counts each row once", () => {
  let refused = 0
  for (let seed = 1; seed <= 6; seed++) {
    it(`in the world of seed ${seed}`, async () => {
      const history = await run({ seed, ...size })
      check(history)
      refused += history.refused
    }, 120_000)
  }

  it("and the fence was needed: former owners were refused", () => {
    assert.isAbove(refused, 0)
  })
})

describe("a world", () => {
  const small = { runners: 5, lanes: 6, events: 4 }

  it("is the same for the same seed", async () => {
    const [one, other] = [await run({ seed: 4, ...small }), await run({ seed: 4, ...small })]
    assert.deepStrictEqual(one.saved, other.saved)
    assert.strictEqual(one.story, other.story)
  }, 120_000)

  for (
    const [broken, found] of [
      ["fence", /former owner|counted/],
      ["locks", /two owners/],
      ["count", /rows/],
      ["limits", /in flight|started from/]
    ] as const
  ) {
    it(`breaks the invariants, and says how, if the ${broken} does not work`, async () => {
      let problem = ""
      for (let seed = 1; seed <= 8 && problem === ""; seed++) {
        const history = await run({ seed, ...small, broken })
        try {
          check(history)
        } catch (error) {
          problem = String(error)
        }
      }
      assert.match(problem, found)
      assert.match(problem, /world of seed \d, 6 lanes:\n +\d+ ms {2}/)
    }, 120_000)
  }
})
