// Runs a task of this repository on a machine that has only Node 20+ and npm:
//
//   node scripts/run.mjs [--node <release>] <task> [arguments]
//
// It installs the dependencies with the pnpm that package.json names, when the lockfile differs from what is
// installed, and then starts the task with the newer Node that is one of those dependencies. The task is a direct
// child (no npx, pnpm or shell between), so that a signal reaches it and its exit code comes back.
//
// `--node 22` starts the task with the Node that runs this script instead, and fails if that is not a release of 22.
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { constants } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const tasks = {
  install: ["--eval", "0"],
  demo: ["packages/examples/src/demo/main.ts"],
  "demo:cluster": ["packages/examples/src/demo/cluster/main.ts"],
  app: ["packages/examples/src/app/main.ts"],
  test: ["scripts/test.ts"],
  "test:examples": ["scripts/examples.ts"],
  "test:faults": ["packages/cassandra/test/faults/main.ts"],
  check: ["scripts/check.ts"],
  "check:api": ["scripts/api.ts"],
  "check:packed": ["scripts/packed.ts"],
  "bench:engine": ["packages/benchmarks/src/engine/main.ts"],
  "bench:adapter": ["packages/benchmarks/src/adapter/main.ts"],
  "bench:jobs": ["packages/benchmarks/src/jobs/main.ts"],
  "bench:decode": ["packages/benchmarks/src/decode/main.ts"],
  "test:long": ["scripts/long.ts"],
  "test:random": ["scripts/random.ts"],
  image: ["packages/test-server/src/internal/image/main.ts"],
  "newest:driver": ["scripts/newestDriver.ts"],
  release: ["scripts/release.ts"],
  soak: ["packages/core/test/model/soak.ts"],
  fuzz: ["packages/cassandra/test/fuzz/main.ts"],
  mutants: ["scripts/mutants.ts"],
  "simulate:limiters": ["packages/core/test/limiter/compare.ts"],
  "simulate:cluster": ["packages/cluster/test/simulate/main.ts"],
  "prove:cluster": ["packages/cluster/test/prove/main.ts"],
  format: ["node_modules/dprint/bin.cjs", "fmt"]
}

const root = fileURLToPath(new URL("..", import.meta.url))
const windows = process.platform === "win32"
const bundled = join(root, "node_modules", "node", "bin", windows ? "node.exe" : "node")

const fail = (message) => {
  console.error(message)
  process.exit(1)
}

/** Starts a child and waits until it has ended, also when it is to stop: it may have a server to shut down. */
const run = (command, args, options) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, ...options })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output += chunk)
    // Ctrl-C in a terminal reaches the child by itself, `kill` does not: a child must take a repeated signal well.
    const stop = (signal) => child.kill(signal === "SIGINT" ? "SIGINT" : "SIGTERM")
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
    signals.forEach((signal) => process.on(signal, stop))
    // The shell that npm puts in between passes no signal on: ending npm leaves this process without a parent.
    const parent = process.ppid
    const watch = setInterval(() => process.env.npm_lifecycle_event && process.ppid !== parent && stop("SIGTERM"), 500)
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearInterval(watch)
      signals.forEach((signal) => process.off(signal, stop))
      resolve({ code: code ?? 128 + constants.signals[signal], output })
    })
  })

const isInstalled = () => {
  const installed = join(root, "node_modules", ".pnpm", "lock.yaml")
  const read = (path) => readFileSync(path, "utf8")
  return existsSync(bundled) && existsSync(installed) && read(installed) === read(join(root, "pnpm-lock.yaml"))
}

const install = async () => {
  const manager = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager
  console.error(`Installing the dependencies with ${manager} ...`)
  const { code, output } = await run("npx", ["-y", manager, "install", "--frozen-lockfile"], {
    env: { ...process.env, CI: "true" },
    shell: windows,
    stdio: ["ignore", "pipe", "pipe"]
  }).catch(() => fail("npx was not found. Install Node.js 20 or newer together with npm: https://nodejs.org"))
  if (code === 0 && existsSync(bundled)) return
  fail(`${output}\nThe dependencies could not be installed (exit code ${code}). The output above says why.`)
}

const given = process.argv.slice(2)
const release = given[0] === "--node" ? given[1] : undefined
const [name, ...rest] = release === undefined ? given : given.slice(2)
// `npm run <task> -- <arguments>` leaves the dashes out, and `pnpm run` passes them on.
const args = rest[0] === "--" ? rest.slice(1) : rest

if (release !== undefined && release !== process.versions.node.split(".")[0]) {
  fail(`--node: expected to run on Node.js ${release}, got ${process.version}. Start this script with that Node.js.`)
}
if (Number.parseInt(process.versions.node, 10) < 20) {
  fail(`Node.js ${process.versions.node} is too old. Install Node.js 20 or newer: https://nodejs.org`)
}
if (!Object.hasOwn(tasks, name ?? "")) {
  fail(`Unknown task ${JSON.stringify(name)}. The tasks are: ${Object.keys(tasks).join(", ")}`)
}
if (!isInstalled()) await install()

const runtime = release === undefined ? bundled : process.execPath
// Children find this runtime by its name as well. The programs of the dependencies come with the bundled one.
const path = [dirname(runtime), join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter)
const { code } = await run(runtime, [...tasks[name], ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: path, ...(release === undefined ? {} : { EFFECT_CQL_NODE: release }) }
})
process.exit(code)
