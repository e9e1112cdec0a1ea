/** Statements from an iterator, which may throw at any step. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Found, Source, SourceFailure } from "../source.ts"
import { asStep, logClosing } from "./step.ts"

export class IterableSource implements Source {
  item: unknown
  failure: SourceFailure | undefined
  readonly checked = true
  closed: Effect.Effect<void> = Effect.void
  readonly #iterable: Iterable<unknown>
  #iterator: Iterator<unknown> | undefined
  #over = false

  constructor(iterable: Iterable<unknown>) {
    this.#iterable = iterable
  }

  pull(): Found {
    const next = Result.try(() => {
      this.#iterator ??= this.#iterable[Symbol.iterator]()
      return asStep(this.#iterator.next())
    })
    if (Result.isFailure(next)) {
      this.#over = true
      this.failure = { _tag: "Threw", error: next.failure }
      return "failed"
    }
    if (next.success.done) {
      this.#over = true
      return "end"
    }
    this.item = next.success.value
    return "item"
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    const closing = Result.try(() => this.#iterator?.return?.())
    if (Result.isFailure(closing)) this.closed = logClosing(Cause.die(closing.failure))
  }
}
