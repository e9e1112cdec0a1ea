/**
 * Both engines do exactly what the rules say, over random cases: see `rules.ts` for the rules, as a program.
 *
 * `MODEL_SEED=... npm test -- model` replays one seed in every family, `MODEL_CASES=...` sets how many each family has.
 */
import { it } from "@effect/vitest"
import { checkSeed } from "./check.ts"
import { families, type Family } from "./generate.ts"

const replayed = process.env["MODEL_SEED"]
const cases = Number(process.env["MODEL_CASES"] ?? 400)
const firstSeed = 1

for (const family of Object.keys(families) as Array<Family>) {
  it(`${family}: a run does what the rules predict, to the instant`, { timeout: 120_000 }, async () => {
    if (replayed !== undefined) return checkSeed(family, Number(replayed))
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) await checkSeed(family, seed)
  })
}
