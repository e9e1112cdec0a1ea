/**
 * Timestamps of requests that a program sends with the client itself, without the session.
 */
import { Port } from "@effect-cql/core"
import { type Client, policies } from "cassandra-driver"
import type * as Clock from "effect/Clock"
import type { ClientOptions } from "../driver/driver.ts"
import { defaultTimestampsOf } from "../driver/policies.ts"

// The driver accepts only instances of its own classes (`driver/policies.ts`).
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
export const shareTimestamps = (client: Client, clock: Clock.Clock): void => {
  const generator = defaultTimestampsOf(client)
  if (generator !== undefined) generator.next = () => Port.nextTimestamp(clock)
}
