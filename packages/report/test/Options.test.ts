/** Options that cannot be: each is refused with its name, before a run starts. */
import { InvalidOptions } from "@effect-cql/core"
import { Reporter, RunReport } from "@effect-cql/report"
import { defectOf } from "@effect-cql/test-support/runs"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const wrong = (options: object) => options as never

const refused: ReadonlyArray<readonly [name: string, make: () => unknown, message: RegExp]> = [
  ["titel of Reporter.console", () => Reporter.console(wrong({ titel: "users" })), /titel: .*nearest is title\)/],
  ["total NaN", () => Reporter.console({ total: Number.NaN }), /total: expected an integer of at least 0, got NaN/],
  ["total -1", () => Reporter.console({ total: -1 }), /total: expected an integer of at least 0, got -1/],
  ["every of no unit", () => Reporter.console(wrong({ every: "5 sekunden" })), /every: expected .*got "5 sekunden"/],
  ["every -5", () => Reporter.console({ every: -5 }), /every: expected .*got -5/],
  ["titel of Reporter.json", () => Reporter.json(wrong({ titel: "users" })), /titel: .*nearest is title\)/],
  ["setting of RunReport.make", () => RunReport.make(wrong({ setting: {} })), /setting: .*nearest is settings\)/],
  ["setting of RunReport.html", () => RunReport.html("x", wrong({ setting: {} })), /setting: .*nearest is settings\)/],
  [
    "settings of another type",
    () => RunReport.make(wrong({ settings: { a: {} } })),
    /settings: expected .*got an object/
  ],
  ["a title of another type", () => RunReport.make(wrong({ title: 5 })), /title: expected .*got 5/]
]

describe("an option of a reporter that cannot be", () => {
  for (const [name, make, message] of refused) {
    it.effect(`is refused: ${name}`, () =>
      Effect.gen(function*() {
        const used = Effect.suspend((): Effect.Effect<unknown> => {
          const made = make()
          return Effect.isEffect(made) ? made as Effect.Effect<unknown> : Effect.void
        })
        const defect = defectOf(yield* Effect.exit(Effect.scoped(used)))
        assert.instanceOf(defect, InvalidOptions)
        assert.match(String(defect), message)
      }).pipe(Effect.provide(NodeServices.layer)))
  }
})
