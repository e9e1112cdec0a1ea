/**
 * Resumes waiting requests: one loop for all limiters of the process, in the order in which the requests came.
 */
import type { BasicLimiter } from "./basicLimiter.ts"
import type { Gate } from "./gate.ts"
import { shared } from "./shared.ts"

const wake = (limiter: BasicLimiter): void => drain([limiter])

/** Has the limiters looked at when time alone can make room in them. */
export const arm = (limiters: Iterable<BasicLimiter>): void => {
  for (const limiter of limiters) limiter.arm(wake)
}

/** Has the running loop look at these limiters. */
export const touch = (limiters: ReadonlyArray<BasicLimiter>): void => {
  for (const limiter of limiters) shared.touched.add(limiter)
}

/**
 * Resumes all requests that wait for these limiters and can start.
 *
 * Called by a request that the loop has resumed, it only adds to the work of that loop, so that the stack stays flat.
 */
export const drain = (limiters: ReadonlyArray<BasicLimiter>): void => {
  touch(limiters)
  if (shared.isDraining) return
  shared.isDraining = true
  // A callback that throws is a defect of its run, and must not stop all limiters forever.
  try {
    for (let gate = nextGate(); gate !== undefined; gate = nextGate()) gate.serve(gate.now)
  } finally {
    shared.isDraining = false
    const looked = [...shared.touched]
    shared.touched.clear()
    arm(looked)
    // A gate that found room in one limiter may now be waiting for another one.
    for (const limiter of looked) for (const gate of limiter.gates) arm(gate.limiters)
  }
}

/** Of the gates that have room, the one with the oldest waiter. */
const nextGate = (): Gate | undefined => {
  let found: Gate | undefined
  for (const limiter of shared.touched) {
    for (const gate of limiter.gates) {
      if (gate === found || (found !== undefined && gate.ticket > found.ticket)) continue
      if (gate.isOpen(gate.now)) found = gate
    }
  }
  return found
}
