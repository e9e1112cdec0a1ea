/**
 * The records of a file, as bytes: where each begins and ends. Cells are not looked at.
 *
 * A field of CSV may hold line breaks between quotes, so that only a reading from the start of a record knows where the record ends.
 * The plan of a load and the units that follow it read by this one scanner: a border of the plan is a border of the units.
 */

/** A record of a file. */
export interface FileRecord {
  /** The byte at which it begins. */
  readonly at: number
  /** The byte behind it and its line break. */
  readonly end: number
  /** Its bytes without the line break; undefined if there are too many of them. */
  readonly bytes: Uint8Array | undefined
}

/** The form of the records of a file. */
export interface Form {
  /** Byte between two fields; undefined if a line break always ends a record. */
  readonly delimiter: number | undefined
  /** Bytes of a record at most, and of a field between quotes. */
  readonly longest: number
}

const quote = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d
const byteOrderMark = [0xef, 0xbb, 0xbf] as const
const noBytes = new Uint8Array(0)

/**
 * Finds the records in blocks of bytes. Empty lines are no records.
 *
 * A quote opens a field only at its start. If no quote closes the field within `longest` bytes, or before the end of the file, the quote
 * is one that stands by itself: the record ends at its line, and the next one is found again.
 */
export class Scanner {
  readonly #form: Form
  /** Bytes from the start of the present record on. */
  #bytes: Uint8Array = noBytes
  /** The byte of the file at which these begin. */
  #at: number
  /** The next byte to look at. */
  #next = 0
  #fieldStart = 0
  /** The quote that has opened the present field. */
  #quoteAt: number | undefined
  /** True if the bytes of the present record have been dropped, and the byte at which it begins. */
  #isTooLong = false
  #startOfLong = 0
  #isFirst: boolean

  /** Begins at a byte of the file that is the start of a record. */
  constructor(form: Form, at: number) {
    this.#form = form
    this.#at = at
    this.#isFirst = at === 0
  }

  /** Takes a block, and returns the records that end in it. */
  add(block: Uint8Array): ReadonlyArray<FileRecord> {
    this.#bytes = joined(this.#bytes, block)
    return this.#records(false)
  }

  /** Returns the records that are left at the end of the file. */
  end(): ReadonlyArray<FileRecord> {
    return this.#records(true)
  }

  #records(isEnd: boolean): ReadonlyArray<FileRecord> {
    const found: Array<FileRecord> = []
    let start = 0
    if (this.#isFirst) {
      if (this.#bytes.length < byteOrderMark.length && !isEnd) return found
      this.#isFirst = false
      if (byteOrderMark.every((byte, index) => this.#bytes[index] === byte)) start = byteOrderMark.length
      this.#next = this.#fieldStart = start
    }
    while (true) {
      const end = this.#endOf(isEnd)
      if (end === undefined) break
      const next = this.#behindBreak(end, isEnd)
      if (next === undefined) break
      if (!this.#isEmpty(start, end) || this.#isTooLong) {
        const bytes = this.#isTooLong || end - start > this.#form.longest ? undefined : this.#bytes.subarray(start, end)
        found.push({ at: this.#isTooLong ? this.#startOfLong : this.#at + start, end: this.#at + next, bytes })
      }
      this.#isTooLong = false
      start = this.#next = this.#fieldStart = next
      if (next === this.#bytes.length && isEnd) break
    }
    this.#keepFrom(start)
    return found
  }

  /** The line break that ends the present record, or the end of the file. Undefined if more bytes have to come. */
  #endOf(isEnd: boolean): number | undefined {
    const bytes = this.#bytes
    const { delimiter } = this.#form
    while (true) {
      if (this.#quoteAt !== undefined) {
        const closing = this.#closing(this.#quoteAt, isEnd)
        if (closing === "more") return undefined
        this.#next = closing ?? this.#quoteAt + 1
        this.#quoteAt = undefined
      }
      let at = this.#next
      while (at < bytes.length) {
        const byte = bytes[at]
        if (byte === lineFeed || (byte === carriageReturn && delimiter !== undefined)) {
          this.#next = at
          return at
        }
        if (byte === delimiter) this.#fieldStart = at + 1
        else if (byte === quote && delimiter !== undefined && at === this.#fieldStart) break
        at++
      }
      this.#next = at
      if (at === bytes.length) return isEnd && (at > 0 || this.#isTooLong) ? at : undefined
      this.#quoteAt = at
    }
  }

  /** The byte behind the quote that closes a field; undefined if there is none. */
  #closing(opening: number, isEnd: boolean): number | "more" | undefined {
    const bytes = this.#bytes
    const last = opening + this.#form.longest
    let at = Math.max(this.#next, opening + 1)
    while (true) {
      const found = bytes.indexOf(quote, at)
      if (found < 0 || found > last) {
        if (bytes.length > last || isEnd) return undefined
        this.#next = bytes.length
        return "more"
      }
      if (found + 1 === bytes.length && !isEnd) {
        this.#next = found
        return "more"
      }
      if (bytes[found + 1] !== quote) return found + 1
      at = found + 2
    }
  }

  /** The byte behind a line break of one or two bytes. */
  #behindBreak(end: number, isEnd: boolean): number | undefined {
    const bytes = this.#bytes
    if (end === bytes.length) return end
    if (bytes[end] !== carriageReturn) return end + 1
    if (end + 1 === bytes.length && !isEnd) return undefined
    return bytes[end + 1] === lineFeed ? end + 2 : end + 1
  }

  /** True for a line without bytes. Where lines end at line feeds alone, a line may end with a carriage return too. */
  #isEmpty(start: number, end: number): boolean {
    return end === start ||
      (this.#form.delimiter === undefined && end === start + 1 && this.#bytes[start] === carriageReturn)
  }

  /** Drops the bytes of the records that have been returned, and those of a record that is too long. */
  #keepFrom(start: number): void {
    let from = start
    if (this.#quoteAt === undefined && this.#next - start > this.#form.longest) {
      if (!this.#isTooLong) this.#startOfLong = this.#at + start
      this.#isTooLong = true
      from = this.#next
    }
    if (from === 0) return
    this.#bytes = this.#bytes.subarray(from)
    this.#at += from
    this.#next -= from
    this.#fieldStart -= from
    if (this.#quoteAt !== undefined) this.#quoteAt -= from
  }
}

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  if (first.length === 0) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
