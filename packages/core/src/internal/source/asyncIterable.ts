/** Statements from an async iterator: one `next` in progress at a time. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Environment } from "../run/environment.ts"
import { logOf } from "../watch/logs.ts"
import { exhaustedMessage, isExhausted, markExhausted } from "./exhausted.ts"
import type { Found, Source, SourceFailure } from "./source.ts"
import { copyOfStep, logClosing } from "./step.ts"

export class AsyncIterableSource implements Source {
  item: unknown
  failure: SourceFailure | undefined
  readonly checked = true
  closed: Effect.Effect<void> = Effect.void
  readonly #iterable: AsyncIterable<unknown>
  readonly #environment: Environment
  readonly #onReady: () => void
  #iterator: AsyncIterator<unknown> | undefined
  #state: "idle" | "pulling" | "ready" | "over" = "idle"
  #arrived: Found = "end"
  #hasGiven = false

  constructor(iterable: AsyncIterable<unknown>, environment: Environment, onReady: () => void) {
    this.#iterable = iterable
    this.#environment = environment
    this.#onReady = onReady
  }

  get hasEnded(): boolean {
    return this.#state === "ready" && this.#arrived === "end"
  }

  pull(): Found {
    if (this.#state === "ready") {
      this.#state = this.#arrived === "item" ? "idle" : "over"
      return this.#arrived
    }
    if (this.#state === "idle") {
      this.#state = "pulling"
      const next = toPromise(() => {
        this.#iterator ??= this.#iterable[Symbol.asyncIterator]()
        return this.#iterator.next()
      })
      next.then(
        (step) => this.#arrive(Result.try(() => this.#checked(copyOfStep(step)))),
        (error) => this.#arrive(Result.fail(error))
      )
    }
    return "pending"
  }

  #checked(step: IteratorResult<unknown>): IteratorResult<unknown> {
    if (!this.#hasGiven && step.done === true && isExhausted(this.#iterable)) throw new TypeError(exhaustedMessage)
    this.#hasGiven = true
    return step
  }

  #arrive(step: Result.Result<IteratorResult<unknown>, unknown>): void {
    if (this.#state !== "pulling") return
    this.#state = "ready"
    if (Result.isFailure(step) || step.success.done === true) markExhausted(this.#iterable, this.#iterator)
    if (Result.isFailure(step)) {
      this.failure = { _tag: "Threw", error: step.failure }
      this.#arrived = "failed"
    } else if (step.success.done) this.#arrived = "end"
    else {
      this.item = step.success.value
      this.#arrived = "item"
    }
    this.#onReady()
  }

  close(): void {
    const before = this.#state
    this.#state = "over"
    if (before === "over" || (before === "ready" && this.#arrived !== "item")) return
    markExhausted(this.#iterable, this.#iterator)
    // `return` of a generator waits for the `next` that is under way, which may never come.
    const closing = toPromise(() => this.#iterator?.return?.())
    const logged = closing.then(() => Effect.void, (error: unknown) => logClosing(this.#environment, Cause.die(error)))
    if (before === "pulling") logged.then(this.#environment.fork)
    else this.closed = this.#withinPatience(Effect.flatten(Effect.promise(() => logged)))
  }

  #withinPatience(closing: Effect.Effect<void>): Effect.Effect<void> {
    const { session } = this.#environment
    return Effect.timeoutOrElse(closing, {
      duration: patience,
      orElse: () =>
        logOf(session, "Warn", "the source of a run did not close within 5 seconds; the run no longer waits for it")
    })
  }
}

const patience = Duration.seconds(5)

// An iterator written by hand may throw where it should reject.
const toPromise = <A>(evaluate: () => A | Promise<A>): Promise<A> => new Promise((resolve) => resolve(evaluate()))
