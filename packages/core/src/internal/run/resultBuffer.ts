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

/** Results that are ready, in their order. `failFast`: a failure is no element. */
class Ready {
  readonly results = nothing
  readonly #failFast: boolean
  #results: Array<Result> = []

  constructor(failFast: boolean) {
    this.#failFast = failFast
  }

  isElement(result: Result | undefined): result is Result {
    return result !== undefined && !(this.#failFast && result._tag === "Failure")
  }

  get isReady(): boolean {
    return this.#results.length > 0
  }

  add(result: Result): void {
    // Not by `push`, which V8 would call: the arrays have two kinds of elements, while they are empty and then.
    this.#results[this.#results.length] = result
  }

  take(): ReadonlyArray<Result> {
    if (this.#results.length === 0) return nothing
    const taken = this.#results
    this.#results = []
    return taken
  }
}

/** In the order of the source. Nothing comes out after what is no element. */
class Ordered extends Ready implements Sink {
  // Results that wait for those before them. One that comes in its turn does not pass through here.
  readonly #ring = new Ring<Result>()

  put(index: number, result: Result): boolean {
    if (index !== this.#ring.head || !this.isElement(result)) this.#ring.put(index, result)
    else {
      this.add(result)
      this.#ring.shift()
      this.#advance()
    }
    return true
  }

  #advance(): void {
    for (let first = this.#ring.first; this.isElement(first); first = this.#ring.first) {
      this.add(first)
      this.#ring.shift()
    }
  }

  release(): void {
    this.#ring.closeGaps()
    this.#advance()
  }
}

export const ordered = (failFast: boolean): Sink => new Ordered(failFast)

/** In the order in which the run saw the completions. */
class Unordered extends Ready implements Sink {
  put(_: number, result: Result): boolean {
    if (this.isElement(result)) this.add(result)
    return true
  }

  release(): void {}
}

export const unordered = (failFast: boolean): Sink => new Unordered(failFast)

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
