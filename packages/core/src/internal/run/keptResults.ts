/**
 * Keeps the results of a run by index until it ends.
 */
import type { ExecutionResult, Failure } from "../../ExecutionResult.ts"
import type { Execution } from "../execution/execution.ts"
import type { Box } from "../execution/results.ts"

type Result = ExecutionResult<unknown>

export class KeptResults {
  // Failures without a box: their errors were made by the port, and a box would be one more object that refers to a young one.
  readonly #kept: Array<Box | Failure | undefined> = []

  constructor(length: number) {
    // Filled, for with gaps it would become a dictionary. `Array.from` takes several times as long.
    this.#kept.length = length
    this.#kept.fill(undefined)
  }

  put({ box, index }: Execution, result: Result): void {
    this.#kept[index] = result._tag === "Failure" ? result : box
  }

  has(index: number): boolean {
    return this.#kept[index] !== undefined
  }

  /** The results so far, with a gap for each statement that has none. */
  get all(): Array<Result> {
    // Only an error of the run shows gaps, and leaves them out.
    return this.#kept.map((kept) => resultOf(kept) as Result)
  }
}

// Not by `in`, which V8 looks up anew each time.
const resultOf = (kept: Partial<Box> & { readonly _tag?: string } | undefined) =>
  kept?._tag === undefined ? kept?.result : kept
