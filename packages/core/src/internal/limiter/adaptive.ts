/**
 * A bound that follows what the server can take.
 */
import type { Signal } from "../reasons.ts"
import { type Abandoned, BasicLimiter } from "./basicLimiter.ts"
import { Controller } from "./controller.ts"
import type { Time } from "./time.ts"
import { Window } from "./window.ts"

export class Adaptive extends BasicLimiter {
  readonly timed = true
  readonly #controller: Controller
  readonly #window: Window
  /** Decisions so far. */
  windows = 0

  constructor(
    time: Time,
    options: { readonly min: number; readonly max: number; readonly initial: number },
    abandonedFor: number
  ) {
    super(time, abandonedFor)
    this.#controller = new Controller(options.min, options.max, options.initial)
    this.#window = new Window(options.initial)
  }

  get limit(): number {
    return this.#controller.limit
  }

  get lastMove(): string | undefined {
    return this.#controller.lastMove
  }

  override hasRoom(now: number): boolean {
    if (super.hasRoom(now)) return true
    this.#window.held()
    return false
  }

  override take(now: number): void {
    super.take(now)
    this.#window.began(this.#load)
  }

  override release(signal: Signal, latency: number, now: number): void {
    super.release(signal, latency, now)
    switch (signal) {
      case "answered":
        this.#window.answered(latency, this.#load, now)
        break
      case "overloaded":
      case "timedOut":
        this.#window.refused(now - latency, this.#load, now)
        break
      case "failed":
        return
    }
    this.#decide(now)
  }

  override abandon(timedOut: boolean, latency: number, now: number): Abandoned {
    const entry = super.abandon(timedOut, latency, now)
    if (timedOut) {
      this.#window.refused(now - latency, this.#load, now)
      this.#decide(now)
    }
    return entry
  }

  get #load(): number {
    return this.inFlight + this.abandoned
  }

  #decide(now: number): void {
    if (!this.#window.isOver(now)) return
    this.windows++
    this.#controller.decide(this.#window.close(now))
    this.#window.open(this.limit)
  }
}
