/**
 * Timestamps of writes: microseconds of a Clock, strictly increasing over everything in the process that writes by it.
 *
 * Two sessions, the client beside them, and two copies of this package all write to the same rows. If one write
 * began after another was answered, the later one has to win. So the last timestamp is a property of the Clock and of the
 * process: it stands in a registry of the global object, by Clock. A virtual clock counts for itself, so that runs replay.
 */
import type * as Clock from "effect/Clock"

/** The last timestamp of a Clock: a plain record, which another copy of this package can write as well. */
export interface Source {
  /** The last timestamp that was given. */
  last: number
  /** The millisecond in which it was given. */
  millisecond: number
  /** True once a server may have dated a conditional write itself. */
  hasServerTimes?: boolean
}

const key = Symbol.for("@effect-cql/core/timestamps")

const registry = (): WeakMap<Clock.Clock, Source> => {
  const known: WeakMap<Clock.Clock, Source> | undefined = Reflect.get(globalThis, key)
  if (known !== undefined) return known
  const made = new WeakMap<Clock.Clock, Source>()
  Reflect.set(globalThis, key, made)
  return made
}

const sources = registry()

/** The source of the timestamps of a Clock. */
export const sourceOf = (clock: Clock.Clock): Source => {
  const known = sources.get(clock)
  if (known !== undefined) return known
  const made: Source = { last: 0, millisecond: Number.NaN }
  sources.set(clock, made)
  return made
}

/** The time of a clock in microseconds since the epoch. */
export const microsecondsOf = (clock: Clock.Clock): number =>
  microsecondsWithin(Math.floor(clock.currentTimeMillisUnsafe()), clock)

// A real clock counts its nanoseconds from some millisecond on, and may be a part of one behind, or have drifted. Servers go
// by the millisecond, and date the conditional writes of one from its beginning on.
const microsecondsWithin = (millisecond: number, clock: Clock.Clock): number => {
  const from = millisecond * 1_000
  const microseconds = Math.floor(Number(clock.currentTimeNanosUnsafe()) / 1_000)
  return microseconds < from ? from + 500 : Math.min(microseconds, from + 999)
}

/**
 * The timestamp of the next write, in microseconds since the epoch: later than every one that was given before. A client of a
 * server asks for it, whose conditional writes the server dates.
 */
export const nextTimestamp = (clock: Clock.Clock): number => {
  const source = sourceOf(clock)
  source.hasServerTimes = true
  return nextOf(source, clock)
}

/** The next timestamp of a Clock whose source is at hand. */
export const nextOf = (source: Source, clock: Clock.Clock): number => {
  const millisecond = Math.floor(clock.currentTimeMillisUnsafe())
  // Nanoseconds take twice as long to read, and within a millisecond the order is what counts.
  if (millisecond === source.millisecond) return ++source.last
  source.millisecond = millisecond
  source.last = Math.max(source.last + 1, afterServer(source, millisecond, microsecondsWithin(millisecond, clock)))
  return source.last
}

// A server dates the conditional writes of a millisecond one by one from its beginning on, and a clock that is a part of a
// millisecond behind would give a plain write after them one of these times. It gets one of the second half.
const afterServer = ({ hasServerTimes }: Source, millisecond: number, microseconds: number): number =>
  hasServerTimes === true ? Math.max(microseconds, millisecond * 1_000 + 500) : microseconds

let second = Number.NaN
let startOfSecond = 0n

/**
 * Whole microseconds as a bigint. V8 converts a small integer in place, but calls its runtime for any other: so each second is
 * converted once, and for each timestamp only what has passed of it.
 */
export const bigintOf = (microseconds: number): bigint => {
  const seconds = Math.floor(microseconds / 1e6)
  if (seconds !== second) {
    second = seconds
    startOfSecond = BigInt(seconds) * 1_000_000n
  }
  const passed = (microseconds - seconds * 1e6) | 0
  return BigInt.asIntN(64, startOfSecond + BigInt.asIntN(64, BigInt(passed)))
}

/**
 * Microseconds from which a server that dates by whole milliseconds gives a conditional write a later time than that of the
 * last write; undefined where that is now.
 */
export const nextMillisecond = (clock: Clock.Clock): number | undefined => {
  const source = sourceOf(clock)
  source.hasServerTimes = true
  const { last } = source
  // No write came before, and a virtual clock that stands still would never reach the next millisecond.
  if (last === 0) return undefined
  const now = microsecondsOf(clock)
  const next = (Math.floor(last / 1_000) + 1) * 1_000
  // After the clock was set back, the times of writes are ahead for long, and no wait would help.
  return next > now ? Math.min(next, now + longestWait) : undefined
}

const longestWait = 10_000
