/**
 * Internet addresses as bytes and as text.
 */

const byteOf = (text: string): number | undefined =>
  /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) < 256 ? Number(text) : undefined

const version4 = (address: string): Uint8Array | undefined => {
  const parts = address.split(".").map(byteOf)
  return parts.length === 4 && parts.every((part) => part !== undefined) ? Uint8Array.from(parts) : undefined
}

/** The bytes of a text that Java takes for the name of a host, without asking a server of names. */
export const fromHostName = (text: string): Uint8Array | undefined => {
  if (text.toLowerCase() === "localhost") return Uint8Array.of(127, 0, 0, 1)
  if (text.startsWith("[") && text.endsWith("]") && text.includes(":")) return toBytes(text.slice(1, -1))
  const parts = text.split(".")
  const numbers = parts.map(Number)
  const last = numbers.pop() ?? 0
  // Fewer than four numbers: the last one fills the bytes that are left.
  if (parts.length > 4 || !parts.every((part) => /^\d+$/.test(part)) || numbers.some((each) => each > 255)) {
    return undefined
  }
  const rest = 4 - numbers.length
  if (last >= 256 ** rest) return undefined
  return Uint8Array.from([
    ...numbers,
    ...Array.from({ length: rest }, (_, index) => Math.floor(last / 256 ** (rest - 1 - index)) % 256)
  ])
}

const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** The 4 or 16 bytes of an address; `undefined` when the text is none. A mapped address is stored as the one of version 4. */
export const toBytes = (address: string): Uint8Array | undefined => {
  const four = version4(address)
  if (four !== undefined) return four
  const halves = address.split("::")
  if (!address.includes(":") || halves.length > 2) return undefined
  const parsed = halves.map(groupsOf)
  const [front, back] = parsed
  if (front === undefined || (halves.length === 2 && back === undefined)) return undefined
  const length = front.length + (back?.length ?? 0)
  if (halves.length === 1 ? length !== 8 : length > 7) return undefined
  const words = [...front, ...Array.from({ length: 8 - length }, () => 0), ...(back ?? [])]
  const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]))
  return mapped.every((byte, index) => byte === bytes[index]) ? bytes.slice(mapped.length) : bytes
}

const groupsOf = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const words: Array<number> = []
  for (const group of text.split(":")) {
    const four = group.includes(".") ? version4(group) : undefined
    if (four !== undefined) words.push(four[0]! * 256 + four[1]!, four[2]! * 256 + four[3]!)
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) words.push(Number.parseInt(group, 16))
    else return undefined
  }
  return words
}

/** The text that Java makes of an address, with every group. */
export const javaText = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? bytes.join(".")
    : Array.from(
      { length: 8 },
      (_, index) => ((bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0)).toString(16)
    ).join(":")

/** The canonical text of an address: for version 6 in small letters, with the longest run of zeros left out. */
export const toText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join(".")
  const words = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0))
  let longest = { start: 0, length: 0 }
  let start = 0
  for (let index = 0; index <= words.length; index++) {
    if (words[index] === 0) continue
    if (index - start > longest.length) longest = { start, length: index - start }
    start = index + 1
  }
  const hex = (from: number, to: number) => words.slice(from, to).map((word) => word.toString(16)).join(":")
  return longest.length < 2
    ? hex(0, 8)
    : `${hex(0, longest.start)}::${hex(longest.start + longest.length, 8)}`
}
