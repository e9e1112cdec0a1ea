/**
 * Converts the nanoseconds of a clock to a number.
 *
 * `Number` of a bigint takes as long as reading the clock does, and metrics read it for each statement.
 */

const view = new DataView(new ArrayBuffer(8))

/** The number of nanoseconds: exact up to 2 ** 53, which are 104 days. */
export const nanosecondsOf = (nanos: bigint): number => {
  view.setBigInt64(0, nanos)
  return view.getInt32(0) * 2 ** 32 + view.getUint32(4)
}
