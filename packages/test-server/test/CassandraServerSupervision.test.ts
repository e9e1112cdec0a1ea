import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { mkdtemp, readFile } from "node:fs/promises"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { loadPlatform } from "../src/internal/platform.ts"
import * as Supervision from "../src/internal/supervision.ts"
import { filesIn, processesWith } from "./support/processes.ts"

const newDirectory = Effect.promise(() => mkdtemp(join(tmpdir(), "effect-cql-supervision-")))

/** Runs with a supervisor, which has done all its duties when this is over. */
const supervised = <A, E>(use: (supervisor: Supervision.Supervisor) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.flatMap(
    loadPlatform,
    (platform) => Supervision.make.pipe(Effect.flatMap(use), Effect.scoped, Effect.provide(platform))
  )

const shell = (directory: string, script: string): Supervision.Program => ({
  command: "sh",
  args: ["-c", `${script} # ${directory}`],
  cwd: directory,
  log: join(directory, "log")
})

describe("the supervisor", () => {
  it.live("does its duties even when the end comes at once", () =>
    Effect.gen(function*() {
      const directory = yield* newDirectory
      // The signal of the end meets the first instants of a process: once is no proof.
      const names = Array.from({ length: 12 }, (_, index) => `file${index}`)
      yield* Effect.forEach(names, (name) =>
        supervised((supervisor) => supervisor.runAtEnd("touch", [join(directory, name)])), { concurrency: 4 })
      assert.sameMembers([...(yield* filesIn(directory))], names)
      yield* supervised((supervisor) =>
        supervisor.removeAtEnd(directory)
      )
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }), 60_000)

  it.live("runs a duty again that did not succeed", () =>
    Effect.gen(function*() {
      const directory = yield* newDirectory
      const script = `echo try >> ${directory}/tries; test $(wc -l < ${directory}/tries) -ge 3`
      yield* supervised((supervisor) => supervisor.runAtEnd("sh", ["-c", script]))
      const tries = yield* Effect.promise(() => readFile(join(directory, "tries"), "utf8"))
      assert.strictEqual(tries, "try\ntry\ntry\n")
      yield* supervised((supervisor) => supervisor.removeAtEnd(directory))
    }), 60_000)

  it.live("kills what runs at the end, paused or not, before it removes the directory", () =>
    Effect.gen(function*() {
      const directory = yield* newDirectory
      yield* supervised(Effect.fnUntraced(function*(supervisor) {
        yield* supervisor.removeAtEnd(directory)
        const writer = "trap '' TERM; while :; do echo busy > busy; done"
        yield* supervisor.start(shell(directory, writer))
        const paused = yield* supervisor.start(shell(directory, writer))
        yield* paused.signal("SIGSTOP")
        assert.strictEqual((yield* processesWith(directory)).length, 2)
      }))
      assert.deepStrictEqual(yield* processesWith(directory), [])
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }), 60_000)

  it.live.skipIf(process.platform !== "linux")(
    "has sent a signal when the effect of it succeeds",
    () =>
      Effect.gen(function*() {
        const directory = yield* newDirectory
        yield* supervised(Effect.fnUntraced(function*(supervisor) {
          yield* supervisor.removeAtEnd(directory)
          const program = yield* supervisor.start(shell(directory, "sleep 60"))
          const [, parent] = (yield* Effect.promise(() => readFile(`/proc/${program.pid}/status`, "utf8")))
            .match(/^PPid:\s*(\d+)$/m) ?? assert.fail("no parent")
          process.kill(Number(parent), "SIGSTOP")
          const signal = yield* Effect.forkChild(program.signal("SIGKILL"))
          yield* Effect.sleep(200)
          assert.isUndefined(signal.pollUnsafe())
          process.kill(Number(parent), "SIGCONT")
          yield* Fiber.join(signal)
          assert.strictEqual(yield* program.ended, "signal SIGKILL")
        }))
      }),
    60_000
  )

  it.live.skipIf(process.platform !== "linux")(
    "has stopped a program when the effect of its signal succeeds, on a busy machine as well",
    () =>
      Effect.gen(function*() {
        const directory = yield* newDirectory
        yield* supervised(Effect.fnUntraced(function*(supervisor) {
          yield* supervisor.removeAtEnd(directory)
          const busy = shell(directory, "while :; do :; done")
          yield* Effect.forEach(Array.from({ length: 2 * availableParallelism() }), () => supervisor.start(busy))
          const program = yield* supervisor.start({ ...busy, command: "nice", args: ["-n", "19", "sh", ...busy.args] })
          const states: Array<string> = []
          for (let round = 0; round < 10; round++) {
            yield* program.signal("SIGSTOP")
            const status = yield* Effect.promise(() => readFile(`/proc/${program.pid}/status`, "utf8"))
            states.push(status.match(/^State:\s*(.*)$/m)?.[1] ?? "none")
            yield* program.signal("SIGCONT")
          }
          assert.deepStrictEqual(states, Array.from({ length: 10 }, () => "T (stopped)"))
        }))
      }),
    60_000
  )

  it.live("reports what ended a program", () =>
    Effect.gen(function*() {
      const directory = yield* newDirectory
      yield* supervised(Effect.fnUntraced(function*(supervisor) {
        yield* supervisor.removeAtEnd(directory)
        const failing = yield* supervisor.start(shell(directory, "exit 3"))
        assert.strictEqual(yield* failing.ended, "exit code 3")
        const killed = yield* supervisor.start(shell(directory, "sleep 60"))
        yield* killed.signal("SIGKILL")
        assert.strictEqual(yield* killed.ended, "signal SIGKILL")
        const missing = yield* Effect.flip(supervisor.start({ ...shell(directory, ""), command: "/no/such/program" }))
        assert.include(missing, "ENOENT")
      }))
    }), 60_000)
})
