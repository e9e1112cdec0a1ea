/**
 * What lasts as long as a session: its port, what is in flight, its timestamps, its end.
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CqlError } from "../../CqlError.ts"
import type { Page, PageState, Port, Request } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import { kindOf } from "../kindOf.ts"
import { checked, resolve, type ResolvedOptions } from "../statement/options.ts"
import { textOf } from "../statement/textOf.ts"

const defaultCloseTimeout = 10_000

// Whoever has so many texts builds them from values.
const mostTold = 1_000

export class SessionState {
  readonly port: Port
  readonly defaults: ResolvedOptions
  readonly capacity: Effect.Effect<number | undefined>
  #closed = false
  #inFlight = 0
  #idle: Deferred.Deferred<void> | undefined
  #lastTimestamp = 0
  readonly #told = new Set<string>()

  constructor(port: Port) {
    this.port = port
    this.defaults = resolve(checked(port.defaults ?? {}, "defaults."))
    this.capacity = port.capacity ?? Effect.undefined
  }

  /** One request, handed to the port. Each must be followed by {@link SessionState.leave}. */
  attempt(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const effect = this.#closed ? Effect.fail(closedError(textOf(request))) : this.port.execute(request, pageState)
    if (!Effect.isEffect(effect)) {
      throw new TypeError(`the execute of a port gave ${kindOf(effect)}, where an Effect is due`)
    }
    this.#inFlight++
    return effect
  }

  /** Why nothing may be handed to the port any more, if so. For those who call `port.send` themselves. */
  refusal(request: Request): Exit.Exit<never, CqlError> | undefined {
    return this.#closed ? Exit.fail(closedError(textOf(request))) : undefined
  }

  enter(): void {
    this.#inFlight++
  }

  /** Whether a text is asked about for the first time: what is told once a query. */
  isFirstOf(query: string): boolean {
    if (this.#told.has(query) || this.#told.size >= mostTold) return false
    this.#told.add(query)
    return true
  }

  leave(): void {
    this.#inFlight--
    if (this.#inFlight === 0 && this.#idle !== undefined) Deferred.doneUnsafe(this.#idle, Effect.void)
  }

  /** Microseconds since the epoch, never twice the same: of two writes of one session the later one wins. */
  nextTimestamp(clock: Clock.Clock): number {
    this.#lastTimestamp = Math.max(this.#lastTimestamp + 1, microsecondsOf(clock))
    return this.#lastTimestamp
  }

  /** Refuses what comes from now on, and waits for what is in flight, within bounds. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      if (this.#inFlight === 0) return Effect.void
      this.#idle = Deferred.makeUnsafe()
      return Deferred.await(this.#idle).pipe(
        Effect.timeoutOrElse({
          duration: this.port.closeTimeout ?? defaultCloseTimeout,
          orElse: () => Effect.logWarning(`Session closed with ${this.#inFlight} requests still in flight`)
        })
      )
    })
  }

  /** An effect, as long as the session is open. */
  whileOpen<A>(query: string, effect: Effect.Effect<A, CqlError>): Effect.Effect<A, CqlError> {
    return Effect.suspend(() => this.#closed ? Effect.fail(closedError(query)) : effect)
  }
}

const closedError = (query: string): CqlError =>
  new CqlError({
    reason: new Reason.SessionClosed({ message: "the scope of the session has been closed" }),
    query,
    outcome: "NotApplied",
    attempts: 0
  })

/** What a clock says, in microseconds since the epoch. */
export const microsecondsOf = (clock: Clock.Clock): number => Math.floor(clock.currentTimeMillisUnsafe() * 1_000)
