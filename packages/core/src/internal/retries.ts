/**
 * The retries of a run: whether there is another attempt, after which wait, and how many there have been.
 */
import type * as Random from "effect/Random"
import type { CqlError } from "../CqlError.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"

export class Retries {
  /** Requests sent so far, those that were sent again included. */
  requests = 0
  /** Requests that were sent again after a failure. */
  retried = 0
  readonly #random: Random.Random

  constructor(random: Random.Random) {
    this.#random = random
  }

  /**
   * Milliseconds to wait before the next attempt; nothing when there is none. `failures` counts the attempts that failed.
   *
   * The budget keeps a run from multiplying an overload: a server that fails everything gets a tenth more, not thrice.
   */
  delay(policy: RetryPolicy, error: CqlError, failures: number): number | undefined {
    if (!error.retryable || failures >= policy.attempts || !policy.while(error)) return undefined
    if (this.retried >= Math.max(policy.budgetMinimum, policy.budgetShare * this.requests)) return undefined
    this.retried++
    const longest = Math.min(policy.maxDelay, policy.initialDelay * 2 ** (failures - 1))
    return Math.round(longest * (0.5 + this.#random.nextDoubleUnsafe() / 2))
  }
}
