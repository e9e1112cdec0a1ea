/**
 * Keeps the results of a run by index until it ends.
 */
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { Execution } from "../execution/execution.ts"
import type { Box } from "../execution/results.ts"

type Result = ExecutionResult<unknown>

export class KeptResults {
  readonly #boxes: Array<Box | undefined> = []

  constructor(length: number) {
    // Filled, for with gaps it would become a dictionary. `Array.from` takes several times as long.
    this.#boxes.length = length
    this.#boxes.fill(undefined)
  }

  put(execution: Execution, result: Result): void {
    this.#boxes[execution.index] = execution.box ?? { result }
  }

  has(index: number): boolean {
    return this.#boxes[index] !== undefined
  }

  /** The results so far, with a gap for each statement that has none. */
  get all(): Array<Result> {
    // Only an error of the run shows gaps, and leaves them out.
    return this.#boxes.map((box) => box?.result as Result)
  }
}
