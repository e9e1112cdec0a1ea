/**
 * The retries of a run: decides whether another attempt follows and after which delay, and counts the retries.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { CqlError } from "../../CqlError.ts"
import { backoff, type RetryPolicy } from "../../RetryPolicy.ts"

/** Steps the schedule of one statement: gives the next wait. */
type Step = (now: number, error: CqlError) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

/** Progress of one statement in its schedules. Kept while the statement fails, reset when a page arrives. */
export interface Steps {
  retry?: Step
  busy?: Step
  /** The last wait, in milliseconds. */
  delay?: number
}

export class Retries {
  /** Requests sent so far, those that were sent again included. */
  requests = 0
  /** Requests that were sent again after a failure. */
  retried = 0
  readonly #clock: Clock.Clock

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  /**
   * Returns true if another attempt may follow, where the schedule has one.
   *
   * The budget keeps a run from multiplying an overload: a server that fails everything gets a tenth more, not thrice.
   *
   * A request that found all connections full was not sent and is no load for the server, so that it counts neither as an
   * attempt nor against the budget: it is tried again until there is room, with the waits of the standard policy.
   */
  allows(policy: RetryPolicy, error: CqlError, isBusy: boolean): boolean {
    if (isBusy) {
      this.requests--
      return policy.while(error)
    }
    return error.isRetryable && policy.while(error) &&
      this.retried < Math.max(policy.budget.minimum, policy.budget.share * this.requests)
  }

  /** Waits for the next attempt and gives `true`, or gives `false` when the schedule has ended. */
  wait(policy: RetryPolicy, error: CqlError, isBusy: boolean, steps: Steps): Effect.Effect<boolean> {
    return isBusy
      ? this.#next(whileBusy, error, steps, "busy")
      : this.#next(policy.schedule, error, steps, "retry")
  }

  #next(
    schedule: Schedule.Schedule<unknown, CqlError>,
    error: CqlError,
    steps: Steps,
    kind: "retry" | "busy"
  ): Effect.Effect<boolean> {
    const step = steps[kind]
    const begun = step === undefined
      ? Effect.map(Schedule.toStep(schedule), (step) => steps[kind] = step)
      : Effect.succeed(step)
    return begun.pipe(
      Effect.flatMap((step) => step(this.#clock.currentTimeMillisUnsafe(), error)),
      Effect.flatMap(([, delay]) => {
        this.retried += kind === "retry" ? 1 : 0
        steps.delay = Duration.toMillis(delay)
        // Never at once: an attempt that is made from within the end of another would count as that one.
        return Effect.as(Duration.isZero(delay) ? Effect.yieldNow : this.#clock.sleep(delay), true)
      }),
      Pull.catchDone(() => Effect.succeed(false))
    )
  }
}

// 20 ms, doubled up to 2 s: a little more than 12 s at the longest, as long as a request may take.
const whileBusy = backoff({ times: 12 })
