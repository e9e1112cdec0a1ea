/** A checksum that finds an edited text: FNV-1a of 64 bits, over the text with the line ends of Unix. */
export const checksumOf = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (const character of text.replaceAll("\r\n", "\n")) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0)!)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, "0")
}
