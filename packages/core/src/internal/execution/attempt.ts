/**
 * One request of a statement: handed to the port once, answered once, and abandoned at most once.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import type { CqlError } from "../../CqlError.ts"
import type { Cancel, Done, Page, PageState, Port, Request } from "../../Port.ts"
import { kindOf } from "../kindOf.ts"
import type { Abandoned } from "../limiter/gate.ts"
import type { Execution } from "./execution.ts"
import type { Permit } from "./permit.ts"

/**
 * The phases of an attempt. An abandoned request is released when its fiber has been interrupted, or at once if it was never
 * written.
 */
type Phase = "sending" | "in flight" | "answered" | "abandoned" | "released"

export class Attempt {
  readonly #execution: Execution
  /** Its answer, if that came while it was being sent. */
  exit: Exit.Exit<Page, CqlError> | undefined
  #phase: Phase = "sending"
  // The fiber that runs it, where the port is one of effects.
  #cancel: Cancel | Fiber.Fiber<unknown, unknown> | void = undefined
  // Load that the limiters count until the late answer arrives.
  #load: Abandoned | undefined

  constructor(execution: Execution) {
    this.#execution = execution
    this.done = this.#answer.bind(this)
  }

  /** Counts the request among those in flight, or no longer. */
  #count(more: 1 | -1): void {
    const recorder = this.#execution.environment.observer?.recorder
    if (recorder !== undefined) recorder.inFlight += more
  }

  /** Runs an effect in the context of the run. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    const span = this.#execution.observed?.span
    return this.#execution.environment.fork(
      span === undefined ? effect : Effect.provideService(effect, Tracer.ParentSpan, span.span)
    )
  }

  /** Hands the request to the port; true if it is in flight after that, and not yet answered. */
  send(request: Request, pageState: PageState | undefined): boolean {
    const { session } = this.#execution.environment
    const cancel = session.send(request, pageState, this)
    if (this.#isAnswered()) return false
    this.#cancel = cancel
    this.#phase = "in flight"
    session.enter()
    this.#count(1)
    return true
  }

  // Read after code of the port, which may have called `done`. V8 calls its runtime for private getters: on the way of every
  // statement they are methods.
  #isAnswered(): boolean {
    return this.#phase === "answered"
  }

  /** Takes the answer. A second one says nothing. */
  readonly done: Done

  #answer(exit: Exit.Exit<Page, CqlError>): void {
    const phase = this.#phase
    if (phase === "answered" || phase === "released") return
    this.#phase = "answered"
    if (phase === "sending") this.exit = answerOf(exit)
    else if (phase === "abandoned") {
      this.#execution.environment.session.leaveAbandoned()
      this.#load?.lateAnswer()
    } else {
      this.#execution.environment.session.leave()
      this.#count(-1)
      this.#execution.answered(answerOf(exit))
    }
  }

  /** Takes the end of its fiber. Once abandoned that is no answer: the program has released the request, not the server. */
  ended(exit: Exit.Exit<Page, CqlError>): void {
    if (this.#phase === "abandoned") this.#release()
    else this.done(exit)
  }

  #release(): void {
    if (this.#phase !== "abandoned") return
    this.#phase = "released"
    this.#execution.environment.session.leaveAbandoned()
  }

  /** The fiber that runs it, where the port is one of effects. */
  get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return Fiber.isFiber(this.#cancel) ? this.#cancel : undefined
  }

  /** Gives it up, and drops its late answer. Returns true if the server may have it. */
  abandon(permit: Permit | undefined, timedOut: boolean): boolean {
    this.#phase = "abandoned"
    this.#execution.environment.session.abandon()
    this.#count(-1)
    const mayBeSent = this.#isCancelledAfterWriting()
    if (mayBeSent) {
      this.#load = permit?.abandon(timedOut)
      if (this.#isAnswered()) this.#load?.lateAnswer()
      return true
    }
    this.#release()
    permit?.giveBack("failed")
    return false
  }

  #isCancelledAfterWriting(): boolean {
    // Code of the port. What it throws must not keep the run from stopping the others.
    try {
      const cancel = this.#cancel!
      if (!Fiber.isFiber(cancel)) return cancel() !== false
      cancel.interruptUnsafe()
      return true
    } catch (defect) {
      this.#execution.environment.session.warnOnce("a port could not abandon a request", defect)
      return true
    }
  }
}

/** Sends requests for both forms of a port. */
export type Send = (
  request: Request,
  pageState: PageState | undefined,
  attempt: Attempt
) => Cancel | Fiber.Fiber<unknown, unknown> | void

/** The one way of sending for both forms of a port. */
export const sendOf = (port: Port): Send =>
  port.send !== undefined
    ? (request, pageState, attempt) => port.send(request, pageState, attempt.done)
    : (request, pageState, attempt) => {
      const effect = port.execute(request, pageState)
      if (!Effect.isEffect(effect)) {
        throw new TypeError(`the execute of a port returned ${kindOf(effect)} instead of an Effect`)
      }
      // A port that answers at once needs no fiber.
      if (isExit(effect)) return attempt.done(effect)
      const fiber = attempt.fork(effect)
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return attempt.done(exit)
      fiber.addObserver((exit) => attempt.ended(exit))
      return fiber
    }

// Only exits already have these tags, and `Exit.isExit` takes long to say no.
const isExit = <A, E>(
  effect: Effect.Effect<A, E> & { readonly _tag?: unknown }
): effect is Exit.Exit<A, E> => (effect._tag === "Success" || effect._tag === "Failure") && Exit.isExit(effect)

/** The answer of a port; a defect if it is none. */
const answerOf = (exit: Exit.Exit<Page, CqlError>): Exit.Exit<Page, CqlError> =>
  exit?._tag === "Success" || exit?._tag === "Failure"
    ? exit
    : Exit.die(new TypeError(`a port called done with ${kindOf(exit)} instead of an Exit`))
