// Helpers of the scripts: the root of the repository, child processes, and a line per stage.
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"

export const root = join(import.meta.dirname, "..")

const isPublished = (name: string): boolean => {
  const manifest = join(root, "packages", name, "package.json")
  return existsSync(manifest) && !(JSON.parse(readFileSync(manifest, "utf8")) as { private?: boolean }).private
}

/** The packages that are published: each folder of a manifest that is not private. */
export const published = readdirSync(join(root, "packages")).filter(isPublished).toSorted()

export interface Finished {
  readonly code: number
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string | undefined>
  /** Milliseconds until the child is killed. */
  readonly timeout?: number
}

/** Runs a command of the dependencies, or of the machine, and collects what it prints. It does not fail. */
export const run = (command: string, args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Finished> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeout
    })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("error", (error) => resolve({ code: 1, output: `${command}: ${error.message}` }))
    child.on("close", (code, signal) => resolve({ code: code ?? 1, output: signal ? `${output}\n${signal}` : output }))
  })

/** Runs stages one after the other, with a line for each, and the output of those that fail. Gives the failed names. */
export const runStages = async (stages: Record<string, () => Promise<Finished>>): Promise<Array<string>> => {
  const failed: Array<string> = []
  for (const [name, stage] of Object.entries(stages)) {
    const start = performance.now()
    const { code, output } = await stage()
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds(performance.now() - start)}`)
    if (code === 0) continue
    failed.push(name)
    console.log(`\n${output.trim()}\n`)
  }
  return failed
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`
