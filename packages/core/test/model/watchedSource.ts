/**
 * The source of a {@link Case}, which counts how often it is pulled and closed.
 */
import { Statement } from "@effect-cql/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { type Case, planOf, sourceDelayOf } from "./case.ts"
import { rank } from "./queue.ts"
import type { World } from "./world.ts"

/** The error that a source throws, and that a stream fails with. */
export const sourceBroke = new Error("the source broke")

export class WatchedSource<R> {
  pulls = 0
  closes = 0
  readonly wrongs: Array<string> = []
  /** The statements that were given as such, by index. */
  readonly given: Array<unknown> = []
  #pulling = 0
  readonly #case: Case
  readonly #world: World
  readonly #text: string
  readonly #passTime: (time: number) => Effect.Effect<void, never, R>
  readonly #runPromise: (effect: Effect.Effect<void, never, R>) => Promise<void>

  constructor(
    self: Case,
    world: World,
    options: {
      readonly text: string
      /** How it takes its time. */
      readonly passTime: (time: number) => Effect.Effect<void, never, R>
      readonly runPromise: (effect: Effect.Effect<void, never, R>) => Promise<void>
    }
  ) {
    this.#case = self
    this.#world = world
    this.#text = options.text
    this.#passTime = options.passTime
    this.#runPromise = options.runPromise
  }

  get source(): Iterable<unknown> | AsyncIterable<unknown> | Stream.Stream<unknown, unknown, R> {
    switch (this.#case.source.kind) {
      case "array":
        return Array.from({ length: this.#untilFault }, (_, index) => this.#item(index))
      case "iterator":
        return { [Symbol.iterator]: () => this.#iterator() }
      case "generator":
        return { [Symbol.iterator]: () => this.#generator() }
      case "asyncIterator":
        return { [Symbol.asyncIterator]: () => this.#asyncIterator() }
      case "asyncGenerator":
        return { [Symbol.asyncIterator]: () => this.#asyncGenerator() }
      case "stream":
        return this.#stream()
    }
  }

  /** Items of the source, with that which is no input where it stands behind the last statement. */
  get #untilFault(): number {
    const { size, source: { fault } } = this.#case
    return fault?.at === size ? size + 1 : size
  }

  /** The item at an index: a statement, a tuple, the parameters of one, or what is neither. */
  #item(index: number): unknown {
    const { fault } = this.#case.source
    if (fault?.kind === "gives no input" && fault.at === index) return 42
    const params = planOf(this.#case, index).refused ? [index, "one too many"] : [index]
    if (this.#case.withArgs) return params
    const text = this.#text
    const item = index % 2 === 0 ? Statement.make(text, params) : [text, params]
    this.given[index] = item
    return item
  }

  /** The result of an iterator at an index. */
  #step(index: number): IteratorResult<unknown, undefined> {
    const { fault } = this.#case.source
    if (fault?.at === index && fault.kind === "throws") throw sourceBroke
    const isItem = index < this.#untilFault
    return isItem ? { done: false, value: this.#item(index) } : { done: true, value: undefined }
  }

  #iterator(): Iterator<unknown> {
    let index = 0
    return {
      next: () => {
        this.pulls++
        return this.#step(index++)
      },
      return: () => {
        this.#onClose()
        return { done: true, value: undefined }
      }
    }
  }

  *#generator(): Generator<unknown> {
    let isClosing = false
    try {
      for (let index = 0;; index++) {
        isClosing = false
        this.pulls++
        const step = this.#step(index)
        if (step.done === true) return
        isClosing = true
        yield step.value
      }
    } finally {
      if (isClosing) this.#onClose()
      else this.closes++
    }
  }

  #asyncIterator(): AsyncIterator<unknown> {
    let index = 0
    return {
      next: async () => {
        await this.#pull()
        return this.#step(index++)
      },
      return: async () => {
        await this.#closeSlowly()
        return { done: true, value: undefined }
      }
    }
  }

  async *#asyncGenerator(): AsyncGenerator<unknown> {
    let isClosing = false
    try {
      for (let index = 0;; index++) {
        isClosing = false
        await this.#pull()
        const step = this.#step(index)
        if (step.done === true) return
        isClosing = true
        yield step.value
      }
    } finally {
      // A generator that comes to its end by itself takes no time for it, and does not fail at it.
      if (isClosing) await this.#closeSlowly()
      else this.closes++
    }
  }

  async #pull(): Promise<void> {
    const delay = sourceDelayOf(this.#case, this.pulls++)
    if (this.#pulling > 0) this.wrongs.push("next() was called while another was under way")
    this.#pulling++
    if (delay > 0) {
      await this.#runPromise(this.#passTime(delay))
    }
    this.#pulling--
  }

  async #closeSlowly(): Promise<void> {
    const { closeDelay } = this.#case.source
    if (closeDelay > 0) await this.#world.sleepPromise(closeDelay, rank.source)
    this.#onClose()
  }

  #onClose(): void {
    this.closes++
    if (this.#case.source.closeThrows) throw new Error("closing the source broke")
  }

  #stream(): Stream.Stream<unknown, unknown, R> {
    const { size, source: { chunk, closeDelay, fault } } = this.#case
    const until = fault?.kind === "throws" ? Math.min(fault.at, size) : this.#untilFault
    let index = 0
    const pull = Effect.suspend(() => {
      const delay = sourceDelayOf(this.#case, this.pulls++)
      return delay > 0 ? Effect.andThen(this.#passTime(delay), next) : next
    })
    const next = Effect.suspend((): Pull.Pull<readonly [unknown, ...ReadonlyArray<unknown>], unknown> => {
      const items = Array.from({ length: Math.min(chunk, until - index) }, () => this.#item(index++))
      const [first, ...rest] = items
      if (items.length > 0) return Effect.succeed([first, ...rest] as const)
      return index === fault?.at ? Effect.fail(sourceBroke) : Cause.done()
    })
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          closeDelay > 0 ? this.#world.sleep(closeDelay, rank.source) : Effect.void,
          Effect.sync(() => this.#onClose())
        )
      )
      return Stream.fromPull(Effect.succeed(pull))
    }))
  }
}
