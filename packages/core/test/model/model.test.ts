/**
 * Both engines do exactly what the rules say, over random cases: see `rules.ts` for the rules, as a program.
 *
 * `MODEL_SEED=... npm test -- model` replays one seed in every family, `MODEL_CASES=...` sets how many each family has.
 */
import { it } from "@effect/vitest"
import { checkOpenSeed, checkSeed } from "./check.ts"
import { families, type Family } from "./generate.ts"

const replayed = process.env["MODEL_SEED"]
const cases = Number(process.env["MODEL_CASES"] ?? 400)
const timeout = 120_000

const forSeeds = async (count: number, checkOne: (seed: number) => Promise<unknown>): Promise<void> => {
  if (replayed !== undefined) return void await checkOne(Number(replayed))
  for (let seed = 1; seed <= count; seed++) await checkOne(seed)
}

for (const family of Object.keys(families) as Array<Family>) {
  it(
    `${family}: a run does what the rules predict, to the instant`,
    { timeout },
    () => forSeeds(cases, (seed) => checkSeed(family, seed))
  )
}

it(
  "more in an instant than one turn of the event loop takes: order, bounds and accounts hold",
  { timeout },
  () => forSeeds(Math.ceil(cases / 10), checkOpenSeed)
)
