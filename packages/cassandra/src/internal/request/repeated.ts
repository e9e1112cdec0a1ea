/**
 * Lines of a log that repeat: each is shown once, and again when its number has grown tenfold.
 */
export class Repeated {
  readonly #log: (line: string) => void
  readonly #counts = new Map<string, number>()

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  /** Lines that differ in their numbers alone are the same. */
  add(line: string): void {
    const kind = line.replace(/\d+/g, "#")
    const count = (this.#counts.get(kind) ?? 0) + 1
    if (count === 1 && this.#counts.size >= mostKinds) this.#counts.clear()
    this.#counts.set(kind, count)
    if (isPowerOfTen(count)) this.#log(count === 1 ? line : `${line} (${count} times so far)`)
  }
}

const mostKinds = 1_000

const isPowerOfTen = (count: number): boolean => /^10*$/.test(String(count))
