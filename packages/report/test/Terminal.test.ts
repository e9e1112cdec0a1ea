import { run, until } from "@effect-cql/test-support/terminal"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"

const program = join(import.meta.dirname, "support/program.ts")

const countOf = (lines: ReadonlyArray<string>, part: string) => lines.filter((line) => line.includes(part)).length

const ends = [
  ["a defect", ["--fail"], undefined],
  ["an interrupt", ["--endless"], "SIGINT"],
  ["a kill", ["--endless"], "SIGKILL"]
] as const

// A process of its own has to start, which takes long on a busy machine.
const patience = 120_000

describe("on a pseudo-terminal", () => {
  it.live(
    "redraws its lines in their place, and leaves the screen as it should be",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const shown = yield* run(program)
        const during = yield* until(shown, (lines) => lines.some((line) => line.includes("░")))
        assert.strictEqual(countOf(during, "/600"), 1, during.join("\n"))
        assert.strictEqual(yield* shown.exit, 0)
        const lines = yield* until(shown, (lines) => lines.includes("after"))
        assert.strictEqual(lines[0], "before")
        assert.match(lines[1]!, /^users {2}█+ {2}600\/600 100% in \d/)
        assert.match(lines[2]!, /\/s now, .*\/s overall.*p50 .*p99 .*p99\.9 /)
        assert.match(lines[3]!, /^0 of 20 in flight$/)
        assert.deepStrictEqual(lines.slice(4), ["after"])
        assert.isFalse(shown.changesMode())
        assert.isTrue(shown.isCursorAtBegin())
      })),
    patience
  )

  it.live("fits a terminal that is resized", () =>
    Effect.scoped(Effect.gen(function*() {
      const shown = yield* run(program, ["--endless"])
      yield* until(shown, (lines) => lines.some((line) => line.includes("600/600")))
      yield* shown.resize(50)
      const narrow = yield* until(shown, (lines) =>
        lines.every((line) =>
          line.length < 50
        ) && countOf(lines, "600/600") === 1 && countOf(lines, "in flight") === 1)
      assert.isAbove(countOf(narrow, "…"), 0, narrow.join("\n"))
      yield* shown.resize(120)
      const wide = yield* until(shown, (lines) => countOf(lines, "p99.9") === 1)
      assert.strictEqual(countOf(wide, "600/600"), 1, wide.join("\n"))
      assert.strictEqual(countOf(wide, "before"), 1)
    })), patience)

  for (const [end, args, signal] of ends) {
    it.live(`leaves a usable terminal behind after ${end}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const shown = yield* run(program, args)
        yield* until(shown, (lines) => lines.some((line) => line.includes("in flight")))
        if (signal !== undefined) yield* shown.signal(signal)
        yield* shown.exit
        yield* shown.lines
        assert.isFalse(shown.changesMode())
        assert.isTrue(shown.isCursorAtBegin())
      })), patience)
  }
})
