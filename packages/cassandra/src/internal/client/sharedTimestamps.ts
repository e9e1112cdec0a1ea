/**
 * Timestamps of requests that a program sends with the client itself, without the session.
 */
import { Port } from "@effect-cql/core"
import { policies } from "cassandra-driver"
import type * as Clock from "effect/Clock"
import type { ClientOptions } from "../driver/driver.ts"

// The driver takes instances of its own class only, which it declares as an interface (`client-options.js:219`).
/** Draws from the source of all sessions of a Clock, so that the later of two writes wins, whichever way it is sent. */
class SharedTimestamps extends policies.timestampGeneration.MonotonicTimestampGenerator {
  readonly #clock: Clock.Clock

  constructor(clock: Clock.Clock) {
    super(0, 0)
    this.#clock = clock
  }

  override next(): number {
    return Port.nextTimestamp(this.#clock)
  }
}

/** The same options with the shared source, unless they name a policy of their own. */
export const withSharedTimestamps = (options: ClientOptions, clock: Clock.Clock): ClientOptions => ({
  ...options,
  policies: { timestampGeneration: new SharedTimestamps(clock), ...options.policies }
})

/**
 * Lets a client of the user draw its timestamps from there as well, if they are those that the driver makes by default:
 * whole milliseconds and a count, by which a write that follows one of a session mostly gets an earlier time than that.
 */
export const shareTimestamps = ({ policies }: Timed, clock: Clock.Clock): void => {
  const generator = policies?.timestampGeneration
  if (isDefault(generator)) generator.next = () => Port.nextTimestamp(clock)
}

/** The options of a client, as far as the timestamps of its requests are concerned. */
export interface Timed {
  readonly policies?: { readonly timestampGeneration?: unknown } | undefined
}

// The class itself, of this driver or another copy of it. One that a user derived from it has these methods further up.
const isDefault = (generator: unknown): generator is { next: () => number } => {
  if (typeof generator !== "object" || generator === null || Object.hasOwn(generator, "next")) return false
  const methods: unknown = Object.getPrototypeOf(generator)
  return typeof methods === "object" && methods !== null && Object.hasOwn(methods, "_generateMicroseconds")
}
