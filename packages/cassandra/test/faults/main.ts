/** Injects the faults of the suite into runs of statements, one after the other, and reports all outcomes. */
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Console, Data, Effect, Layer, Logger, Option, Runtime, type Scope } from "effect"
import { Command, Flag } from "effect/cli"
import process from "node:process"
import type { Fault } from "./fault.ts"
import { mocked } from "./mock/index.ts"
import { notCovered } from "./notCovered.ts"
import { seed } from "./random.ts"
import { ClusterLive, real } from "./real/index.ts"
import { runFault } from "./runner.ts"
import { scriptedFaults } from "./scripted/index.ts"
import { ServersLive } from "./servers.ts"
import { type Entry, render, renderNotCovered } from "./table.ts"

class NotAsExpected extends Data.TaggedError("NotAsExpected") {
  override readonly [Runtime.errorExitCode] = 1
  // The table has already reported the failures.
  override readonly [Runtime.errorReported] = false
}

/** All of it takes at most half an hour, also on a slow machine, and what is left then fails. */
const longest = 30 * 60_000
const begin = performance.now()

type Named = Pick<Fault, "layer" | "name">

const notRun = ({ layer, name }: Named, problem: string): Entry => ({
  name,
  layer,
  seconds: 0,
  tally: undefined,
  problem
})

/** Runs faults that share servers, which are there for just as long. */
const group = Effect.fnUntraced(function*<R, E>(
  faults: ReadonlyArray<Fault<R | Scope.Scope>>,
  servers: Layer.Layer<R, E>
) {
  if (faults.length === 0) return []
  const all = Effect.forEach(faults, (fault) =>
    Effect.gen(function*() {
      const left = longest - (performance.now() - begin)
      if (left < 0) return notRun(fault, "there was no time left")
      yield* Console.log(`${fault.layer}: ${fault.name} ...`)
      const entry = yield* runFault(fault, left)
      if (entry.problem !== undefined) yield* Console.log(`✗ ${fault.name}: ${entry.problem.split("\n")[0]}`)
      return entry
    }))
  return yield* Effect.provide(all, servers).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.succeed(faults.map((fault) => notRun(fault, `no server: ${Cause.pretty(cause)}`)))
    )
  )
})

interface Selection {
  readonly layer: Option.Option<"mock" | "scripted" | "real">
  readonly only: Option.Option<string>
}

const suite = Effect.fnUntraced(function*({ layer, only }: Selection) {
  const isWanted = (fault: Named) =>
    Option.getOrElse(layer, () => fault.layer) === fault.layer &&
    fault.name.toLowerCase().includes(Option.getOrElse(only, () => "").toLowerCase())
  yield* Console.log(`FAULTS_SEED=${seed}`)
  const entries = [
    ...yield* group(mocked.filter(isWanted), Layer.empty),
    ...yield* group(scriptedFaults.filter(isWanted), Layer.provide(ServersLive, CassandraServer.layer())),
    ...yield* group(real.filter(isWanted), ClusterLive)
  ]
  yield* Console.log(`\n${render(entries)}\n\n${renderNotCovered(notCovered)}\n`)
  const failed = entries.filter(({ problem }) => problem !== undefined).length
  yield* Console.log(
    entries.length === 0
      ? "no fault has such a name"
      : `${entries.length - failed} of ${entries.length} faults are as they should be`
  )
  if (failed > 0 || entries.length === 0) return yield* new NotAsExpected()
})

const command = Command.make("test:faults", {
  layer: Flag.Literals("layer", ["mock", "scripted", "real"]).pipe(
    Flag.withDescription("Only the faults of one layer"),
    Flag.optional
  ),
  only: Flag.String("only").pipe(Flag.withDescription("Only the faults whose name contains this"), Flag.optional)
}, suite)

/** Logs only the messages of the servers. Messages of a session under an injected fault are expected. */
const pretty = Logger.consolePretty({ colors: false })
const Logging = Logger.layer([
  Logger.make((entry) => {
    if (String(entry.message).startsWith("CassandraServer")) pretty.log(entry)
  })
])

Command.run(command, { version: "0.0.0" }).pipe(
  Effect.provide(Layer.merge(NodeServices.layer, Logging)),
  // The driver leaves timers behind where it was about to connect again, for as long as ten minutes.
  Effect.andThen(Effect.sync(() => process.exit())),
  NodeRuntime.runMain
)
