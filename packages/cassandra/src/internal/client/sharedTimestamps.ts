/**
 * Timestamps of requests that a program sends through the client, past its session.
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
