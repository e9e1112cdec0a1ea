/** A process of the proof. It writes a line for each of its reports. */
import { ahead } from "@effect-cql/test-support/clock"
import { NodeRuntime } from "@effect/platform-node"
import { Clock, Effect, Layer } from "effect"
import { writeSync } from "node:fs"
import process from "node:process"
import { processLayer, type Report, type Settings } from "./copy.ts"

const settings = JSON.parse(process.env["PROVE_PROCESS"] ?? "{}") as Settings

// Written at once: a report that was made is not lost with its process.
const report = (report: Report) => Effect.sync(() => writeSync(1, `${JSON.stringify(report)}\n`))

Effect.gen(function*() {
  const clock = ahead(yield* Clock.Clock, () => settings.ahead)
  return yield* Effect.provideService(Layer.launch(processLayer(settings, report)), Clock.Clock, clock)
}).pipe(NodeRuntime.runMain)
