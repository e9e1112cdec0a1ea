/** Statements from an iterator, which may throw at any step. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Environment } from "../run/environment.ts"
import { exhaustedMessage, isExhausted, markExhausted } from "./exhausted.ts"
import type { Found, Source, SourceFailure } from "./source.ts"
import { asStep, logClosing } from "./step.ts"

export class IterableSource implements Source {
  item: unknown
  failure: SourceFailure | undefined
  readonly checked = true
  // Only its next step would say, and that may take an item for which there is no room.
  readonly hasEnded = false
  closed: Effect.Effect<void> = Effect.void
  readonly #iterable: Iterable<unknown>
  readonly #environment: Environment
  #iterator: Iterator<unknown> | undefined
  #over = false

  constructor(iterable: Iterable<unknown>, environment: Environment) {
    this.#iterable = iterable
    this.#environment = environment
  }

  pull(): Found {
    // An iterator is code of others and may throw. Plainly caught, for this is done for each item.
    try {
      if (this.#step()) return "item"
      this.#end()
      return "end"
    } catch (error) {
      this.#end()
      this.failure = { _tag: "Threw", error }
      return "failed"
    }
  }

  /** Takes the next item. Returns false at the end. */
  #step(): boolean {
    const isFirst = this.#iterator === undefined
    this.#iterator ??= this.#iterable[Symbol.iterator]()
    const step = asStep(this.#iterator.next())
    const isOver = step.done === true
    if (!isOver) this.item = step.value
    else if (isFirst && isExhausted(this.#iterable)) throw new TypeError(exhaustedMessage)
    return !isOver
  }

  #end(): void {
    this.#over = true
    markExhausted(this.#iterable, this.#iterator)
  }

  close(): void {
    if (this.#over) return
    this.#end()
    const closing = Result.try(() => this.#iterator?.return?.())
    if (Result.isFailure(closing)) this.closed = logClosing(this.#environment, Cause.die(closing.failure))
  }
}
