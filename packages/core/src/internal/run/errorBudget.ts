/**
 * The error budget of one run: how much of it is left.
 */
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { isPositiveInteger } from "../numbers.ts"

export class Budget {
  readonly options: ErrorBudget
  readonly #most: number
  // Which of the last statements failed, as a ring; empty where all of the run count.
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

const names = new Set(["failures", "share", "window"])

/** Throws {@link InvalidOptions} when a budget cannot be, or cannot be together with the other options of its run. */
export const checkErrorBudget = (budget: ErrorBudget, raiseOnFirstError: boolean | undefined): void => {
  const check = (option: string, value: unknown, isValid: boolean, expected: string) => {
    if (!isValid) throw new InvalidOptions({ option, value, expected })
  }
  const isRecord = typeof budget === "object" && budget !== null
  check("errorBudget", budget, isRecord, "{ failures } or { share, window }")
  const { failures, share, window } = budget
  const stray = Object.keys(budget).find((name) => !names.has(name))
  check(`errorBudget.${stray}`, stray, stray === undefined, "{ failures } or { share, window }")
  if (failures !== undefined) {
    check("errorBudget.failures", failures, isPositiveInteger(failures), "a positive integer")
    check(
      "errorBudget.share",
      share,
      share === undefined && window === undefined,
      "either failures or share and window"
    )
  } else {
    const isShare = typeof share === "number" && share > 0 && share <= 1
    check("errorBudget.share", share, isShare, "a number above 0, at most 1")
    const isWindow = isPositiveInteger(window) && window <= mostWindow
    check("errorBudget.window", window, isWindow, `a number of statements, from 1 to ${mostWindow}`)
  }
  check("raiseOnFirstError", raiseOnFirstError, raiseOnFirstError === false, "false beside an errorBudget")
}

// A byte each.
const mostWindow = 10_000_000
