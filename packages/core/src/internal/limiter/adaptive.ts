/**
 * A bound in flight that follows the capacity of the server.
 */
import * as Duration from "effect/Duration"
import type { Move } from "../../Limiter.ts"
import type { Signal } from "../reasons.ts"
import { type Abandoned, BasicLimiter } from "./basicLimiter.ts"
import type { Time } from "./time.ts"
import { type Constants, TrialAimd } from "./trialAimd.ts"
import { Window } from "./window.ts"

export class Adaptive extends BasicLimiter {
  readonly timed = true
  readonly #law: TrialAimd
  readonly #window: Window
  /** Time of the last move. */
  #movedAt = 0
  /** Number of windows that were decided. */
  windows = 0

  constructor(
    time: Time,
    options: { readonly min: number; readonly max: number; readonly initial: number },
    abandonedFor: number,
    constants?: Constants
  ) {
    super(time, abandonedFor)
    this.#law = new TrialAimd(options.min, options.max, options.initial, constants)
    this.#window = new Window(options.initial)
  }

  get limit(): number {
    return this.#law.limit
  }

  get lastMove(): Move | undefined {
    const move = this.#law.lastMove
    if (move === undefined) return undefined
    const age = Duration.millis(Math.max(0, this.time.now() - this.#movedAt))
    return { ...move, age, throughput: 1_000 * move.throughput }
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
    const before = this.#law.lastMove
    this.#law.decide(this.#window.close(now))
    const { lastMove } = this.#law
    if (lastMove !== undefined && lastMove !== before) {
      this.#movedAt = now
      this.moves.set(lastMove.reason, (this.moves.get(lastMove.reason) ?? 0) + 1)
    }
    this.#window.open(this.limit)
  }
}
