/**
 * A program of its own, the parent of every server process. It keeps the promise that nothing outlives a test run: when
 * its standard input ends, because the run closed it or because the run was killed in whatever way, it kills what it
 * started and clears up. It runs in a process group of its own, so that Ctrl-C does not reach it first.
 *
 * It uses plain callbacks and nothing but Node, as it must stand before the first server is started, and must not be
 * brought down by what it looks after. One JSON text a line, both ways: `Order`s come in, `Report`s go out.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs"
import process from "node:process"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers"
import type { Order, Report } from "./supervision.ts"

const children = new Map<number, ChildProcess>()
/** Programs that were sent SIGSTOP and may still run. */
const pausing = new Set<number>()
const duties: Array<() => Promise<void>> = []
let ending = false

const report = (report: Report): void => {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const start = ({ args, command, cwd, id, log }: Extract<Order, { readonly _tag: "Start" }>): void => {
  const output = openSync(log, "a")
  const child = spawn(command, args, { cwd, stdio: ["ignore", output, output] })
  closeSync(output)
  // At once, not when it is reported: the end may come in between.
  if (child.pid !== undefined) children.set(id, child)
  child.once("spawn", () => report({ _tag: "Started", id, pid: child.pid ?? 0 }))
  child.once("error", (error) => report({ _tag: "Ended", id, how: error.message }))
  child.once("exit", (code, signal) => {
    children.delete(id)
    report({ _tag: "Ended", id, how: signal === null ? `exit code ${code}` : `signal ${signal}` })
    if (ending && children.size === 0) clearUp()
  })
}

/**
 * Runs a program until it succeeds. It is detached, as a signal to this process group must not reach what clears up;
 * but a new process leaves the group only after it was forked, and the signal that asks for the end comes just then.
 */
const run = (command: string, args: ReadonlyArray<string>, attempts = 5): Promise<void> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: "ignore", timeout: 15_000 })
    child.once("error", () => resolve())
    child.once("exit", (code) => resolve(code === 0 || attempts === 1 ? undefined : run(command, args, attempts - 1)))
  })

const removeDirectory = (path: string): Promise<void> =>
  new Promise((resolve) => {
    rmSync(path, { recursive: true, force: true, maxRetries: 10 })
    resolve()
  })

/** Returns true if no thread of a process runs; on systems other than Linux, where this cannot be read, always. */
const isStopped = (pid: number): boolean => {
  if (process.platform !== "linux") return true
  // Effect has no place in this program; see its first lines.
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      // The state is the letter behind the name, which is in parentheses and can hold any character.
      /^[TtZX]/.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1").replace(/^.*\) /s, ""))
    )
  } catch {
    // A thread has ended while they were read, or the process.
    return false
  }
}

/** Stops a program, and calls back when it has: on a busy machine its threads run for some time after the signal. */
const stop = (id: number, onStopped: () => void): void => {
  const child = children.get(id)
  if (child?.pid === undefined) return onStopped()
  const { pid } = child
  child.kill("SIGSTOP")
  pausing.add(id)
  const look = (): void => {
    // Another signal may have ended it, or resumed it.
    if (pausing.has(id) && children.get(id) === child && !isStopped(pid)) {
      setTimeout(look, 1)
      return
    }
    pausing.delete(id)
    onStopped()
  }
  look()
}

const obey = (order: Order): void => {
  switch (order._tag) {
    case "Start":
      return start(order)
    case "Signal": {
      const noted = () => report({ _tag: "Noted", id: order.id })
      if (order.signal === "SIGSTOP") return stop(order.program, noted)
      pausing.delete(order.program)
      children.get(order.program)?.kill(order.signal)
      return noted()
    }
    case "RemoveAtEnd": {
      duties.push(() => removeDirectory(order.directory))
      return report({ _tag: "Noted", id: order.id })
    }
    case "RunAtEnd": {
      duties.push(() => run(order.command, order.args))
      return report({ _tag: "Noted", id: order.id })
    }
  }
}

const clearUp = (): void => {
  const exit = () => process.exit(0)
  Promise.allSettled(duties.splice(0).map((duty) => duty())).then(exit, exit)
}

const end = (): void => {
  if (ending) return
  ending = true
  // SIGKILL ends a stopped process as well, and the data is thrown away anyhow.
  for (const child of children.values()) child.kill("SIGKILL")
  if (children.size === 0) clearUp()
}

// The reports of a supervisor whose run has ended have no reader.
process.stdout.on("error", () => {})
process.on("SIGINT", () => {})
process.on("SIGHUP", () => {})
process.on("SIGTERM", end)
process.on("uncaughtException", end)
const orders = createInterface({ input: process.stdin })
orders.on("line", (line) => {
  if (!ending) obey(JSON.parse(line))
})
orders.on("close", end)
report({ _tag: "Ready" })
