/**
 * Results by index, waiting for their turn: a ring that grows with what has to wait.
 */
export class Ring<A> {
  #slots: Array<A | undefined> = Array.from({ length: 64 })
  #head = 0

  /** Puts the result of an index at or above the head. */
  put(index: number, result: A): void {
    while (index - this.#head >= this.#slots.length) this.#grow()
    this.#slots[index & (this.#slots.length - 1)] = result
  }

  /** The index at the head. */
  get head(): number {
    return this.#head
  }

  /** The result at the head, if it is there. */
  get first(): A | undefined {
    return this.#slots[this.#head & (this.#slots.length - 1)]
  }

  /** Takes the head off, so that the next index is the head. */
  shift(): void {
    this.#slots[this.#head & (this.#slots.length - 1)] = undefined
    this.#head++
  }

  /** Moves every result to the front, in their order. What was missing before them stays missing. */
  closeGaps(): void {
    const { length } = this.#slots
    const present = Array.from({ length }, (_, offset) => this.#slots[(this.#head + offset) & (length - 1)])
      .filter((result) => result !== undefined)
    for (let offset = 0; offset < length; offset++) {
      this.#slots[(this.#head + offset) & (length - 1)] = present[offset]
    }
  }

  // The length is a power of two, so that an index is found by a mask.
  #grow(): void {
    const before = this.#slots
    const after: Array<A | undefined> = Array.from({ length: before.length * 2 })
    for (let index = this.#head; index < this.#head + before.length; index++) {
      after[index & (after.length - 1)] = before[index & (before.length - 1)]
    }
    this.#slots = after
  }
}
