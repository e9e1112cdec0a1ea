/**
 * Advice for the rows that most often do not fit their schema.
 */

/** Advice for a value that does not fit, if there is any. */
export const adviceFor = (
  expected: string,
  value: unknown,
  row: { readonly [column: string]: unknown },
  column: string | undefined
): string => {
  if (value === undefined) {
    return column === undefined || column in row ? "" : `. The row has the columns ${Object.keys(row).join(", ")}.`
  }
  if (value === null) {
    return /Set|Map|array/i.test(expected)
      ? ". An empty collection reads as null: CqlSchema.Set, List and Map of @effect-cql/schema read it."
      : ". The column has no value: Schema.NullOr reads it, CqlSchema.optional of @effect-cql/schema leaves the field out."
  }
  if (typeof value === "bigint" && /number|integer/.test(expected)) {
    return ". A bigint, counter or count(*) is a bigint: Schema.BigInt, or CqlSchema.Count of @effect-cql/schema."
  }
  if (value instanceof Date) return ". A timestamp is a Date: Schema.Date, or Schema.DateTimeUtcFromDate."
  if (value instanceof Set) return ". A set is a Set: Schema.ReadonlySet."
  if (value instanceof Map) return ". A map is a Map: Schema.ReadonlyMap."
  return ""
}
