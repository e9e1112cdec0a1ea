import { assert, describe, it } from "@effect/vitest"
import { type Lane, lineOf, linesOf, type Owner } from "../src/demo/cluster/board.ts"

const runner = (number: number, isAlive = true): Owner => ({ name: `runner ${number}`, isAlive })

const lane = (owner: Owner | undefined, done: number, rows: number): Lane => ({ owner, units: 4, done, rows })

const moment = {
  total: 40_000,
  lanes: [
    lane(runner(1), 2, 5_000),
    lane(runner(2, false), 1, 2_500),
    lane(undefined, 0, 0),
    lane(runner(3), 4, 9_870)
  ]
}

describe("the board of the cluster's demo", () => {
  it("has a bar for each lane with its owner, in 80 columns", () => {
    const lines = linesOf(moment, 79)
    assert.deepStrictEqual(lines.map((line) => line.replace(/[█░]+/, "bar")), [
      "lane  1  runner 1         bar  2/4 units   5,000 rows",
      "lane  2  runner 2 (dead)  bar  1/4 units   2,500 rows",
      "lane  3  no owner         bar  0/4 units       0 rows",
      "lane  4  runner 3         bar  4/4 units   9,870 rows",
      lineOf(moment)
    ])
    assert.isTrue(lines.slice(0, -1).every((line) => line.length <= 79))
    const full = lines.map((line) => line.replaceAll(/[^█]/g, "").length)
    const whole = lines.map((line) => line.replaceAll(/[^█░]/g, "").length)
    assert.deepStrictEqual(full.slice(0, 4), [
      Math.floor((whole[0] ?? 0) / 2),
      Math.floor((whole[1] ?? 0) / 4),
      0,
      whole[3]
    ])
  })

  it("leaves the bars out where there is no room", () => {
    assert.isTrue(linesOf(moment, 45).every((line) => !line.includes("█")))
  })

  it("has one line for a log", () => {
    assert.strictEqual(
      lineOf(moment),
      "17,370 of 40,000 rows, 43 %; lanes of no owner: 1, runner 1: 1, runner 2 (dead): 1, runner 3: 1"
    )
  })

  it("shows a job without rows", () => {
    const lines = linesOf({ total: 0, lanes: [{ owner: undefined, units: 0, done: 0, rows: 0 }] }, 79)
    assert.match(lines[1] ?? "", /^0 of 0 rows/)
    assert.notInclude(lines.join(), "NaN")
  })
})
