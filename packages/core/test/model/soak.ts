/**
 * `npm run soak -- --minutes 10`: random cases of every family for as long as asked, and the heap beside them.
 *
 * `--seed N` begins at another seed than that of the time of day. Ends with 1 and the seed at the first case that
 * fails.
 */
import { performance } from "node:perf_hooks"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { checkOpenSeed, checkSeed } from "./check.ts"
import { families, type Family } from "./generate.ts"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } } })
const minutes = Number(values.minutes)
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000_000)
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error("usage: npm run soak -- [--minutes 10] [--seed 1]")
  process.exit(2)
}

const secondsBetweenReports = 10
// Growth beyond it is a leak, not the noise of the collector.
const mostGrowth = 1

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")
const heapNow = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed / 1_048_576
}

process.on("unhandledRejection", (reason) => {
  console.error("unhandled rejection:", reason)
  process.exit(1)
})

const stopped = new AbortController()
process.once("SIGINT", () => stopped.abort())
process.once("SIGTERM", () => stopped.abort())

const names = Object.keys(families) as Array<Family>
const begun = performance.now()
const elapsed = (): number => (performance.now() - begun) / 1_000
const heap: Array<readonly [minute: number, megabytes: number]> = []
let cases = 0
let statements = 0
let reportAt = secondsBetweenReports

/** Growth of the heap in megabytes a minute: the slope of the line through the samples of the second half. */
const slope = (): number => {
  const samples = heap.slice(heap.length >> 1)
  const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(([minute]) => minute))
  const y = mean(samples.map(([, megabytes]) => megabytes))
  const spread = samples.reduce((sum, [minute]) => sum + (minute - x) ** 2, 0)
  return spread === 0
    ? 0
    : samples.reduce((sum, [minute, megabytes]) => sum + (minute - x) * (megabytes - y), 0) / spread
}

const report = (): void => {
  heap.push([elapsed() / 60, heapNow()])
  const [, megabytes] = heap.at(-1)!
  console.log(
    `${elapsed().toFixed(0).padStart(6)} s  ${cases} cases  ${(cases / elapsed()).toFixed(0)} cases/s  ` +
      `heap ${megabytes.toFixed(1)} MB  growth ${slope().toFixed(2)} MB/min`
  )
}

console.log(`Soaking for ${minutes} min from seed ${firstSeed}: ${names.length} families, and the open cases.`)
for (let seed = firstSeed; !stopped.signal.aborted && elapsed() < minutes * 60; seed++) {
  const checks = [
    ...names.map((name) => () => checkSeed(name, seed)),
    ...(seed % 10 === 0 ? [() => checkOpenSeed(seed)] : [])
  ]
  for (const check of checks) {
    const { size } = await check().catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      console.error(`\nFAILED at seed ${seed}, after ${cases} cases in ${elapsed().toFixed(0)} s`)
      process.exit(1)
    })
    cases++
    statements += Number.isFinite(size) ? size : 0
    if (elapsed() >= reportAt) {
      report()
      reportAt = elapsed() + secondsBetweenReports
    }
  }
}
report()

// A few samples are not enough to determine growth.
const leaks = heap.length >= 10 && slope() > mostGrowth
console.log(
  `${leaks ? "FAILED: the heap grows" : "passed"}: ${cases} cases with up to ${statements} statements in ` +
    `${elapsed().toFixed(0)} s, ${(cases / elapsed()).toFixed(0)} cases/s, heap growth ${slope().toFixed(2)} MB/min`
)
process.exit(leaks ? 1 : 0)
