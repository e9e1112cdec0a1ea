/** Garbage collection on demand, without a flag on the command line. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void

/** Runs a full collection. */
export const collectGarbage = (): void => gc()

/** Collects what has become garbage lately. */
export const collectYoungGarbage = (): void => gc({ type: "minor" })

/** Bytes of the heap that are still held. */
export const heldBytes = (): number => {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
