/** The processes of the contenders, as the benchmark sees them. */
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import { join } from "node:path"
import process from "node:process"
import { encodeSettings, type Settings } from "./workload.ts"

export interface Worker {
  /** CPU time that the process has used, in microseconds. */
  readonly cpu: Effect.Effect<number>
  /** Runs the plain copy, and gives its rows. */
  readonly run: Effect.Effect<number>
}

type Role = { readonly role: "plain" } | { readonly role: "runner"; readonly cluster: string; readonly port: number }

export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** The next message of a process. It fails the benchmark if there is none to come. */
const next = (child: ChildProcess): Effect.Effect<unknown> =>
  Effect.callback((resume) => {
    const onExit = () => resume(Effect.die(new Error("a process of the benchmark has ended by itself")))
    child.once("exit", onExit)
    child.once("message", (message) => {
      child.off("exit", onExit)
      resume(Effect.succeed(message))
    })
  })

/** Starts a process, which ends with the scope. */
export const start = Effect.fnUntraced(function*(settings: Settings, role: Role) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [join(import.meta.dirname, "process", "main.ts")], {
        env: { ...process.env, BENCH_JOBS: encodeSettings(settings), BENCH_ROLE: JSON.stringify(role) },
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  yield* next(child)
  const ask = (message: string) =>
    Effect.suspend(() => {
      child.send(message)
      return Effect.map(next(child), Number)
    })
  return { cpu: ask("cpu"), run: ask("run") } satisfies Worker
})
