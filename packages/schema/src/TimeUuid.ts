/**
 * Uuids of version 1, which Cassandra orders by time.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { hex } from "./internal/hex.ts"

// Ticks of 100 ns, from 1582-10-15 to the epoch of Unix.
const epoch = 122_192_928_000_000_000n
const ticksOfMilli = 10_000n

/** The state of a process: its node and its sequence are drawn at the first use. */
class Generator {
  #node: string | undefined
  #sequence = 0
  #millis = Number.NEGATIVE_INFINITY
  #ticks = 0n

  get isSeeded(): boolean {
    return this.#node !== undefined
  }

  seed(high: number, low: number, sequence: number): void {
    // The multicast bit marks a node that is no network card.
    this.#node = `${hex(high | 0x0100, 4)}${hex(low, 8)}`
    this.#sequence = sequence
  }

  next(millis: number): string {
    const ticks = BigInt(millis) * ticksOfMilli
    if (millis < this.#millis) {
      // The clock was set back: another sequence, for these times have been given out.
      this.#sequence = (this.#sequence + 1) & 0x3fff
      this.#ticks = ticks
    } else this.#ticks = ticks > this.#ticks ? ticks : this.#ticks + 1n
    this.#millis = millis
    return textOf(this.#ticks + epoch, hex(this.#sequence | 0x8000, 4), this.#node!)
  }
}

const Generator_ = Context.Reference<Generator>("@effect-cql/schema/TimeUuid/Generator", {
  defaultValue: () => new Generator()
})

const textOf = (time: bigint, sequence: string, node: string): string => {
  const digits = hex(BigInt.asUintN(60, time), 15)
  return `${digits.slice(7)}-${digits.slice(3, 7)}-1${digits.slice(0, 3)}-${sequence}-${node}`
}

/**
 * Makes a uuid with the time of the `Clock`, later than all uuids that this process has made. The node and the sequence
 * come from the `Random` service.
 *
 * **Example** (Newest first)
 *
 * ```ts
 * import { TimeUuid } from "@effect-cql/schema"
 * import { Effect } from "effect"
 *
 * const program = Effect.all([TimeUuid.next, TimeUuid.next])
 * const [first, second] = await Effect.runPromise(program)
 * console.assert(first !== second && TimeUuid.order(first, second) === -1)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const next: Effect.Effect<string> = Effect.gen(function*() {
  const generator = yield* Generator_
  const millis = yield* Clock.currentTimeMillis
  if (!generator.isSeeded) {
    const high = yield* Random.nextIntBetween(0, 0x1_0000)
    const low = yield* Random.nextIntBetween(0, 0x1_0000_0000)
    generator.seed(high, low, yield* Random.nextIntBetween(0, 0x4000))
  }
  return generator.next(Math.trunc(millis))
})

const ticksOf = (uuid: string): bigint =>
  BigInt(`0x${uuid.slice(15, 18)}${uuid.slice(9, 13)}${uuid.slice(0, 8)}`) - epoch

/**
 * The time of a uuid, in milliseconds. It has to be one of version 1.
 *
 * **Example** (When it was made)
 *
 * ```ts
 * import { TimeUuid } from "@effect-cql/schema"
 * import { DateTime } from "effect"
 *
 * const made = TimeUuid.toDateTime("1b7ec7f0-c7e2-11f0-8de9-0242ac120002")
 * console.assert(DateTime.getPartUtc(made, "year") === 2025)
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toDateTime = (self: string): DateTime.Utc => {
  const ticks = ticksOf(self)
  const millis = ticks / ticksOfMilli
  return DateTime.makeUnsafe(Number(ticks < 0n && ticks % ticksOfMilli !== 0n ? millis - 1n : millis))
}

/**
 * Orders uuids of version 1 as a clustering column does: by their time, then by the rest.
 *
 * @category ordering
 * @since 0.1.0
 */
export const order = (self: string, that: string): -1 | 0 | 1 => {
  const difference = ticksOf(self) - ticksOf(that)
  if (difference !== 0n) return difference < 0n ? -1 : 1
  // The bytes of the rest are signed.
  const [one, other] = [signed(self), signed(that)]
  return one < other ? -1 : one > other ? 1 : 0
}

const signed = (uuid: string): bigint => {
  const bytes = BigInt(`0x${uuid.slice(19, 23)}${uuid.slice(24)}`)
  // A flipped sign bit in each byte makes the order of signed bytes that of unsigned ones.
  return bytes ^ 0x8080_8080_8080_8080n
}

/**
 * The smallest uuid of a millisecond, for ranges: `id >= min(from)`. Do not use it as an id.
 *
 * **Example** (The posts of a day)
 *
 * ```ts
 * import { TimeUuid } from "@effect-cql/schema"
 * import { DateTime } from "effect"
 *
 * const from = DateTime.makeUnsafe("2026-11-22")
 * const range = [TimeUuid.min(from), TimeUuid.min(DateTime.add(from, { days: 1 }))]
 * console.assert(TimeUuid.order(range[0]!, range[1]!) === -1)
 * ```
 *
 * @category ranges
 * @since 0.1.0
 */
export const min = (at: DateTime.DateTime): string => textOf(withinRange(ticksAt(at)), "8080", "808080808080")

/**
 * The greatest uuid of a millisecond, for ranges: `id <= max(until)`. Do not use it as an id.
 *
 * @category ranges
 * @since 0.1.0
 */
export const max = (at: DateTime.DateTime): string =>
  textOf(withinRange(ticksAt(at) + ticksOfMilli - 1n), "7f7f", "7f7f7f7f7f7f")

const ticksAt = (at: DateTime.DateTime): bigint => BigInt(Math.trunc(DateTime.toEpochMillis(at))) * ticksOfMilli + epoch

// No uuid is older than 1582 or younger than 5236: a time beyond bounds them all.
const withinRange = (ticks: bigint): bigint => ticks < 0n ? 0n : ticks > lastTick ? lastTick : ticks

const lastTick = 2n ** 60n - 1n
