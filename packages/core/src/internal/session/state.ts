/**
 * The state of a session: its port, what is in flight, its timestamps, its end.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Check from "../../Check.ts"
import type { CqlError } from "../../CqlError.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Port, Request } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import type { Health } from "../../Telemetry.ts"
import { type Send, sendOf } from "../execution/attempt.ts"
import { refused } from "../execution/completion.ts"
import { ResultSets } from "../execution/resultSets.ts"
import { Sweeper } from "../execution/sweeper.ts"
import type { Environment } from "../run/environment.ts"
import { checked, resolve, type ResolvedOptions } from "../statement/options.ts"
import { textOf } from "../statement/request.ts"
import { DriverEvents } from "../watch/driverEvents.ts"
import { guarded } from "../watch/guarded.ts"
import { logOf } from "../watch/logs.ts"
import { giveBackName, takeName } from "../watch/names.ts"
import { Recorder } from "../watch/recorder.ts"
import { Times } from "../watch/times.ts"
import { Tracing } from "../watch/tracing.ts"

const defaultCloseTimeout = Duration.seconds(10)

// Abandoned requests are granted a moment, because their answers free the connection in order.
const patience = 1_000

// A program with more texts builds them from values.
const mostHinted = 1_000

// Ports name few.
const mostEventNames = 50

// Attributes that a program gives to the metrics of its calls are of few kinds.
const mostRecorders = 8

export class SessionState {
  readonly port: Port
  readonly defaults: ResolvedOptions
  readonly capacity: Effect.Effect<number | undefined>
  readonly send: Send
  /** Identifies the session in spans and metrics. */
  readonly name: string
  readonly spans: boolean
  readonly metrics: boolean
  readonly resultSets = new ResultSets()
  /** Events of the driver during runs. */
  readonly driverEvents = new DriverEvents()
  readonly #stopListening: (() => void) | undefined
  readonly #eventNames = new Set<string>()
  readonly #recorders: Array<Recorder> = []
  // The recorder of the nodes and of their events.
  #own: Recorder | undefined
  readonly #closeTimeout: number
  #times: Times | undefined
  #tracing: Tracing | undefined
  readonly #sweepers = new Map<Clock.Clock, Sweeper>()
  #closed = false
  // Closed, with nothing in flight.
  #isOver = false
  #awaited = 0
  #abandoned = 0
  // The wait of the end of the session: over when there is no more of these.
  #drain: { readonly isOver: () => boolean; readonly over: Deferred.Deferred<void> } | undefined
  readonly #hinted = new Set<string>()

  /** The nodes of the port, where it has any. */
  readonly health: Pick<Health, "node" | "nodes"> | undefined
  readonly #fork: (effect: Effect.Effect<void>) => unknown

  constructor(port: Port, context: Context.Context<never>) {
    const { capacity, closeTimeout = defaultCloseTimeout, defaults, execute, send } = port
    if ((execute === undefined) === (send === undefined)) {
      const given = send === undefined ? "neither" : "both"
      throw new InvalidOptions({ option: "port", given, expected: "either `send` or `execute`" })
    }
    this.port = port
    this.#fork = Effect.runForkWith(context)
    this.health = port.health && guarded(port.health, (defect) => this.warnOnce("the health of a port failed", defect))
    this.name = takeName(port.name)
    this.spans = port.spans ?? true
    this.metrics = port.metrics ?? true
    this.#stopListening = port.health?.onEvent((event) => {
      if (this.#eventNames.size < mostEventNames) this.#eventNames.add(event)
      const name = this.#eventNames.has(event) ? event : "_OTHER"
      this.driverEvents.add(name)
      this.#own?.event(name)
    })
    this.send = sendOf(port)
    this.#closeTimeout = Check.millis("closeTimeout", closeTimeout)
    this.defaults = resolve(checked(defaults ?? {}, "defaults."))
    this.capacity = capacity ?? Effect.undefined
  }

  /** Bounds the times of attempts under the Clock of an environment. */
  sweeper(environment: Environment): Sweeper {
    const { clock } = environment
    let sweeper = this.#sweepers.get(clock)
    if (sweeper === undefined) {
      sweeper = new Sweeper(environment, () => this.#sweepers.delete(clock))
      this.#sweepers.set(clock, sweeper)
    }
    return sweeper
  }

  /** The error of a request that comes after the end; nothing while the session is open. */
  refusal(request: Request): Exit.Exit<never, CqlError> | undefined {
    return this.#closed ? Exit.fail(closedError(textOf(request))) : undefined
  }

  /** The times of statements that are executed alone. */
  timesOf(clock: Clock.Clock): Times {
    const times = this.#times
    return times?.serves(clock) === true ? times : this.#times = new Times(clock)
  }

  /** The tracing of a context; undefined where it is turned off. The statements of a fiber mostly have one context. */
  tracingOf(context: Context.Context<never>): Tracing | undefined {
    if (this.#tracing?.serves(context) !== true) this.#tracing = Tracing.of(this, context)
    return this.#tracing
  }

  /** The counts of the registry of metrics, and of the attributes, that an environment has. */
  recorderOf(environment: Pick<Environment, "context">): Recorder {
    const recorders = this.#recorders
    const last = recorders[0]
    if (last?.serves(environment) === true) return last
    const index = recorders.findIndex((recorder) => recorder.serves(environment))
    const recorder = recorders.splice(index, index < 0 ? 0 : 1)[0] ?? new Recorder(this, environment)
    recorders.unshift(recorder)
    if (this.#isOver) recorder.close()
    else if (recorders.length > mostRecorders) {
      const oldest = recorders.findLastIndex((each) => each !== this.#own)
      recorders.splice(oldest, 1)[0]!.retire()
    }
    return recorder
  }

  /** Shows the nodes of the port in the metrics of an environment. */
  watchNodes(environment: Pick<Environment, "context">): void {
    if (!this.metrics || this.health === undefined) return
    this.#own = this.recorderOf(environment)
    this.#own.watchNodes(this.health)
  }

  /** A request is in flight. */
  enter(): void {
    this.#awaited++
  }

  /** An awaited request was answered. */
  leave(): void {
    this.#awaited--
    this.#check()
  }

  /** A request in flight is no longer awaited. */
  abandon(): void {
    this.#awaited--
    this.#abandoned++
    this.#check()
  }

  /** A request that is no longer awaited is out of the way. */
  leaveAbandoned(): void {
    this.#abandoned--
    this.#check()
  }

  #check(): void {
    if (this.#drain?.isOver() === true) Deferred.doneUnsafe(this.#drain.over, Effect.void)
  }

  /** True for the first call with a text: for lines that are logged once, for a query or at all. */
  isFirstOf(text: string): boolean {
    if (this.#hinted.has(text) || this.#hinted.size >= mostHinted) return false
    this.#hinted.add(text)
    return true
  }

  /** Logs a failure of code of others, which fails no statement: once, for it may repeat with each of them. */
  warnOnce(line: string, defect: unknown): void {
    if (this.isFirstOf(line)) this.#fork(logOf(this, "Warn", line, undefined, Cause.die(defect)))
  }

  /** Refuses new requests, and waits within bounds: long for requests that are awaited, shortly for the others. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      return Effect.andThen(
        this.#drained(() => this.#awaited === 0, this.#closeTimeout),
        this.#drained(() => this.#awaited + this.#abandoned === 0, Math.min(patience, this.#closeTimeout))
      ).pipe(Effect.andThen(Effect.sync(() => {
        this.#stopListening?.()
        this.#isOver = true
        this.#tracing = undefined
        for (const recorder of this.#recorders) recorder.close()
        giveBackName(this.name)
      })))
    })
  }

  #drained(isOver: () => boolean, millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      // The awaited requests have had their time.
      if (isOver() || (this.#drain !== undefined && this.#awaited > 0)) return Effect.void
      const over = Deferred.makeUnsafe<void>()
      this.#drain = { isOver, over }
      return Deferred.await(over).pipe(
        Effect.timeoutOrElse({
          duration: Duration.millis(millis),
          orElse: () =>
            logOf(
              this,
              "Warn",
              `Session closed with ${this.#awaited + this.#abandoned} requests still in flight, ` +
                `${this.#abandoned} of them abandoned`
            )
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
  refused(new Reason.SessionClosed({ message: "the scope of the session has been closed" }), query)
