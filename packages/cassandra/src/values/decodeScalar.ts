/**
 * From bytes to the values of the types without a structure.
 *
 * Every length is checked before a byte is read: a decoder never reads beyond its cell, whatever a server sends.
 */
import * as BigDecimal from "effect/BigDecimal"
import { isUtf8 } from "node:buffer"
import * as Calendar from "./calendar.ts"
import type { ScalarName } from "./cqlType.ts"
import * as Inet from "./inet.ts"
import { Unreadable } from "./unreadable.ts"
import * as Varint from "./varint.ts"

/** Decodes the bytes of an answer from `start` up to `end`, in place. Throws {@link Unreadable}. */
export type Decode = (bytes: Buffer, start: number, end: number) => unknown

/** A signed integer of four bytes, which are known to be there. */
export const int32At = (bytes: Buffer, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

const wrongLength = (name: string, length: number, expected: string): Unreadable =>
  length === 0
    ? new Unreadable(`expected ${name}, got an empty value. Select ${name}AsBlob(...) of it.`)
    : new Unreadable(`expected ${name} of ${expected}, got ${length}`)

const bytesOf = (count: number): string => count === 1 ? "1 byte" : `${count} bytes`

/** A decoder of exactly so many bytes. */
const fixed = (name: ScalarName, length: number, read: (bytes: Buffer, start: number) => unknown): Decode => {
  const expected = bytesOf(length)
  return (bytes, start, end) => {
    if (end - start !== length) throw wrongLength(name, end - start, expected)
    return read(bytes, start)
  }
}

const text: Decode = (bytes, start, end) => {
  const value = bytes.toString("utf8", start, end)
  // Invalid bytes become this character. It is a valid one as well.
  if (value.includes("\uFFFD") && !isUtf8(bytes.subarray(start, end))) {
    throw new Unreadable("expected text, got bytes that are not UTF-8. Select textAsBlob(...) of it.")
  }
  return value
}

// oxlint-disable-next-line no-control-regex -- they are ASCII
const isAscii = (value: string): boolean => /^[\x00-\x7f]*$/.test(value)

const high = new Uint8Array(256)
const low = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, "0")
  high[byte] = digits.charCodeAt(0)
  low[byte] = digits.charCodeAt(1)
}

const hyphen = 0x2d

const uuid = (name: ScalarName): Decode => (bytes, start, end) => {
  if (end - start !== 16) throw wrongLength(name, end - start, "16 bytes")
  // In one call: a text that is cut and joined costs more than all else of a row with a uuid.
  const a = bytes[start]!
  const b = bytes[start + 1]!
  const c = bytes[start + 2]!
  const d = bytes[start + 3]!
  const e = bytes[start + 4]!
  const f = bytes[start + 5]!
  const g = bytes[start + 6]!
  const h = bytes[start + 7]!
  const i = bytes[start + 8]!
  const j = bytes[start + 9]!
  const k = bytes[start + 10]!
  const l = bytes[start + 11]!
  const m = bytes[start + 12]!
  const n = bytes[start + 13]!
  const o = bytes[start + 14]!
  const p = bytes[start + 15]!
  // dprint-ignore
  return String.fromCharCode(
    high[a]!, low[a]!, high[b]!, low[b]!, high[c]!, low[c]!, high[d]!, low[d]!, hyphen,
    high[e]!, low[e]!, high[f]!, low[f]!, hyphen, high[g]!, low[g]!, high[h]!, low[h]!, hyphen,
    high[i]!, low[i]!, high[j]!, low[j]!, hyphen, high[k]!, low[k]!, high[l]!, low[l]!,
    high[m]!, low[m]!, high[n]!, low[n]!, high[o]!, low[o]!, high[p]!, low[p]!
  )
}

/** The largest distance of a Date from 1970, in milliseconds. */
const furthest = 8_640_000_000_000_000
const nanosecondsOfDay = 86_400_000_000_000n

const bigint = (name: ScalarName): Decode => fixed(name, 8, (bytes, start) => bytes.readBigInt64BE(start))

// Blobs get memory of their own: a view would keep the whole answer alive.
const blob: Decode = (bytes, start, end) => new Uint8Array(bytes.subarray(start, end))

/** The bytes of a type that is not known. */
export const custom: Decode = blob

/** The decoders of the types without a structure. */
export const scalars: { readonly [Name in ScalarName]: Decode } = {
  ascii: (bytes, start, end) => {
    const value = bytes.toString("latin1", start, end)
    if (isAscii(value)) return value
    throw new Unreadable("expected ascii, got a byte above 127. Select asciiAsBlob(...) of it.")
  },
  bigint: bigint("bigint"),
  blob,
  boolean: fixed("boolean", 1, (bytes, start) => bytes[start] !== 0),
  counter: bigint("counter"),
  decimal: (bytes, start, end) => {
    if (end - start < 5) throw wrongLength("decimal", end - start, "at least 5 bytes")
    return BigDecimal.make(Varint.fromBytes(bytes.subarray(start + 4, end)), int32At(bytes, start))
  },
  double: fixed("double", 8, (bytes, start) => bytes.readDoubleBE(start)),
  float: fixed("float", 4, (bytes, start) => bytes.readFloatBE(start)),
  int: fixed("int", 4, int32At),
  text,
  timestamp: fixed("timestamp", 8, (bytes, start) => {
    const millis = int32At(bytes, start) * 0x1_0000_0000 + (int32At(bytes, start + 4) >>> 0)
    if (millis >= -furthest && millis <= furthest) return new Date(millis)
    throw new Unreadable(
      "expected a timestamp within the range of Date, got one beyond it. Select blobAsBigint(timestampAsBlob(...)) of it."
    )
  }),
  uuid: uuid("uuid"),
  varint: (bytes, start, end) => {
    if (start === end) throw wrongLength("varint", 0, "at least 1 byte")
    return Varint.fromBytes(bytes.subarray(start, end))
  },
  timeuuid: uuid("timeuuid"),
  inet: (bytes, start, end) => {
    const length = end - start
    if (length !== 4 && length !== 16) throw wrongLength("inet", length, "4 or 16 bytes")
    return Inet.toText(bytes.subarray(start, end))
  },
  date: fixed("date", 4, (bytes, start) => Calendar.toText((int32At(bytes, start) >>> 0) - 0x8000_0000)),
  time: fixed("time", 8, (bytes, start) => {
    const nanoseconds = bytes.readBigInt64BE(start)
    if (nanoseconds >= 0n && nanoseconds < nanosecondsOfDay) return nanoseconds
    throw new Unreadable(
      "expected a time of the day, got one beyond 24 hours. Select blobAsBigint(timeAsBlob(...)) of it."
    )
  }),
  smallint: fixed("smallint", 2, (bytes, start) => bytes.readInt16BE(start)),
  tinyint: fixed("tinyint", 1, (bytes, start) => bytes.readInt8(start)),
  duration: (bytes, start, end) => {
    if (start === end) throw wrongLength("duration", 0, "3 numbers")
    const reader = new Varint.Reader(bytes, start, end)
    const months = int32(reader.signed())
    const days = int32(reader.signed())
    const nanoseconds = reader.signed()
    if (months === undefined || days === undefined || nanoseconds === undefined || reader.at !== end) {
      throw new Unreadable("expected duration of months, days and nanoseconds, got other bytes")
    }
    return { months, days, nanoseconds }
  }
}

const int32 = (value: bigint | undefined): number | undefined =>
  value === undefined || value !== BigInt.asIntN(32, value) ? undefined : Number(value)
