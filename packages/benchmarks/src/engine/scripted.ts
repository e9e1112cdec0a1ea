/**
 * The mock session of `@effect-cql/testing`: scripted statements with and without latency, and its import.
 */
import { executeConcurrent } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import type { Contender } from "../internal/rounds.ts"
import { text, type Workload } from "./workload.ts"

export const names = {
  instant: "scripted, no latency",
  latency: "scripted, 1 ms of latency",
  spread: "scripted, latencies of 1 to 20 ms"
} as const

/** At a concurrency at which many statements end at one instant. */
const concurrency = 1_000

export const everybody = ({ statements }: Workload): ReadonlyArray<Contender> => {
  const contender = (name: string, latency: MockSession.Options["latency"]): Contender => ({
    name,
    run: () =>
      executeConcurrent(statements, { concurrency }).pipe(
        Effect.provide(MockSession.layer({ answers: [MockSession.when(text, MockSession.rows([]))], latency })),
        Effect.runPromise
      )
  })
  return [
    contender(names.instant, undefined),
    contender(names.latency, "1 millis"),
    contender(names.spread, MockSession.randomLatency({ mean: "5 millis", min: "1 millis", seed: 1 }))
  ]
}

// The modules as they are published: from their sources, half of the time would be that of taking their types away.
const program = `import { registerHooks } from "node:module"
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context)
      return { ...found, url: found.url.replace(/(\\/packages\\/[\\w-]+)\\/src\\/(.*)\\.ts$/, "$1/dist/$2.js") }
    }
  })
  await import("@effect-cql/core")
  const begun = performance.now()
  await import("@effect-cql/testing")
  console.log(performance.now() - begun)`

/** Milliseconds that importing the package takes after the core was imported: the best of five processes. */
export const importMillis = (): number => {
  execFileSync("tsc", ["-b", join(import.meta.dirname, "../../../testing")])
  return Math.min(
    ...Array.from(
      { length: 5 },
      () =>
        Number(execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
          cwd: import.meta.dirname,
          encoding: "utf8"
        }))
    )
  )
}
