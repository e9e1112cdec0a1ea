/** Statements from a Stream: one array of it at a time, in a scope of its own. */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Environment } from "../run/environment.ts"
import type { Found, Source, SourceFailure } from "./source.ts"
import { logClosing } from "./step.ts"

export class StreamSource implements Source {
  item: unknown
  failure: SourceFailure | undefined
  readonly checked = false
  readonly #stream: Stream.Stream<unknown, unknown>
  readonly #environment: Environment
  readonly #onReady: () => void
  readonly #scope = Scope.makeUnsafe()
  #pull: Effect.Effect<ReadonlyArray<unknown>, unknown> | undefined
  #items: ReadonlyArray<unknown> = []
  #next = 0
  #pulling: Fiber.Fiber<ReadonlyArray<unknown>, unknown> | undefined
  #end: Found | undefined
  #closing: Fiber.Fiber<void> | undefined

  constructor(stream: Stream.Stream<unknown, unknown>, environment: Environment, onReady: () => void) {
    this.#stream = stream
    this.#environment = environment
    this.#onReady = onReady
  }

  get hasEnded(): boolean {
    return this.#next >= this.#items.length && this.#end === "end"
  }

  pull(): Found {
    // A stream may give arrays without an item, any number of them.
    while (this.#next >= this.#items.length) {
      if (this.#end !== undefined) return this.#end
      if (this.#pulling === undefined) this.#request()
      if (this.#pulling !== undefined) return "pending"
    }
    this.item = this.#items[this.#next++]
    return "item"
  }

  #request(): void {
    const open = Channel.toPullScoped(Stream.toChannel(this.#stream), this.#scope)
    const pull = this.#pull ?? Effect.flatMap(open, (pull) => {
      this.#pull = pull
      return pull
    })
    const fiber = this.#environment.fork(pull)
    this.#pulling = fiber
    let waited = false
    fiber.addObserver((exit) => {
      this.#pulling = undefined
      if (this.#closing !== undefined) return
      this.#arrive(exit)
      if (waited) this.#onReady()
    })
    waited = true
  }

  #arrive(exit: Exit.Exit<ReadonlyArray<unknown>, unknown>): void {
    this.#next = 0
    this.#items = Exit.isSuccess(exit) ? exit.value : []
    if (Exit.isSuccess(exit)) return
    if (Pull.isDoneCause(exit.cause)) {
      this.#end = "end"
      return
    }
    this.#end = "failed"
    this.failure = { _tag: "Failed", cause: exit.cause }
  }

  close(): void {
    if (this.#closing !== undefined) return
    const interrupted = this.#pulling === undefined ? Effect.void : Fiber.interrupt(this.#pulling)
    this.#closing = this.#environment.fork(
      Effect.catchCause(
        Effect.andThen(interrupted, Scope.close(this.#scope, Exit.void)),
        (cause) => logClosing(this.#environment, cause)
      )
    )
  }

  get closed(): Effect.Effect<unknown> {
    return Effect.suspend(() => {
      const closing = this.#closing
      return closing === undefined ? Effect.void : Fiber.await(closing)
    })
  }
}
