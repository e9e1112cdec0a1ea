import type { ServerUnavailable } from "@effect-cql/test-server/CassandraServer"
import { assert, it, type TestContext } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { acknowledged } from "./real/acknowledged.ts"
import { ClusterLive, threeNodes } from "./real/cluster.ts"
import { killed, paused, type Phase, restarted, steady } from "./real/phases.ts"
import { further } from "./real/report.ts"
import { render } from "./table.ts"

/** How long nodes fail at least. */
const minute = 60_000

/** Writes go on until the minute is over, also where the nodes were up again sooner. */
const rest = (begin: number): Phase<never> => ({
  name: "nothing, afterwards",
  during: Effect.suspend(() => Effect.sleep(Math.max(3_000, begin + minute - performance.now())))
})

const wanted = process.env["EFFECT_CQL_SERVER"]

/** Three nodes are for the provider `jvm` alone. Where it has what it needs, nothing is skipped. */
const skipped = (context: TestContext) => (error: ServerUnavailable) =>
  Effect.sync(() => {
    const home = process.env["JAVA_HOME"]
    const hasJava = spawnSync(home === undefined ? "java" : join(home, "bin", "java"), ["-version"]).status === 0
    const isExpected = wanted === "jvm" || (wanted === undefined && hasJava)
    if (process.env["CI"] && isExpected) throw error
    process.stderr.write(`\n!!! SKIPPED, the faults of real nodes: ${error.message}\n`)
    context.skip(error.message)
  })

it.live(
  "no acknowledged write of two sessions and a client is lost, and none is there that was reported not to be, while nodes are killed, hang and restart",
  (context) =>
    Effect.gen(function*() {
      const [first, second, third] = yield* threeNodes
      const report = yield* acknowledged({
        run: "minute",
        rate: 300,
        isShared: true,
        phases: [
          steady("3 seconds"),
          killed(third, "2 seconds"),
          paused(second, "4 seconds"),
          restarted([first]),
          rest(performance.now())
        ]
      })
      const entries = report.phases.map((phase) => ({ ...phase, layer: "real", problem: undefined }))
      process.stdout.write(`\n${render(entries)}\n\n${further(report)}\n`)
      assert.deepInclude(report.tally, { lost: 0, unsafeDuplicates: 0 })
      assert.isAbove(report.tally.applied, report.tally.statements / 2)
      // Without any of these the faults have not reached the run.
      assert.isAbove(report.phases.reduce((sum, { retried }) => sum + retried, 0), 0)
    }).pipe(
      Effect.provide(ClusterLive),
      Effect.catchTag("ServerUnavailable", skipped(context))
    ),
  600_000
)
