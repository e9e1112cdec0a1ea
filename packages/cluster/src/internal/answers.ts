/**
 * The times by which the operations on leases of a process are answered.
 *
 * Effect stops the work of a lost lock in the loop that also acquires locks: not before an acquisition in flight is answered, and after
 * a second of rest. So the process knows by a second before the end of a lease that it is lost, and no acquisition runs then.
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Lease } from "./lease.ts"
import { nanosOf } from "./monotonic.ts"

/** The storage has not answered within the time that Effect leaves for it. */
export class Unanswered extends Data.TaggedError("Unanswered")<{}> {
  override get message(): string {
    return "a lock is not certain: expected an answer of the storage in time, got none"
  }
}

export interface Answers {
  /** Monotonic time of the last answer. Nothing is sent if it has come. */
  readonly end: bigint
  /** Monotonic time until which a lease has to last to outlive a renewal that has failed. */
  readonly needed: bigint
}

/** The bounds of an acquisition, by the leases that the process has. */
export const ofAcquisition = (now: bigint, interval: Duration.Duration, leases: Iterable<Lease>): Answers => {
  const { earliest, needed, share, stop } = termsOf(now, interval, leases)
  return { end: earliest === undefined ? now + share : min(now + share, earliest - stop), needed }
}

/**
 * The bounds of a refresh, by the leases that it renews. A process that comes too late for a second of rest, since it was frozen,
 * still tries for half of the time that is left.
 */
export const ofRefresh = (now: bigint, interval: Duration.Duration, leases: Iterable<Lease>): Answers => {
  const { earliest, needed, share, stop } = termsOf(now, interval, leases)
  const end = earliest === undefined ? now + share : min(now + share, max(earliest - stop, (now + earliest) / 2n))
  return { end, needed }
}

/**
 * Bounds an operation on a lease by the time for all operations: if one of them is late, Effect ignores the answers of all. A
 * failed operation returns true if the lease lasts until the next refresh has ended.
 */
export const certain = <E>(
  lease: Lease,
  { end, needed }: Answers,
  operation: Effect.Effect<boolean, E>
): Effect.Effect<boolean, E | Unanswered> =>
  Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
    end <= now
      ? unanswered
      : Effect.timeoutOrElse(operation, { duration: Duration.nanos(end - now), orElse: () => unanswered })).pipe(
      Effect.catch((error) => lease.validUntil > needed ? Effect.succeed(true) : Effect.fail(error))
    )

const unanswered = Effect.suspend(() => Effect.fail(new Unanswered()))

/** The answer that a lock is held or not, or the reason why that is not certain. */
export type Held = Result.Result<boolean, CqlError | Unanswered>

/** The first failure, if all of them failed. */
export const failureOf = (results: ReadonlyArray<Held>): CqlError | Unanswered | undefined => {
  const first = results.find(Result.isFailure)
  return results.every(Result.isFailure) ? first?.failure : undefined
}

export const succeeded = (shards: ReadonlyArray<string>, results: ReadonlyArray<Held>): Array<string> =>
  shards.filter((_, at) => {
    const result = results[at]
    return result !== undefined && Result.isSuccess(result) && result.success
  })

const termsOf = (now: bigint, interval: Duration.Duration, leases: Iterable<Lease>) => {
  const whole = nanosOf(interval)
  const stop = min(whole / 3n, second)
  let earliest: bigint | undefined
  for (const { validUntil } of leases) {
    // A lease that has ended cannot end too early.
    if (validUntil > now) earliest = earliest === undefined ? validUntil : min(earliest, validUntil)
  }
  return {
    earliest,
    stop,
    // Effect gives up after a whole interval.
    share: whole * 3n / 4n,
    // The next refresh begins within an interval. It gets at least the time of a stop, in front of the stop.
    needed: now + whole + 2n * stop
  }
}

const second = 1_000_000_000n
const min = (one: bigint, other: bigint): bigint => one < other ? one : other
const max = (one: bigint, other: bigint): bigint => one > other ? one : other
