import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * Runs on the clock of the machine. A server takes its time whatever the clock of the test says: on a virtual clock
 * that stands still, waiting for it would never end.
 */
export const withRealTime = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
