/**
 * Lines of a log that repeat.
 */
import { now } from "../driver/timer.ts"

interface Kind {
  count: number
  /** When the last one came, in milliseconds. */
  last: number
}

/**
 * Shows each line once, and again when its number has grown tenfold, with the number. A line that comes after a long time
 * of silence is news again.
 */
export class Repeated<Line extends ReadonlyArray<unknown> = readonly []> {
  readonly #log: (line: string, ...more: Line) => void
  readonly #now: () => number
  readonly #kinds = new Map<string, Kind>()

  constructor(log: (line: string, ...more: Line) => void, clock: () => number = now) {
    this.#log = log
    this.#now = clock
  }

  /** Lines that differ in their numbers alone are the same; those of two nodes are not. */
  add(line: string, ...more: Line): void {
    const kind = kindOf(line)
    const at = this.#now()
    let known = this.#kinds.get(kind)
    if (known === undefined || at - known.last > silence) {
      if (this.#kinds.size >= mostKinds) this.#kinds.clear()
      known = { count: 0, last: at }
      this.#kinds.set(kind, known)
    }
    known.count++
    known.last = at
    const { count } = known
    if (isPowerOfTen(count)) this.#log(count === 1 ? line : `${line} (${count} times so far)`, ...more)
  }
}

const mostKinds = 1_000
// Longer than the driver ever waits before it connects again.
const silence = 15 * 60_000

const isPowerOfTen = (count: number): boolean => /^10*$/.test(String(count))

// A server's warning quotes the query that it is about: of many queries it is one warning.
const kindOf = (line: string): string =>
  line.replace(/" for ".*$/s, "").replace(/\S+/g, (word) => address.test(word) ? word : word.replace(/\d+/g, "#"))

const address = /\d+\.\d+\.\d+\.\d+|[\]\w]:\d{2,5}\b/
