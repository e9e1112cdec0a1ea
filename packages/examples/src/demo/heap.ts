/** The heap in use after a garbage collection: what is really held. */
import { Effect } from "effect"
import process from "node:process"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect: unknown = runInNewContext("gc")

/** Megabytes. */
export const used: Effect.Effect<number> = Effect.sync(() => {
  if (typeof collect === "function") collect()
  return process.memoryUsage().heapUsed / 2 ** 20
})
