/**
 * `npm run bench:decode`: what decoding a row of ten columns costs, beside code by hand with the same checks and conversions.
 *
 * docs/benchmarks.md describes the comparison. `--quick` takes fewer rows and rounds.
 */
import { Effect } from "effect"
import { atMost, conclude, printTable, type Row } from "../internal/report.ts"
import { measure } from "../internal/rounds.ts"
import { contenderNames, contenders, kinds } from "./contenders.ts"

const quick = process.argv.includes("--quick")
const plan = { statements: quick ? 20_000 : 50_000, rounds: quick ? 9 : 21, warmUp: 4, runsBefore: 2 }
const budget = 1.5

const main = Effect.gen(function*() {
  const measured = yield* Effect.forEach(kinds, (kind) =>
    Effect.gen(function*() {
      const samples = yield* Effect.flatMap(
        contenders(kind, plan.statements),
        (each) => Effect.promise(() => measure(each, plan))
      )
      printTable(
        kind.name,
        ["us a row", "CPU", "wall"],
        samples.names.map((name): Row => [name, samples.median(name), samples.median(name, "wall")])
      )
      const { high, low, median } = samples.ratio(contenderNames.typed, contenderNames.byHand, contenderNames.untyped)
      console.log(`to code by hand: ${median.toFixed(2)} (quartiles ${low.toFixed(2)} to ${high.toFixed(2)})`)
      return { kind: kind.name, median, samples }
    }))
  conclude(
    "decode",
    measured.map(({ kind, median }) => atMost(`${kind}, to code by hand`, median, budget)),
    { plan, measured }
  )
}).pipe(Effect.scoped)

await Effect.runPromise(main)
