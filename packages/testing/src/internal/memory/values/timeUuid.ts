/**
 * Uuids of version 1, which carry a time, and of version 4, which are random.
 */

// From the beginning of the Gregorian calendar, in units of 100 nanoseconds.
const toGregorian = 122_192_928_000_000_000n

const hex = (value: bigint, digits: number): string => value.toString(16).padStart(digits, "0")

const uuidOf = (ticks: bigint, lower: bigint): string => {
  const time = hex(BigInt.asUintN(60, ticks + toGregorian), 15)
  const rest = hex(BigInt.asUintN(64, lower), 16)
  return `${time.slice(7)}-${time.slice(3, 7)}-1${time.slice(0, 3)}-${rest.slice(0, 4)}-${rest.slice(4)}`
}

/** The uuid of a time in units of 100 nanoseconds since the epoch. */
export const timeUuid = (ticks: bigint, node: bigint): string =>
  uuidOf(ticks, 0x8000_0000_0000_0000n | BigInt.asUintN(62, node))

/** The smallest that a time in milliseconds can have. */
export const smallest = (millis: number): string => uuidOf(BigInt(millis) * 10_000n, 0x8080_8080_8080_8080n)

/** The largest that a time in milliseconds can have. */
export const largest = (millis: number): string => uuidOf(BigInt(millis) * 10_000n + 9_999n, 0x7f7f_7f7f_7f7f_7f7fn)

/** The time of a uuid of version 1, in milliseconds since the epoch. */
export const millisOf = (uuid: string): number => {
  const ticks = BigInt(`0x${uuid.slice(15, 18)}${uuid.slice(9, 13)}${uuid.slice(0, 8)}`) - toGregorian
  return Number(ticks / 10_000n)
}

/** A uuid of version 4 of 128 random bits. */
export const randomUuid = (random: () => number): string => {
  const digits = Array.from({ length: 4 }, () => hex(BigInt(random() >>> 0), 8)).join("")
  const variant = "89ab"[Number.parseInt(digits[16] ?? "0", 16) & 3]
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${
    digits.slice(20)
  }`
}
