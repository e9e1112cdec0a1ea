/**
 * The error budget of one run: how much of it is left.
 */
import * as Check from "../../Check.ts"
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"

export class Budget {
  readonly options: ErrorBudget
  readonly #most: number
  // Ring of the last statements that failed; empty if the budget covers the whole run.
  readonly #window: Uint8Array
  #next = 0
  #failed = 0

  constructor(options: ErrorBudget) {
    this.options = options
    this.#most = options.failures ?? mostOf(options.share, options.window)
    this.#window = new Uint8Array(options.window ?? 0)
  }

  /** Takes in the end of one more statement; whether the budget is exhausted by it. */
  take(hasFailed: boolean): boolean {
    if (this.#window.length > 0) {
      this.#failed -= this.#window[this.#next]!
      this.#window[this.#next] = hasFailed ? 1 : 0
      this.#next = (this.#next + 1) % this.#window.length
    }
    if (hasFailed) this.#failed++
    return hasFailed && this.#failed >= this.#most
  }
}

// 0.07 of 100 is 7 failures, whatever binary fractions make of it.
const mostOf = (share: number, window: number): number => Math.max(1, Math.ceil(share * window - 1e-9))

// A byte each.
const mostWindow = 10_000_000

const rules: Check.Rules<ErrorBudget> = {
  failures: Check.positiveInteger,
  share: Check.rule("a number above 0, at most 1", (value) => typeof value === "number" && value > 0 && value <= 1),
  window: Check.integer(1, mostWindow)
}

const none = Check.rule("nothing beside failures", (value) => value === undefined)

/** Throws `InvalidOptions` when a budget is invalid, or does not go with the other options of its run. */
export const checkErrorBudget = (budget: ErrorBudget, raiseOnFirstError: boolean | undefined): void => {
  const { failures, share, window } = Check.options(budget, rules, "errorBudget.")
  Check.value("errorBudget.share", share, failures === undefined ? rules.share : none)
  Check.value("errorBudget.window", window, failures === undefined ? rules.window : none)
  Check.value("raiseOnFirstError", raiseOnFirstError, collecting)
}

const collecting = Check.rule("false with an errorBudget", (value) => value === false)
