import { Screen } from "@effect-cql/report"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { outputOf } from "./support/output.ts"

const upAndErase = (rows: number) => `\r\u001b[${rows}A\u001b[J`

describe("Screen", () => {
  it.effect("draws lines in their place, cut to the width, and prints others above them", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(true, 21)
      yield* Effect.gen(function*() {
        const screen = yield* Screen.make
        assert.isTrue(screen.isTerminal)
        yield* screen.print("before")
        yield* screen.draw((columns) => ["copying", Screen.bar(0.5, columns), "x".repeat(30)])
        yield* screen.print("half of it is done")
        yield* screen.draw(() => ["done"])
      }).pipe(Effect.scoped, Effect.provide(layer))
      const block = `copying\n${"█".repeat(10)}${"░".repeat(10)}\n${"x".repeat(19)}…\n`
      assert.deepStrictEqual(displayed, [
        "before\n",
        `\r\u001b[J${block}`,
        `${upAndErase(3)}half of it is done\n${block}`,
        `${upAndErase(3)}done\n`
      ])
    }))

  it.effect("prints lines and draws none where the output is no terminal", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(false)
      yield* Effect.gen(function*() {
        const screen = yield* Screen.make
        assert.isFalse(screen.isTerminal)
        yield* screen.draw(() => ["a bar"])
        yield* screen.print("a line")
      }).pipe(Effect.scoped, Effect.provide(layer))
      assert.deepStrictEqual(displayed, [])
      assert.deepStrictEqual(yield* TestConsole.logLines, ["a line"])
    }))

  it("has a bar for every share", () => {
    assert.deepStrictEqual([-1, 0, 0.25, 1, 2].map((share) => Screen.bar(share, 4)), [
      "░░░░",
      "░░░░",
      "█░░░",
      "████",
      "████"
    ])
  })
})
