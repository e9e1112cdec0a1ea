// `npm test`: the type tests, every vitest project and the doc examples. Every stage runs, whatever failed before it.
// Arguments go to vitest, which then runs alone: `npm test -- packages/core -t "keeps the order"`.
//
// The last line of the output is the sum of all stages: `N passed, N failed`, and `, N skipped` when there are any.
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { pathToFileURL } from "node:url"
import type { Event } from "tstyche/api"
import { createVitest, parseCLI } from "vitest/node"
import { checkExamples } from "./examples.ts"
import { root, seconds } from "./support.ts"

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped?: number | undefined
}

/** Counts assertions, and as failed also the files that do not compile. */
const typeTests = async (): Promise<Counts> => {
  // Read when the module is loaded. Without it TSTyche downloads a TypeScript at run time.
  process.env["TSTYCHE_TYPESCRIPT_MODULE"] =
    pathToFileURL(join(root, "node_modules/typescript-6/lib/typescript.js")).href
  const { Cli, EventEmitter } = await import("tstyche/api")
  let counts: Counts = { passed: 0, failed: 0 }
  const events = new EventEmitter()
  events.addHandler({
    on: ([event, payload]: Event) => {
      if (event !== "run:end") return
      const { assertionCounts, fileCounts } = payload.result
      const broken = assertionCounts.failed === 0 ? fileCounts.failed : 0
      counts = {
        passed: assertionCounts.passed,
        failed: assertionCounts.failed + broken,
        skipped: assertionCounts.skipped
      }
    }
  })
  const code = await new Cli().run([])
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

/** Counts tests, and as failed also the modules that do not load and the errors that belong to no test. */
const tests = async (args: ReadonlyArray<string>): Promise<Counts> => {
  const { filter, options } = parseCLI(["vitest", "run", ...args])
  const vitest = await createVitest("test", { ...options, config: "vitest.workspace.ts", watch: false })
  // Vitest would exit at once. Cancelled, it still runs the teardown that stops the servers of the tests.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => {
      cancelled = true
      void vitest.cancelCurrentRun("keyboard-input")
    })
  }
  await vitest.start(filter).finally(() => vitest.close())
  const modules = vitest.state.getTestModules()
  const states = modules.flatMap((module) => [...module.children.allTests()]).map((test) => test.result().state)
  const count = (state: (typeof states)[number]): number => states.filter((each) => each === state).length
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
  const broken = suites.filter((suite) => suite.errors().length > 0).length + vitest.state.getUnhandledErrors().length
  return { passed: count("passed"), failed: count("failed") + count("pending") + broken, skipped: count("skipped") }
}

/** The Node that runs the tests, and the one that was asked for by `scripts/run.mjs --node`. */
const wantedNode = process.env["EFFECT_CQL_NODE"]
console.log(`Node.js ${process.version}`)
if (wantedNode !== undefined && !process.version.startsWith(`v${wantedNode}.`)) {
  console.error(`the tests run on the wrong Node.js: expected ${wantedNode}, got ${process.version}`)
  process.exit(1)
}

let cancelled = false
const args = process.argv.slice(2)
// The tests in *.long.test.ts, and nothing else: `npm run test:long`.
const onlyTests = args.length > 0 || process.env["EFFECT_CQL_LONG"] !== undefined
const stages: Record<string, () => Promise<Counts>> = {
  ...(onlyTests ? {} : { "Type tests": typeTests }),
  Tests: () => tests(args),
  ...(onlyTests ? {} : { "Doc examples": checkExamples })
}
const total = { passed: 0, failed: 0, skipped: 0 }
const durations: Array<string> = []
for (const [name, stage] of Object.entries(stages)) {
  console.log(`\n${name}`)
  const start = performance.now()
  const { failed, passed, skipped = 0 } = await stage().catch((error: unknown): Counts => {
    console.error(error)
    return { passed: 0, failed: 1 }
  })
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
  if (cancelled) process.exit(130)
  durations.push(`${name}: ${passed} passed, ${failed} failed, ${seconds(performance.now() - start)}`)
}
console.log(`\n${durations.join("\n")}`)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
