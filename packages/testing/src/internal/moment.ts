/**
 * Time and chance of a request, the same wherever it is executed.
 */
import type { Request } from "@effect-cql/core/Port"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

export interface Moment {
  readonly millis: number
  /** The numbers of one execution, from the first on: random ones of 32 bits. */
  readonly numbers: () => () => number
  /** Microseconds that the client gives its writes; nothing of a conditional write, which the server dates. */
  readonly timestamp: bigint | undefined
}

/** Time and chance as the services of the fiber have them. */
export const momentOf = (request: Request | undefined): Effect.Effect<Moment> =>
  Effect.flatMap(Clock.Clock, (clock) =>
    Effect.map(Random.Random, (random) => {
      const drawn: Array<number> = []
      return {
        millis: clock.currentTimeMillisUnsafe(),
        numbers: () => {
          let at = 0
          return () => drawn[at++] ??= Math.floor(random.nextDoubleUnsafe() * 2 ** 32)
        },
        // A client records the time at which it sends a conditional write nowhere, and may give a later write an earlier one.
        timestamp: request?.conditional === true ? undefined : request?.options.timestamp ?? request?.options.sentAt
      }
    }))
