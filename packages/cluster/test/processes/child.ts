/** Processes of a test. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"

export interface Child {
  /** Kills the process, and waits until it has ended. */
  readonly kill: Effect.Effect<void>
}

/** Starts a script of this folder with its settings, and kills it at the end of the scope. */
export const start = (script: string, settings: object): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [join(import.meta.dirname, script)], {
          env: { ...process.env, RUNNER: JSON.stringify(settings) },
          stdio: ["ignore", "ignore", "inherit"]
        })
      ),
      kill
    ),
    (child) => ({ kill: kill(child) })
  )

const kill = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })
