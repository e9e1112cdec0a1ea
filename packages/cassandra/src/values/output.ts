/**
 * Bytes that are written one after the other, into memory that all statements share until they are complete.
 *
 * A Buffer for each value of a statement would cost more than encoding it.
 */
import { Buffer } from "node:buffer"

/** The length of a value that is null. */
export const nullLength = -1

const smallest = 4_096

// Memory beyond this is given up after the value that needed it.
const largest = 262_144

export class Output {
  bytes = Buffer.allocUnsafeSlow(smallest)
  /** Where the next bytes go. */
  at = 0

  /** Takes room for so many bytes, and gives its place. */
  take(length: number): number {
    const { at } = this
    const end = at + length
    if (end > this.bytes.length) this.#grow(end)
    this.at = end
    return at
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  byte(value: number): void {
    const at = this.take(1)
    this.bytes[at] = value
  }

  short(value: number): void {
    const at = this.take(2)
    const { bytes } = this
    bytes[at] = value >> 8
    bytes[at + 1] = value
  }

  int(value: number): void {
    this.intAt(this.take(4), value)
  }

  intAt(at: number, value: number): void {
    const { bytes } = this
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
  }

  long(value: bigint): void {
    const at = this.take(8)
    this.bytes.writeBigInt64BE(value, at)
  }

  raw(value: Uint8Array): void {
    const at = this.take(value.length)
    this.bytes.set(value, at)
  }

  /** Writes well-formed text. */
  text(value: string): void {
    if (value.length <= short && this.#ascii(value)) return
    const length = Buffer.byteLength(value, "utf8")
    const at = this.take(length)
    this.bytes.write(value, at, length, "utf8")
  }

  // Short text mostly is ASCII, and a call into the runtime takes longer than its characters.
  #ascii(value: string): boolean {
    const start = this.take(value.length)
    const { bytes } = this
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) {
        this.at = start
        return false
      }
      bytes[start + index] = code
    }
    return true
  }

  /** Removes the bytes from a place on, and gives them in memory of their own. */
  cut(start: number): Buffer {
    const length = this.at - start
    const cut = Buffer.allocUnsafe(length)
    this.bytes.copy(cut, 0, start, this.at)
    this.reset(start)
    return cut
  }

  /** Forgets what was written from a place on. */
  reset(start: number): void {
    this.at = start
    if (start === 0 && this.bytes.length > largest) this.bytes = Buffer.allocUnsafeSlow(smallest)
  }
}

const short = 24

/**
 * The output of everything that is encoded. A getter of a value may encode another statement in the middle: that one writes
 * behind what is there, and takes its bytes away again.
 */
export const shared = new Output()
