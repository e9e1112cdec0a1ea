/**
 * The lock of a history: a lease on the clock of the server, which its owner renews.
 */
import { type CqlError, InvalidOptions, type Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { MigrationLockLost, MigrationsLocked } from "../../MigrationError.ts"
import type { RunOptions } from "../../MigrationTypes.ts"
import * as Uuid from "../../Uuid.ts"
import type { History } from "./history.ts"

/** Times of a lock. */
export interface Times {
  readonly lease: Duration.Duration
  readonly wait: Duration.Duration
}

/** The times of options. A lease that is too short is a programming error. */
export const timesOf = ({ lease = "30 seconds", wait = "5 minutes", ...others }: RunOptions = {}): Times => {
  Check.names(others, ["lease", "wait"])
  const times = { lease: durationOf("lease", lease), wait: durationOf("wait", wait) }
  if (Duration.isLessThan(times.lease, Duration.seconds(3))) {
    throw new InvalidOptions({ option: "lease", given: Duration.format(times.lease), expected: "at least 3 seconds" })
  }
  return times
}

const durationOf = (option: string, input: Duration.Input): Duration.Duration => {
  const millis = Check.millisOf(input)
  if (millis === undefined || (option === "lease" && millis > longestLease)) {
    throw new InvalidOptions({ option, value: input, expected: "a duration, such as \"30 seconds\"" })
  }
  return Duration.millis(millis)
}

// A lease is a time to live of the server.
const longestLease = 630_720_000_000

type LockError = CqlError | MigrationsLocked | MigrationLockLost

/**
 * Runs an effect while its process owns the lock, and interrupts it when the lock is lost.
 *
 * The server ends a lease, by the time to live of the owner's name. The owner itself counts from before it asked for the
 * lease, so that it stops before the server lets another process in, whatever the clocks say.
 *
 * Interruption keeps the lock until the lease ends, for a statement may still be executed by the server.
 */
export const locked = <A, E, R>(
  history: History,
  { lease, wait }: Times,
  use: (owner: string) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | LockError, R | Session> =>
  Effect.gen(function*() {
    const owner = yield* Uuid.next
    const seconds = Math.ceil(Duration.toSeconds(lease))
    const now = Effect.map(Clock.currentTimeNanos, Duration.nanos)
    const patience = Duration.sum(yield* now, wait)

    const acquire: Effect.Effect<Duration.Duration, CqlError | MigrationsLocked, Session> = Effect.gen(function*() {
      let isLogged = false
      while (true) {
        const asked = yield* now
        const current = yield* history.acquire(owner, seconds)
        if (current === owner) return Duration.sum(asked, lease)
        if (Duration.isGreaterThanOrEqualTo(asked, patience)) return yield* new MigrationsLocked({ owner: current })
        if (!isLogged) yield* Effect.logInfo(`migrations wait: ${current} has the lock`)
        isLogged = true
        yield* Effect.sleep("1 second")
      }
    })

    const renewUntil = (end: Duration.Duration): Effect.Effect<never, MigrationLockLost, Session> =>
      Effect.gen(function*() {
        yield* Effect.sleep(Duration.divideUnsafe(lease, 3))
        const asked = yield* now
        const renewed = yield* history.renew(owner, seconds).pipe(
          Effect.as(Duration.sum(asked, lease)),
          Effect.catchTag("CqlError", () => Effect.succeed(end)),
          Effect.timeoutOrElse({
            duration: Duration.max(Duration.zero, Duration.subtract(end, asked)),
            orElse: () => Effect.fail(new MigrationLockLost({ owner: undefined }))
          })
        )
        return yield* renewUntil(renewed)
      })

    const end = yield* acquire
    const endsItself = (what: string) => Effect.logInfo(`${what}: it expires within ${seconds} seconds`)
    return yield* Effect.raceFirst(use(owner), renewUntil(end)).pipe(
      Effect.onExit((exit) =>
        Exit.hasInterrupts(exit)
          ? endsItself("the lock of interrupted migrations is kept")
          : history.release(owner).pipe(Effect.catch(() => endsItself("the lock of migrations was not released")))
      )
    )
  })
