/**
 * Buffers the results of a pulled run until its consumer takes them.
 */
import type { ExecutionResult } from "../../ExecutionResult.ts"
import { Ring } from "./ring.ts"

type Result = ExecutionResult<unknown>

export interface Sink {
  /** Takes a result in; whether it waits for the consumer now (it counts as consumed otherwise). */
  readonly put: (index: number, result: Result) => boolean
  /** True if there is something to hand over. */
  readonly isReady: boolean
  /** Hands over everything that is ready. */
  readonly take: () => ReadonlyArray<Result>
  /** Gives up the indexes that have no result, for they will have none: the results behind them are ready. */
  readonly release: () => void
  /** Results that are kept for the end of the run. */
  readonly results: ReadonlyArray<Result>
}

const nothing: ReadonlyArray<Result> = []

/** In the order of the source. `failFast`: a failure is no element, and nothing after it comes out. */
export const ordered = (failFast: boolean): Sink => {
  const ring = new Ring<Result>()
  const isElement = (result: Result | undefined): result is Result =>
    result !== undefined && !(failFast && result._tag === "Failure")
  return {
    results: nothing,
    put: (index, result) => {
      ring.put(index, result)
      return true
    },
    release: () => ring.closeGaps(),
    get isReady() {
      return isElement(ring.first)
    },
    take: () => {
      if (!isElement(ring.first)) return nothing
      const taken: Array<Result> = []
      for (let first = ring.first; isElement(first); first = ring.first) {
        taken.push(first)
        ring.shift()
      }
      return taken
    }
  }
}

/** In the order in which the run saw the completions. */
export const unordered = (failFast: boolean): Sink => {
  let waiting: Array<Result> = []
  return {
    results: nothing,
    put: (_, result) => {
      if (!(failFast && result._tag === "Failure")) waiting.push(result)
      return true
    },
    release: () => {},
    get isReady() {
      return waiting.length > 0
    },
    take: () => {
      if (waiting.length === 0) return nothing
      const taken = waiting
      waiting = []
      return taken
    }
  }
}

/** Keeps every result for the end, by index: nothing is handed over. */
export const collecting = (results: Array<Result>): Sink => ({
  results,
  put: (index, result) => {
    results[index] = result
    return false
  },
  release: () => {},
  isReady: false,
  take: () => nothing
})

/** Drops every result: the run has counted it. */
export const discarding: Sink = {
  results: nothing,
  put: () => false,
  release: () => {},
  isReady: false,
  take: () => nothing
}
