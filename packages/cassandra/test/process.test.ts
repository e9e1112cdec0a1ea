import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { cqlNodes } from "./support/cqlNodes.ts"

const script = fileURLToPath(new URL("./support/service.ts", import.meta.url))

/** Starts the service, which is killed at the end of the scope where it has not ended. */
const service = (contactPoint: string, mode: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [script, contactPoint, mode], { stdio: ["pipe", "pipe", "inherit"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const said = (child: ChildProcess, line: string) =>
  Effect.callback<void>((resume) => {
    let output = ""
    child.stdout?.on("data", (data) => {
      output += String(data)
      if (output.includes(line)) resume(Effect.void)
    })
  }).pipe(Effect.timeout("60 seconds"))

/** The milliseconds until a process has ended. */
const ends = (child: ChildProcess) =>
  Effect.callback<number>((resume) => {
    const begin = performance.now()
    // Its end may be noticed before its last line is.
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.succeed(0))
    child.once("exit", () => resume(Effect.succeed(performance.now() - begin)))
  }).pipe(Effect.timeout("10 seconds"))

describe("a process whose session is closed", () => {
  const rounds = Number(process.env["EXIT_ROUNDS"] ?? 3)
  it.live(`ends after an outage of all nodes, ${rounds} times`, () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      for (let round = 0; round < rounds; round++) {
        const child = yield* service(node!.address, "outage")
        yield* said(child, "open")
        yield* node!.stop
        yield* Effect.sleep(`${200 + 400 * (round % 4)} millis`)
        const back = said(child, "back")
        child.stdin?.write("go\n")
        yield* node!.start
        yield* back
        assert.isBelow(yield* ends(child), 3_000)
      }
    }).pipe(Effect.scoped), 60_000 + rounds * 60_000)

  it.live("ends within two seconds of SIGINT while its node hangs", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const child = yield* service(node!.address, "hang")
      yield* said(child, "open")
      node!.silence({ newOnes: true })
      child.stdin?.write("go\n")
      yield* Effect.sleep("500 millis")
      const ended = yield* Effect.forkChild(ends(child), { startImmediately: true })
      child.kill("SIGINT")
      assert.isBelow(yield* Fiber.join(ended), 2_000)
    }).pipe(Effect.scoped), 120_000)
})
