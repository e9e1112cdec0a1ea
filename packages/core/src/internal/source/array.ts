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
  #next = 0

  constructor(items: ReadonlyArray<unknown>) {
    this.#items = items
  }

  pull(): Found {
    if (this.#next >= this.#items.length) return "end"
    this.item = this.#items[this.#next++]
    this.hasEnded = this.#next >= this.#items.length
    return "item"
  }

  close(): void {}
}
