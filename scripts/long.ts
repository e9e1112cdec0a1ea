// `npm run test:long`: the tests that take longer than `npm test` may. The nightly workflow runs them.
//
// Stages: `files` (the tests in *.long.test.ts: rings of three nodes, servers of other versions), `4.0` and `4.1` (the
// adapter's tests on the older releases of Cassandra, which need a JDK 11), and `seeds` (ten minutes of random cases).
// Arguments are names of stages; without arguments all of them run. Every stage runs, whatever failed before it.
import { spawn } from "node:child_process"
import { performance } from "node:perf_hooks"
import { root, seconds } from "./support.ts"

/** Runs a program of Node with its output shown, and gives its exit code. */
const show = (args: ReadonlyArray<string>, env: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" })
    child.on("error", () => resolve(1))
    child.on("close", (code) => resolve(code ?? 1))
  })

/** The adapter's tests on a version. Without a server of it they fail: a version that was not run must not look fine. */
const onVersion = (version: string) => (): Promise<number> =>
  show(["scripts/test.ts", "--project", "cassandra"], {
    CI: "true",
    EFFECT_CQL_SERVER_VERSION: version
  })

const stages: Record<string, () => Promise<number>> = {
  files: () => show(["scripts/test.ts"], { EFFECT_CQL_LONG: "true" }),
  "4.0": onVersion("4.0"),
  "4.1": onVersion("4.1"),
  seeds: () => show(["packages/core/test/model/soak.ts", "--minutes", "10"])
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(stages, name))
if (unknown.length > 0) {
  console.error(`test:long: expected stages of ${Object.keys(stages).join(", ")}, got ${unknown.join(", ")}`)
  process.exit(2)
}
const lines: Array<string> = []
let failed = 0
for (const name of asked.length > 0 ? asked : Object.keys(stages)) {
  console.log(`\n${name}`)
  const start = performance.now()
  const code = await stages[name]!()
  if (code !== 0) failed++
  lines.push(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds(performance.now() - start)}`)
}
console.log(`\n${lines.join("\n")}\n${lines.length - failed} stages passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
