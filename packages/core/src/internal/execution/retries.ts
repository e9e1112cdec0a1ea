/**
 * The retries of a run: whether there is another attempt, after which wait, and how many there have been.
 */
import type * as Random from "effect/Random"
import type { CqlError } from "../../CqlError.ts"
import { type RetryPolicy, standard } from "../../RetryPolicy.ts"

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
    if (!error.isRetryable || failures >= policy.attempts || !policy.while(error)) return undefined
    if (this.retried >= Math.max(policy.budgetMinimum, policy.budgetShare * this.requests)) return undefined
    this.retried++
    return this.#wait(policy, failures)
  }

  /**
   * The same for a request that found all connections full. It was not sent and is no load for the server, so that it
   * counts neither as an attempt nor against the budget: it is tried again until there is room, for some ten seconds, with
   * the waits of the standard policy whatever its own are. `times` counts how often it found none.
   */
  delayWhileBusy(policy: RetryPolicy, error: CqlError, times: number): number | undefined {
    this.requests--
    if (policy.attempts === 1 || times > mostWaits || !policy.while(error)) return undefined
    return this.#wait(standard, times)
  }

  #wait(policy: RetryPolicy, failures: number): number {
    const longest = Math.min(policy.maxDelay, policy.initialDelay * 2 ** (failures - 1))
    return Math.round(longest * (0.5 + this.#random.nextDoubleUnsafe() / 2))
  }
}

// 20 ms, doubled up to 2 s: a little more than 12 s at the longest, as long as a request may take.
const mostWaits = 12
