/**
 * Schemas of the CQL types of dates and times. Users reach this module through `CqlSchema`.
 *
 * @since 0.1.0
 */
import { exact, guaranteedBy } from "@effect-cql/core/Annotations"
import * as DateTime from "effect/DateTime"
import * as EffectDuration from "effect/Duration"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import { Int, type Scalar } from "./CqlScalar.ts"
import * as Calendar from "./internal/calendar.ts"
import { cqlType } from "./internal/cqlType.ts"
import { scalar, text } from "./internal/scalar.ts"

// A Date drops the fraction that the sum of a DateTime and a Duration may have.
const wholeMillis = Schema.makeFilter((at: DateTime.Utc) => Number.isInteger(DateTime.toEpochMillis(at)), {
  expected: "a time of whole milliseconds"
})

/**
 * `timestamp`: a `DateTime.Utc`, in milliseconds. {@link TimestampDate} is the same as a `Date`.
 *
 * @category times
 * @since 0.1.0
 */
export const Timestamp: Scalar<DateTime.Utc, globalThis.Date, SchemaAST.Declaration> = scalar(
  Schema.Date.annotate({ [cqlType]: "timestamp" }).pipe(
    Schema.decodeTo(Schema.DateTimeUtc.annotate({ [exact]: true }).check(wholeMillis), {
      decode: SchemaGetter.transform((date: globalThis.Date) => DateTime.fromDateUnsafe(date)),
      encode: SchemaGetter.transform(DateTime.toDateUtc)
    })
  )
)

/**
 * `timestamp`: a valid `Date`.
 *
 * @category times
 * @since 0.1.0
 */
export const TimestampDate: Scalar<globalThis.Date, globalThis.Date, SchemaAST.Declaration> = scalar(
  Schema.Date.annotate({ [cqlType]: "timestamp" })
)

/**
 * `date`: a string `YYYY-MM-DD`. Years beyond 0 to 9999 have a sign, and up to seven digits.
 *
 * @category times
 * @since 0.1.0
 */
export const DateString: Scalar<string, string, SchemaAST.String> = scalar(
  text("date").check(
    Schema.makeFilter((date: string) => Calendar.isDate(date), {
      expected: "a date YYYY-MM-DD",
      [guaranteedBy]: ["date"],
      arbitraryConstraint: {
        patterns: [{ source: "^(?:19|20)\\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])$", flags: "" }]
      }
    })
  )
)

const withinDate = Schema.makeFilter((date: string) => !Number.isNaN(Calendar.toMillis(date)), {
  expected: "a date that a DateTime can represent"
})

const midnight = Schema.makeFilter((date: DateTime.Utc) => DateTime.toEpochMillis(date) % Calendar.day === 0, {
  expected: "midnight of a day in UTC"
})

/**
 * `date`: midnight of the day in UTC, a `DateTime.Utc`. Writing another time of the day is refused.
 *
 * @category times
 * @since 0.1.0
 */
export const Date: Scalar<DateTime.Utc, string, SchemaAST.Declaration> = scalar(
  DateString.check(withinDate).pipe(
    Schema.decodeTo(
      Schema.DateTimeUtc.annotate({
        [exact]: true,
        toCodecArbitrary: () =>
          Schema.link<DateTime.Utc>()(Schema.Int.check(Schema.isBetween({ minimum: -20_000, maximum: 40_000 })), {
            decode: SchemaGetter.transform((days: number) => DateTime.makeUnsafe(days * Calendar.day)),
            encode: SchemaGetter.transform((date: DateTime.Utc) => DateTime.toEpochMillis(date) / Calendar.day)
          })
      }).check(midnight),
      {
        decode: SchemaGetter.transform((date: string) => DateTime.makeUnsafe(Calendar.toMillis(date))),
        encode: SchemaGetter.transform((date: DateTime.Utc) => Calendar.toText(DateTime.toEpochMillis(date)))
      }
    )
  )
)

const nanosOfDay = 86_400_000_000_000n

const time = Schema.BigInt.annotate({ [cqlType]: "time" }).check(
  Schema.isBetweenBigInt({ minimum: 0n, maximum: nanosOfDay - 1n }, { [guaranteedBy]: ["time"] })
)

/**
 * `time`: nanoseconds since midnight, as a `bigint`.
 *
 * @category times
 * @since 0.1.0
 */
export const TimeNanos: Scalar<bigint, bigint, SchemaAST.BigInt> = scalar(time)

/**
 * `time`: the `Duration` since midnight.
 *
 * @category times
 * @since 0.1.0
 */
export const Time: Scalar<EffectDuration.Duration, bigint, SchemaAST.Declaration> = scalar(
  time.pipe(
    Schema.decodeTo(
      Schema.Duration.annotate({
        [exact]: true,
        toCodecArbitrary: () =>
          Schema.link<EffectDuration.Duration>()(time, {
            decode: SchemaGetter.transform(EffectDuration.nanos),
            encode: SchemaGetter.transform(EffectDuration.toNanosUnsafe)
          })
      }).check(
        Schema.makeFilter(
          (since: EffectDuration.Duration) => EffectDuration.isLessThan(since, EffectDuration.days(1)),
          {
            expected: "less than a day"
          }
        )
      ),
      {
        decode: SchemaGetter.transform(EffectDuration.nanos),
        encode: SchemaGetter.transform(EffectDuration.toNanosUnsafe)
      }
    )
  )
)

const hasOneSign = (value: CqlDuration) => {
  const parts = [value.months, value.days, Number(value.nanoseconds)]
  return parts.every((part) => part >= 0) || parts.every((part) => part <= 0)
}

/**
 * `duration`: months, days and nanoseconds with the same sign. (A `Duration` of Effect cannot represent months.)
 *
 * @category times
 * @since 0.1.0
 */
export const Duration: Scalar<CqlDuration, CqlDuration, SchemaAST.Objects> = scalar(
  Schema.Struct({
    months: Int,
    days: Int,
    nanoseconds: Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n }))
  }).annotate({ [cqlType]: "duration" }).check(Schema.makeFilter(hasOneSign, { expected: "parts of one sign" }))
)

/**
 * A value of the type `duration`.
 *
 * @category models
 * @since 0.1.0
 */
export interface CqlDuration {
  readonly months: number
  readonly days: number
  readonly nanoseconds: bigint
}
