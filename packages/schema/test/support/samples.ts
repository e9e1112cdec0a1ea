/** A schema for each type of CQL. */
import { CqlSchema } from "@effect-cql/schema"
import { Schema } from "effect"

export class Point extends CqlSchema.Udt<Point>("Point")("point", {
  x: CqlSchema.Int,
  label: Schema.optionalKey(CqlSchema.Text)
}) {}

export type Sample = Schema.Codec<unknown, unknown>

export const samples: Readonly<Record<string, Sample>> = {
  ascii: CqlSchema.Ascii,
  text: CqlSchema.Text,
  tinyint: CqlSchema.TinyInt,
  smallint: CqlSchema.SmallInt,
  int: CqlSchema.Int,
  double: CqlSchema.Double,
  bigint: CqlSchema.BigInt,
  varint: CqlSchema.Varint,
  count: CqlSchema.Count,
  decimal: CqlSchema.Decimal,
  boolean: CqlSchema.Boolean,
  blob: CqlSchema.Blob,
  uuid: CqlSchema.Uuid,
  timeuuid: CqlSchema.TimeUuid,
  inet: CqlSchema.Inet,
  timestamp: CqlSchema.Timestamp,
  timestamp_date: CqlSchema.TimestampDate,
  date: CqlSchema.Date,
  date_text: CqlSchema.DateString,
  time: CqlSchema.Time,
  time_nanos: CqlSchema.TimeNanos,
  duration: CqlSchema.Duration,
  set_: CqlSchema.Set(CqlSchema.Timestamp),
  list_: CqlSchema.List(CqlSchema.Date),
  map_: CqlSchema.Map(CqlSchema.Text, CqlSchema.List(CqlSchema.Int)),
  frozen_: CqlSchema.Frozen(CqlSchema.Set(CqlSchema.Int)),
  tuple_: CqlSchema.Tuple([CqlSchema.Text, CqlSchema.Timestamp]),
  vector_: CqlSchema.Vector(3, CqlSchema.Double),
  point: Point,
  points: CqlSchema.List(Point)
}
