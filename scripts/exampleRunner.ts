// Runs the modules of its arguments, each once the one before has nothing left to do, and prints `done <module>`.
// It ends with the first that fails, hangs, or waits for what never comes: the process that started it goes on after it.
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const timeout = 20_000
const modules = process.argv.slice(2)
let current: string | undefined
let settled = true

// It only prints by itself, here it ends the example.
console.assert = (condition?: boolean, ...about: Array<unknown>): void => {
  if (condition !== true) throw new Error(`console.assert: ${about.join(" ")}`)
}

const fail = (problem: string): never => {
  console.error(problem)
  process.exit(1)
}

const start = (module: string): void => {
  settled = false
  const timer = setTimeout(() => {
    if (current === module) fail(`still runs after ${timeout / 1000} s`)
  }, timeout)
  timer.unref()
  void import(pathToFileURL(join(process.cwd(), module)).href).then(() => settled = true)
}

process.on("beforeExit", () => {
  if (!settled) fail("waits for a promise that nothing will settle")
  if (process.exitCode !== undefined && process.exitCode !== 0) fail(`set the exit code ${process.exitCode}`)
  if (current !== undefined) console.log(`done ${current}`)
  const module = current = modules.shift()
  // Not at once: this event comes again only after the event loop had something to do.
  if (module !== undefined) setImmediate(start, module)
})
