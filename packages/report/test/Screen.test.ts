import { Screen } from "@effect-cql/report"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { outputOf } from "./support/output.ts"

const upAndErase = (rows: number) => `\r\u001b[${rows}A\u001b[J`

describe("Screen.bar", () => {
  it("is empty without room, as on a terminal that is narrower than the rest of a line", () => {
    for (const columns of [0, -3, Number.NaN]) assert.strictEqual(Screen.bar(0.5, columns), "")
    assert.strictEqual(Screen.bar(0.5, 4.7), "██░░")
  })

  it("shows a share that is not a number, such as 0 of 0, as nothing", () => {
    assert.strictEqual(Screen.bar(Number.NaN, 4), "░░░░")
    assert.strictEqual(Screen.bar(-1, 4) + Screen.bar(2, 4), "░░░░████")
  })
})

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

  it.effect("counts the cells of wide characters, and cuts none of them in half", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(true, 11)
      yield* Effect.gen(function*() {
        const screen = yield* Screen.make
        yield* screen.draw(
          () => ["用户用户用户", "👩‍👩‍👧 family of", "e\u0301e\u0301 accents", "한국어 テスト", "用户用户用"]
        )
        yield* screen.draw((columns) => [Screen.bar(1, columns)])
      }).pipe(Effect.scoped, Effect.provide(layer))
      assert.deepStrictEqual(displayed, [
        "\r\u001b[J用户用户…\n👩‍👩‍👧 family…\ne\u0301e\u0301 accents\n한국어 テ…\n用户用户用\n",
        `${upAndErase(5)}${"█".repeat(10)}\n`
      ])
    }))

  it.effect("draws no more lines than the terminal has, since it could not draw them again", () =>
    Effect.gen(function*() {
      for (const rows of [1, 2, 3, 6]) {
        const { displayed, layer } = outputOf(true, 40, rows)
        yield* Effect.gen(function*() {
          const screen = yield* Screen.make
          for (let time = 0; time < 2; time++) yield* screen.draw(() => ["a", "b", "c", "d", "e", "total"])
        }).pipe(Effect.scoped, Effect.provide(layer))
        const drawn = displayed.at(-1)!.split("\u001b[J")[1]!.trimEnd().split("\n")
        assert.lengthOf(drawn, Math.max(1, rows - 1))
        assert.strictEqual(drawn.at(-1), "total")
        assert.isTrue(displayed[1]!.startsWith(upAndErase(drawn.length)))
      }
    }))

  it.effect("draws what was asked for when it runs, not when it was made", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(true)
      yield* Effect.gen(function*() {
        const screen = yield* Screen.make
        const first = screen.draw(() => ["first"])
        const second = screen.draw(() => ["second"])
        yield* first
        yield* second
      }).pipe(Effect.scoped, Effect.provide(layer))
      assert.deepStrictEqual(displayed, ["\r\u001b[Jfirst\n", `${upAndErase(1)}second\n`])
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

  it.effect("draws nothing on a terminal that cannot move its cursor", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(true, 80, 24, "dumb")
      yield* Effect.gen(function*() {
        const screen = yield* Screen.make
        assert.isFalse(screen.isTerminal)
        yield* screen.draw(() => ["a bar"])
      }).pipe(Effect.scoped, Effect.provide(layer))
      assert.deepStrictEqual(displayed, [])
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
