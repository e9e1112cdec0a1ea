/** A runner of the demo: a worker that ends with the process that has started it, however that ends. */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import process from "node:process"
import { layer } from "../../../worker/runner.ts"

/** The standard input ends with the process at its other end. */
const orphaned = Effect.callback<void>((resume) => {
  process.stdin.on("end", () => resume(Effect.void)).on("error", () => resume(Effect.void)).resume()
})

Effect.raceFirst(Layer.launch(layer), orphaned).pipe(NodeRuntime.runMain)
