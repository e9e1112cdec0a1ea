/**
 * Options of statements and runs: checked once, resolved over their three levels.
 */
import * as Duration from "effect/Duration"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { RequestOptions } from "../../Port.ts"
import * as RetryPolicy from "../../RetryPolicy.ts"
import type { Options } from "../../Statement.ts"
import { millisOf } from "../millis.ts"
import { isPositiveInteger } from "../numbers.ts"
import { BoundOptions } from "./request.ts"

/** Options over all of their levels. `idempotent` and `timestamp` may still follow from the statement. */
export class ResolvedOptions {
  readonly consistency: RequestOptions["consistency"]
  readonly serialConsistency: RequestOptions["serialConsistency"]
  readonly pageSize: number | undefined
  readonly requestTimeout: number | undefined
  readonly idempotent: boolean | undefined
  readonly timestamp: bigint | undefined
  readonly tracing: boolean
  readonly executionProfile: string | undefined
  readonly routing: RequestOptions["routing"]
  readonly retry: RetryPolicy.RetryPolicy
  #ifIdempotent: RequestOptions | undefined
  #ifNotIdempotent: RequestOptions | undefined

  /** Lays options over those of the level behind them; the nearer level wins. */
  constructor(nearer: Options, behind: ResolvedOptions | undefined) {
    this.consistency = nearer.consistency ?? behind?.consistency
    this.serialConsistency = nearer.serialConsistency ?? behind?.serialConsistency
    this.pageSize = nearer.pageSize ?? behind?.pageSize
    this.requestTimeout = nearer.requestTimeout === undefined
      ? behind?.requestTimeout
      : toTimeout(nearer.requestTimeout)
    this.idempotent = nearer.idempotent ?? behind?.idempotent
    this.timestamp = nearer.timestamp ?? behind?.timestamp
    this.tracing = nearer.tracing ?? behind?.tracing ?? false
    this.executionProfile = nearer.executionProfile ?? behind?.executionProfile
    this.routing = nearer.routing ?? behind?.routing
    this.retry = nearer.retry === "none" ? RetryPolicy.none : nearer.retry ?? behind?.retry ?? RetryPolicy.standard
  }

  /** Those of all idempotent requests without a time of their own. */
  get ifIdempotent(): RequestOptions {
    return this.#ifIdempotent ??= Object.freeze(new BoundOptions(this, true, this.timestamp, undefined))
  }

  /** Those of the others. */
  get ifNotIdempotent(): RequestOptions {
    return this.#ifNotIdempotent ??= Object.freeze(new BoundOptions(this, false, this.timestamp, undefined))
  }
}

const unresolved = new ResolvedOptions({}, undefined)

/** Lays options over those of the level behind them. */
export const resolve = (nearer: Options | undefined, behind: ResolvedOptions = unresolved): ResolvedOptions =>
  nearer === undefined ? behind : new ResolvedOptions(nearer, behind)

// A timer of more than 24 days would end at once; nobody waits for one to end.
const longestTimer = 2 ** 31 - 1

const toTimeout = (input: Duration.Input): number | undefined => {
  const millis = Duration.toMillis(input)
  return millis <= longestTimer ? millis : undefined
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
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptions({ option: at === "" ? "options" : at.slice(0, -1), value: options, expected: "an object" })
  }
  const { consistency, executionProfile, idempotent, pageSize, requestTimeout, retry, routing } = options
  const { serialConsistency, timestamp, tracing } = options
  const check = (option: keyof Options, valid: boolean, expected: string) => {
    const value = options[option]
    if (value !== undefined && !valid) throw new InvalidOptions({ option: at + option, value, expected })
  }
  check("consistency", levels.includes(consistency), `one of ${levels.join(", ")}`)
  check("serialConsistency", serialLevels.includes(serialConsistency), `one of ${serialLevels.join(", ")}`)
  check("retry", retry === "none" || isPolicy(retry), "a RetryPolicy or \"none\"")
  const isTime = typeof timestamp === "bigint" && timestamp === BigInt.asIntN(64, timestamp) && timestamp !== noTime
  check("timestamp", isTime, "microseconds since the epoch, as a bigint of 64 bits")
  check("idempotent", typeof idempotent === "boolean", "true or false")
  const isSize = isPositiveInteger(pageSize) && Number(pageSize) <= mostRows
  check("pageSize", isSize, `a positive integer of at most ${mostRows}`)
  check("tracing", typeof tracing === "boolean", "true or false")
  check("executionProfile", typeof executionProfile === "string" && executionProfile !== "", "the name of a profile")
  check("routing", isRouting(routing), "{ key }, which is a Uint8Array or an array of them")
  check(
    "requestTimeout",
    requestTimeout !== undefined && (millisOf(requestTimeout) ?? 0) > 0,
    "a positive duration, such as \"5 seconds\""
  )
  return options
}

// The protocol has no more bits for it.
const mostRows = 2 ** 31 - 1

// The one timestamp that the protocol refuses, for it stands for none.
const noTime = -(2n ** 63n)

const isRouting = (routing: unknown): boolean => {
  if (typeof routing !== "object" || routing === null || !("key" in routing)) return false
  const { key } = routing
  return key instanceof Uint8Array ||
    (Array.isArray(key) && key.length > 0 && key.every((part) => part instanceof Uint8Array))
}

const isPolicy = (retry: Options["retry"]): boolean =>
  typeof retry === "object" && retry !== null && isPositiveInteger(retry.attempts) &&
  typeof retry.while === "function" &&
  retry.initialDelay >= 0 && retry.maxDelay >= 0
