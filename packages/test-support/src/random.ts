/**
 * Seeded randomness: a case is its seed, and a seed gives the same case forever.
 */

/** Mulberry32: 32 bits of state, good enough to choose test cases, and four lines long. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number from 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }

  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  /** An integer from `from` to `to`, small ones much more often: equally many of each order of magnitude. */
  skewed(from: number, to: number): number {
    const shift = from === 0 ? 1 : 0
    const drawn = (from + shift) * ((to + shift + 1) / (from + shift)) ** this.next()
    return Math.min(to, Math.floor(drawn) - shift)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(choices: readonly [A, ...ReadonlyArray<A>]): A {
    return choices[this.between(0, choices.length - 1)] ?? choices[0]
  }
}

/** Randomness that belongs to an index, whatever has been drawn before: item 7 of a case is always the same. */
export const randomAt = (seed: number, index: number): Random =>
  new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35))
