/**
 * Options of statements and runs: checked once, resolved over their three levels.
 */
import * as Duration from "effect/Duration"
import * as Check from "../../Check.ts"
import { Consistency, SerialConsistency } from "../../Consistency.ts"
import type { RequestOptions } from "../../Port.ts"
import * as RetryPolicy from "../../RetryPolicy.ts"
import type { Options } from "../../Statement.ts"
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

  /** Options of idempotent requests without a time of their own. */
  get ifIdempotent(): RequestOptions {
    return this.#ifIdempotent ??= Object.freeze(new BoundOptions(this, true, this.timestamp, undefined, undefined))
  }

  /** Options of other requests without a time of their own. */
  get ifNotIdempotent(): RequestOptions {
    return this.#ifNotIdempotent ??= Object.freeze(new BoundOptions(this, false, this.timestamp, undefined, undefined))
  }
}

const unresolved = new ResolvedOptions({}, undefined)

/** Lays options over those of the level behind them. */
export const resolve = (nearer: Options | undefined, behind: ResolvedOptions = unresolved): ResolvedOptions =>
  nearer === undefined ? behind : new ResolvedOptions(nearer, behind)

// A timer of more than 24 days would fire at once, and a longer timeout never matters.
const longestTimer = 2 ** 31 - 1

const toTimeout = (input: Duration.Input): number | undefined => {
  const millis = Duration.toMillis(input)
  return millis <= longestTimer ? millis : undefined
}

/** Resolves the options of many statements over one level, remembering the last: most statements share their query. */
export class Resolver {
  readonly behind: ResolvedOptions
  #options: Options | undefined = undefined
  #resolved: ResolvedOptions

  constructor(behind: ResolvedOptions) {
    this.behind = behind
    this.#resolved = behind
  }

  resolve(options: Options): ResolvedOptions {
    if (options !== this.#options) {
      this.#resolved = resolve(options, this.behind)
      this.#options = options
    }
    return this.#resolved
  }
}

// The protocol has no more bits for it.
const mostRows = 2 ** 31 - 1

// The one timestamp that the protocol refuses, for it stands for none.
const noTime = -(2n ** 63n)

const rules: Check.Rules<Options> = {
  consistency: Check.oneOf(Consistency.literals),
  serialConsistency: Check.oneOf(SerialConsistency.literals),
  pageSize: Check.integer(1, mostRows),
  requestTimeout: Check.positiveDuration,
  idempotent: Check.boolean,
  retry: Check.rule("a RetryPolicy or \"none\"", (value) => value === "none" || RetryPolicy.isRetryPolicy(value)),
  timestamp: Check.rule(
    "microseconds since the epoch, as a bigint of 64 bits",
    (value) => typeof value === "bigint" && value === BigInt.asIntN(64, value) && value !== noTime
  ),
  tracing: Check.boolean,
  executionProfile: Check.rule("the name of a profile", Check.text.accepts),
  routing: Check.rule("{ key }, which is a Uint8Array or an array of them, or { token }, which is a bigint", isRouting)
}

/** The names of the options of statements. */
export const names: ReadonlyArray<string> = Object.keys(rules)

/** Throws {@link InvalidOptions} when options of statements are invalid; returns them. */
export const checked = (options: Options, at = ""): Options => Check.options(options, rules, at)

function isRouting(routing: unknown): boolean {
  if (typeof routing !== "object" || routing === null) return false
  if (Object.keys(routing).some((name) => name !== "key" && name !== "token")) return false
  const key = "key" in routing ? routing.key : undefined
  const token = "token" in routing ? routing.token : undefined
  if (key === undefined) return typeof token === "bigint"
  return token === undefined && (key instanceof Uint8Array ||
    (Array.isArray(key) && key.length > 0 && key.every((part) => part instanceof Uint8Array)))
}
