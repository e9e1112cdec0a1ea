import * as Effect from "effect/Effect"
import { execFile, spawn } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

/**
 * A separate temporary directory for all processes that are started inside of the scope. The directory of a server lies
 * in it, and the arguments of its processes contain it. This distinguishes leftover processes from all others.
 */
export const ownTemporaryDirectory = Effect.acquireRelease(
  Effect.promise(async () => {
    const before = process.env["TMPDIR"]
    const directory = await mkdtemp(join(tmpdir(), "effect-cql-test-"))
    process.env["TMPDIR"] = directory
    return { directory, before }
  }),
  ({ before, directory }) =>
    Effect.promise(async () => {
      if (before === undefined) delete process.env["TMPDIR"]
      else process.env["TMPDIR"] = before
      await rm(directory, { recursive: true, force: true })
    })
).pipe(Effect.map(({ directory }) => directory))

/** The command lines of the processes that name this text, without the one that looks for them. */
export const processesWith = (text: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    execFile("ps", ["-eo", "pid=,args="], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout) => {
      const lines = stdout.split("\n").filter((line) => line.includes(text))
      resume(error === null ? Effect.succeed(lines.map((line) => line.slice(0, 120))) : Effect.die(error))
    })
  })

/** Entries of a directory; none if it does not exist. */
export const filesIn = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() => readdir(directory).catch(() => []))

/** Starts the program that holds a server, waits for its address, and gives the way to kill it. */
export const heldServer = (provider: "docker" | "jvm") =>
  Effect.acquireRelease(
    Effect.callback<{ readonly contactPoint: string; readonly kill: Effect.Effect<void> }>((resume) => {
      const program = fileURLToPath(new URL("./heldServer.ts", import.meta.url))
      const child = spawn(process.execPath, [program, provider], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, NODE_OPTIONS: "" }
      })
      const kill = Effect.sync(() => {
        child.kill("SIGKILL")
      })
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.startsWith("CONTACT ")) resume(Effect.succeed({ contactPoint: line.slice("CONTACT ".length), kill }))
      })
      child.once("exit", (code) => resume(Effect.die(new Error(`the program that holds a server ended: ${code}`))))
    }),
    ({ kill }) => kill
  )
