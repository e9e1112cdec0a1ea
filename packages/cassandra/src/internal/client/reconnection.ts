/**
 * Reconnection policies of the user, which the driver asks for a delay before each attempt to connect again.
 *
 * The driver expects endless schedules. It takes the `undefined` after the end of a schedule, and every other value that is
 * no delay, for no wait at all: it would connect in a tight loop for as long as a node is down.
 */
import { policies } from "cassandra-driver"
import type { ClientOptions } from "../driver/driver.ts"
import { isReconnectionPolicy } from "../driver/policies.ts"
import { longestTimer } from "../driver/timer.ts"

type Policies = NonNullable<ClientOptions["policies"]>
type Policy = policies.reconnection.ReconnectionPolicy

// The first delay of the default policy of the driver.
const defaultDelay = 1_000

// The driver accepts only instances of its own classes (`driver/policies.ts`).
/** A policy whose schedules never end: after the last delay of a schedule, that delay is repeated. */
class Endless extends policies.reconnection.ConstantReconnectionPolicy {
  readonly #policy: Policy

  constructor(policy: Policy) {
    super(defaultDelay)
    this.#policy = policy
  }

  override newSchedule(): Iterator<number> {
    let schedule: Iterator<unknown> | undefined
    let delay = defaultDelay
    const next = (): unknown => {
      schedule ??= this.#policy.newSchedule()
      return schedule.next().value
    }
    return {
      next: () => {
        // Policies are code of the user's, and the driver calls them from timers.
        try {
          const value = next()
          if (typeof value === "number" && value >= 0) delay = Math.min(value, longestTimer)
        } catch {
          // The delay before is as good.
        }
        return { value: delay, done: false }
      }
    }
  }

  override getOptions(): Map<string, object> {
    return this.#policy.getOptions()
  }
}

/** The same policies, with schedules that never end. What is no policy is left to the driver, which refuses it. */
export const withEndlessReconnection = (given: Policies): Policies =>
  isReconnectionPolicy(given.reconnection) ? { ...given, reconnection: new Endless(given.reconnection) } : given
