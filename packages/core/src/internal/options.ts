/**
 * Options of statements and runs: checked once, resolved over their three levels.
 */
import * as Duration from "effect/Duration"
import { InvalidOptions } from "../InvalidOptions.ts"
import * as RetryPolicy from "../RetryPolicy.ts"
import type { RequestOptions } from "../Session.ts"
import type { Options } from "../Statement.ts"
import { millisOf } from "./millis.ts"
import { isPositiveInteger } from "./numbers.ts"

/** Options of a statement before its request is made: `idempotent` may still be open. */
export type ResolvedOptions = Omit<RequestOptions, "idempotent"> & {
  readonly idempotent: boolean | undefined
  readonly retry: RetryPolicy.RetryPolicy
}

const unresolved: ResolvedOptions = {
  consistency: undefined,
  serialConsistency: undefined,
  pageSize: undefined,
  requestTimeout: undefined,
  idempotent: undefined,
  timestamp: undefined,
  tracing: false,
  executionProfile: undefined,
  routing: undefined,
  retry: RetryPolicy.standard
}

/** Lays options over those of the level behind them; the nearer level wins. */
export const resolve = (nearer: Options | undefined, behind: ResolvedOptions = unresolved): ResolvedOptions =>
  nearer === undefined ? behind : {
    consistency: nearer.consistency ?? behind.consistency,
    serialConsistency: nearer.serialConsistency ?? behind.serialConsistency,
    pageSize: nearer.pageSize ?? behind.pageSize,
    requestTimeout: nearer.requestTimeout === undefined ? behind.requestTimeout : toTimeout(nearer.requestTimeout),
    idempotent: nearer.idempotent ?? behind.idempotent,
    timestamp: nearer.timestamp ?? behind.timestamp,
    tracing: nearer.tracing ?? behind.tracing,
    executionProfile: nearer.executionProfile ?? behind.executionProfile,
    routing: nearer.routing ?? behind.routing,
    retry: nearer.retry === "none" ? RetryPolicy.none : nearer.retry ?? behind.retry
  }

const toTimeout = (input: Duration.Input): number | undefined => {
  const millis = Duration.toMillis(input)
  return Number.isFinite(millis) ? millis : undefined
}

/** Resolves the options of many statements over one level, remembering the last: most statements share their query. */
export class Resolver {
  readonly #behind: ResolvedOptions
  #options: Options | undefined = undefined
  #resolved: ResolvedOptions

  constructor(behind: ResolvedOptions) {
    this.#behind = behind
    this.#resolved = behind
  }

  resolve(options: Options): ResolvedOptions {
    if (options !== this.#options) {
      this.#resolved = resolve(options, this.#behind)
      this.#options = options
    }
    return this.#resolved
  }
}

const serialLevels: ReadonlyArray<unknown> = ["SERIAL", "LOCAL_SERIAL"]
const levels: ReadonlyArray<unknown> = [
  "ANY",
  "ONE",
  "TWO",
  "THREE",
  "QUORUM",
  "ALL",
  "LOCAL_QUORUM",
  "EACH_QUORUM",
  "LOCAL_ONE",
  ...serialLevels
]

/** Throws {@link InvalidOptions}, naming the option, when an option of statements cannot be; gives the options back. */
export const checked = (options: Options, at = ""): Options => {
  const { consistency, idempotent, pageSize, requestTimeout, retry, serialConsistency, timestamp } = options
  const check = (option: keyof Options, valid: boolean, expected: string) => {
    const value = options[option]
    if (value !== undefined && !valid) throw new InvalidOptions({ option: at + option, value, expected })
  }
  check("consistency", levels.includes(consistency), `one of ${levels.join(", ")}`)
  check("serialConsistency", serialLevels.includes(serialConsistency), `one of ${serialLevels.join(", ")}`)
  check("retry", retry === "none" || isPolicy(retry), "a RetryPolicy or \"none\"")
  check("timestamp", typeof timestamp === "bigint", "microseconds since the epoch, as a bigint")
  check("idempotent", typeof idempotent === "boolean", "true or false")
  check("pageSize", isPositiveInteger(pageSize), "a positive integer")
  check(
    "requestTimeout",
    requestTimeout !== undefined && (millisOf(requestTimeout) ?? 0) > 0,
    "a positive duration, such as \"5 seconds\""
  )
  return options
}

const isPolicy = (retry: Options["retry"]): boolean =>
  typeof retry === "object" && retry !== null && isPositiveInteger(retry.attempts) &&
  typeof retry.while === "function" &&
  retry.initialDelay >= 0 && retry.maxDelay >= 0
