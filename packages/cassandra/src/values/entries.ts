/**
 * The elements of a set, or the entries of a map, as they are written one after the other.
 */
import type { Order } from "./order.ts"
import type { Output } from "./output.ts"

interface Entry {
  readonly index: number
  readonly start: number
  readonly keyEnd: number
  end: number
}

/** Entries behind their number. Each begins with the length of its key, and its key. */
export class Entries {
  readonly #output: Output
  readonly #order: Order
  readonly #count: number
  readonly #all: Array<Entry> = []
  #isOrdered = true

  constructor(output: Output, order: Order) {
    this.#output = output
    this.#order = order
    this.#count = output.take(4)
  }

  /** Takes in an entry whose key has been written. Its value, if it has one, follows. */
  add(start: number): void {
    const keyEnd = this.#output.at
    const all = this.#all
    const last = all.at(-1)
    const entry: Entry = { index: all.length, start, keyEnd, end: keyEnd }
    if (last !== undefined) {
      last.end = start
      this.#isOrdered &&= this.#compare(this.#output.bytes, last, entry, 0) < 0
    }
    all.push(entry)
  }

  /**
   * Brings the entries into their order. Of several with one key the first stays; returns the index of the last of the others,
   * or undefined if there is none.
   */
  finish(): number | undefined {
    const output = this.#output
    let twice: number | undefined
    let left = this.#all.length
    if (!this.#isOrdered) {
      const first = this.#all[0]!.start
      this.#all.at(-1)!.end = output.at
      const bytes = Buffer.from(output.bytes.subarray(first, output.at))
      output.reset(first)
      let last: Entry | undefined
      for (const entry of this.#all.toSorted((one, other) => this.#compare(bytes, one, other, first))) {
        if (last !== undefined && this.#compare(bytes, last, entry, first) === 0) {
          left--
          twice = Math.max(twice ?? 0, entry.index)
          continue
        }
        last = entry
        output.raw(bytes.subarray(entry.start - first, entry.end - first))
      }
    }
    output.intAt(this.#count, left)
    return twice
  }

  #compare(bytes: Buffer, one: Entry, other: Entry, first: number): number {
    return this.#order(
      bytes,
      one.start + 4 - first,
      one.keyEnd - first,
      other.start + 4 - first,
      other.keyEnd - first
    )
  }
}
