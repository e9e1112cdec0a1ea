/** The demo of three processes on a pseudo-terminal: it ends well, and leaves no process behind however it ends. */
import { run, type Shown, until } from "@effect-cql/test-support/terminal"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import process from "node:process"

const program = join(import.meta.dirname, "../src/demo/cluster/main.ts")
const minutes = 8

/** The processes that descend from one, with itself. */
const family = (root: number): ReadonlyArray<number> => {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid="]).toString().trim().split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
  const found = [root]
  for (const parent of found) found.push(...all.flatMap(([pid = 0, ppid]) => ppid === parent ? [pid] : []))
  return found
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The processes of the demo while it copies: itself, three runners, and where it has started a server that of its own. */
const whileCopying = Effect.fnUntraced(function*(shown: Shown) {
  yield* until(shown, (lines) => lines.some((line) => /^lane 12 .*[1-9]\d* rows$/.test(line)), minutes)
  const pids = family(shown.pid)
  assert.isAtLeast(pids.length, 4)
  return pids
})

const areGone = (pids: ReadonlyArray<number>) =>
  Effect.sync(() => pids.filter(isAlive)).pipe(
    Effect.repeat({ schedule: Schedule.spaced("100 millis"), until: (alive) => alive.length === 0 }),
    Effect.timeout("30 seconds")
  )

describe("demo:cluster", () => {
  it.live("copies, loses a runner, and verifies every row", () =>
    Effect.scoped(Effect.gen(function*() {
      const shown = yield* run(program, [], 80)
      const pids = yield* whileCopying(shown)
      const board = (yield* shown.lines).filter((line) => line.startsWith("lane "))
      assert.strictEqual(board.length, 12)
      assert.isTrue(board.every((line) => line.length < 80))
      yield* until(shown, (lines) => lines.some((line) => line.includes("(dead)")), minutes)
      assert.strictEqual(yield* shown.exit, 0)
      const lines = yield* shown.lines
      assert.isTrue(lines.some((line) => line.includes("have new owners")), lines.join("\n"))
      assert.include(lines.at(-1), "rows copied and verified")
      assert.isFalse(shown.changesMode())
      yield* areGone(pids)
    })), 600_000)

  for (
    const [end, stop] of [
      ["Ctrl-C", (shown: Shown) => shown.type("\u0003")],
      ["SIGTERM", (shown: Shown) => shown.signal("SIGTERM")],
      ["a kill", (shown: Shown) => shown.signal("SIGKILL")]
    ] as const
  ) {
    it.live(`leaves no process and a usable terminal behind after ${end}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const shown = yield* run(program, [], 80)
        const pids = yield* whileCopying(shown)
        yield* stop(shown)
        yield* shown.exit
        yield* areGone(pids)
        const lines = yield* shown.lines
        assert.isFalse(shown.changesMode())
        // The terminal itself shows what was typed.
        assert.isTrue(shown.isCursorAtBegin() || lines.at(-1) === "^C")
      })), 600_000)
  }
})
