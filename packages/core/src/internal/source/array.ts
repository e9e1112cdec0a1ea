/** Statements in an array: all available, and nothing to close. */
import * as Effect from "effect/Effect"
import type { Found, Source } from "./source.ts"

export class ArraySource implements Source {
  item: unknown
  hasEnded = false
  readonly failure = undefined
  readonly checked = false
  readonly closed = Effect.void
  readonly #items: ReadonlyArray<unknown>
  // Items that are added while the run is under way are none of it.
  readonly #length: number
  #next = 0

  constructor(items: ReadonlyArray<unknown>) {
    this.#items = items
    this.#length = items.length
  }

  pull(): Found {
    if (this.#next >= this.#length) return "end"
    this.item = this.#items[this.#next++]
    this.hasEnded = this.#next >= this.#length
    return "item"
  }

  close(): void {}
}
