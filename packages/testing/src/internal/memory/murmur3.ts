/**
 * Tokens of partition keys: the first half of Murmur3 of 128 bits, with the signed bytes of Cassandra's own variant.
 */

const mask = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotate = (value: bigint, by: bigint): bigint => mask(value << by) | (value >> (64n - by))

const c1 = 0x87c37b91114253d5n
const c2 = 0x4cf5ad432745937fn

const mix1 = (k: bigint): bigint => mask(rotate(mask(k * c1), 31n) * c2)
const mix2 = (k: bigint): bigint => mask(rotate(mask(k * c2), 33n) * c1)

const finish = (value: bigint): bigint => {
  let h = value
  h = mask((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn)
  h = mask((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return h ^ (h >> 33n)
}

const smallest = -(2n ** 63n)

/** The token of the bytes of a partition key. */
export const token = (bytes: Uint8Array): bigint => {
  if (bytes.length === 0) return smallest
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks = bytes.length >> 4
  let [h1, h2] = [0n, 0n]
  for (let block = 0; block < blocks; block++) {
    h1 ^= mix1(view.getBigUint64(block * 16, true))
    h1 = mask((rotate(h1, 27n) + h2) * 5n + 0x52dce729n)
    h2 ^= mix2(view.getBigUint64(block * 16 + 8, true))
    h2 = mask((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n)
  }
  // Each byte of the rest with its sign: the variant that all clients have to follow.
  let [k1, k2] = [0n, 0n]
  for (let index = bytes.length - 1; index >= blocks * 16; index--) {
    const at = index - blocks * 16
    const byte = mask(BigInt(view.getInt8(index)))
    if (at >= 8) k2 ^= mask(byte << BigInt((at - 8) * 8))
    else k1 ^= mask(byte << BigInt(at * 8))
  }
  if (bytes.length - blocks * 16 > 8) h2 ^= mix2(k2)
  if (bytes.length - blocks * 16 > 0) h1 ^= mix1(k1)
  const length = BigInt(bytes.length)
  h1 ^= length
  h2 ^= length
  h1 = mask(h1 + h2)
  h2 = mask(h2 + h1)
  h1 = finish(h1)
  h2 = finish(h2)
  const result = BigInt.asIntN(64, h1 + h2)
  return result === smallest ? 2n ** 63n - 1n : result
}
