/**
 * Integers of any size, in two's complement and network order.
 */

/** The shortest bytes of an integer. Longer ones would be another partition key. */
export const toBytes = (value: bigint): Buffer => {
  if (value >= -0x8000_0000n && value < 0x8000_0000n) return small(Number(value))
  // One bit for the sign. The digits of a negative number are those of its complement to a power of 256.
  const length = Math.floor((value < 0n ? -value - 1n : value).toString(2).length / 8) + 1
  return Buffer.from(BigInt.asUintN(length * 8, value).toString(16).padStart(length * 2, "0"), "hex")
}

const small = (value: number): Buffer => {
  const size = value < 0 ? -value - 1 : value
  const length = size < 0x80 ? 1 : size < 0x8000 ? 2 : size < 0x80_0000 ? 3 : 4
  const bytes = Buffer.allocUnsafe(length)
  bytes.writeIntBE(value, 0, length)
  return bytes
}

/** The integer of some bytes. */
export const fromBytes = (bytes: Buffer): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`))

/** An unsigned integer in the format in which vectors and durations carry lengths: ones count the bytes that follow. */
export const toUnsignedVInt = (value: bigint): Buffer => {
  const bits = value === 0n ? 1 : value.toString(2).length
  // The first byte gives up one bit to each further byte, up to eight of them.
  const extra = Math.min(8, Math.ceil(Math.max(0, bits - 7) / 7))
  const bytes = Buffer.from(value.toString(16).padStart((extra + 1) * 2, "0").slice(-(extra + 1) * 2), "hex")
  bytes[0] = (bytes[0] ?? 0) | (0xff00 >> extra) & 0xff
  return bytes
}

/** A signed integer in the same format: small ones, of either sign, are short. */
export const toVInt = (value: bigint): Buffer => toUnsignedVInt(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))

/** Reads numbers of that format, one after the other. Each is undefined if the bytes end before it does. */
export class Reader {
  readonly #bytes: Buffer
  readonly #end: number
  /** Where the next number begins. */
  at: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.at = start
    this.#end = end
  }

  unsigned(): bigint | undefined {
    if (this.at >= this.#end) return undefined
    const first = this.#bytes[this.at]!
    const extra = Math.clz32(~(first << 24))
    const next = this.at + 1 + extra
    if (next > this.#end) return undefined
    let value = BigInt(first & (0xff >> extra))
    for (let index = this.at + 1; index < next; index++) value = (value << 8n) | BigInt(this.#bytes[index]!)
    this.at = next
    return value
  }

  signed(): bigint | undefined {
    const value = this.unsigned()
    return value === undefined ? undefined : BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
  }
}
