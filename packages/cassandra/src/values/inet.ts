/**
 * Internet addresses as bytes and as text.
 */
import { isIPv4, isIPv6 } from "node:net"

/**
 * The 4 or 16 bytes of an address; `undefined` when the text is none. An IPv4 address in the form of version 6
 * (`::ffff:10.0.0.1`) has 4, as the server makes of a literal: under 16 bytes it would be another key.
 */
export const toBytes = (address: string): Buffer | undefined => {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number))
  // A zone names an interface of this machine, which means nothing to a database.
  if (!isIPv6(address) || address.includes("%")) return undefined
  const [head = "", tail] = address.split("::")
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0)
  const bytes = Buffer.allocUnsafe(16)
  for (const [index, group] of [...front, ...zeros, ...back].entries()) bytes.writeUInt16BE(group, index * 2)
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

const mappedPrefix = Buffer.from("00000000000000000000ffff", "hex")

const isMapped = (bytes: Buffer): boolean => bytes.subarray(0, 12).equals(mappedPrefix)

const groups = (text: string): Array<number> =>
  text === "" ? [] : text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number)
    return [a * 256 + b, c * 256 + d]
  })

/** The canonical text of an address: for version 6 in small letters, with the longest run of zeros left out. */
export const toText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join(".")
  const words = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0))
  const { length, start } = longestZeros(words)
  const hex = (from: number, to: number) => words.slice(from, to).map((word) => word.toString(16)).join(":")
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`
}

const longestZeros = (words: ReadonlyArray<number>): { readonly start: number; readonly length: number } => {
  let longest = { start: 0, length: 0 }
  let start = 0
  for (let index = 0; index <= words.length; index++) {
    if (words[index] === 0) continue
    if (index - start > longest.length) longest = { start, length: index - start }
    start = index + 1
  }
  return longest
}
