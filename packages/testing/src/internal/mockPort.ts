/**
 * The port of a mock session.
 */
import type { CqlError, PageState, Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import type { ExecutePort, Page, Request } from "@effect-cql/core/Port"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { FaultPlan } from "../FaultPlan.ts"
import type { Answer, Call, Options, Reply } from "../MockSession.ts"
import { inject } from "./faults.ts"
import { Timers } from "./timers.ts"
import { unexpected } from "./unexpected.ts"

const empty: Page = { rows: [] }

const nothingBehind = (): Effect.Effect<Page, CqlError> => Effect.succeed(empty)

/** The database behind the answers of a mock session, if there is one. */
export interface Behind extends Pick<ExecutePort, "ring" | "partition" | "describe"> {
  readonly reply?: Reply | undefined
  /** Refuses, with a defect, a request that does not fit the tables of a scripted session. */
  readonly check?: ((request: Request) => Effect.Effect<void>) | undefined
}

export class MockPort implements ExecutePort {
  readonly defaults: Statement.Options
  readonly capacity: Effect.Effect<number | undefined>
  readonly name: string | undefined
  readonly spans: boolean | undefined
  readonly metrics: boolean | undefined
  readonly health: ExecutePort["health"]
  readonly ring: ExecutePort["ring"]
  readonly partition: ExecutePort["partition"]
  readonly describe: ExecutePort["describe"]
  calls: Array<Call> = []
  inFlight = 0
  peakInFlight = 0
  readonly #options: Options
  readonly #clock: Clock.Clock
  readonly #scope: Scope.Scope
  readonly #check: Behind["check"]
  readonly #otherwise: Answer
  readonly #isStrict: boolean
  readonly #timers = new Timers()
  readonly #latency: number | ((request: Request) => Duration.Input) | undefined
  readonly #asked = new Map<Answer, number>()
  #answers: ReadonlyArray<Answer>
  #faults: ReturnType<FaultPlan["start"]> | undefined
  #requests = 0
  #begun: number | undefined

  constructor(options: Options, clock: Clock.Clock, scope: Scope.Scope, behind: Behind = {}) {
    this.#scope = scope
    this.#options = options
    this.#clock = clock
    this.#answers = options.answers ?? []
    this.#check = behind.check
    const { latency } = options
    this.#latency = latency === undefined || typeof latency === "function"
      ? latency
      : Check.millis("latency", latency, Check.finiteDuration)
    const reply = options.otherwise ?? behind.reply
    this.#isStrict = reply === undefined && options.lenient !== true && (options.answers ?? []).length > 0
    this.#otherwise = {
      matches: () => true,
      reply: reply ?? (this.#isStrict ? (request) => Effect.die(unexpected(request, this.#answers)) : nothingBehind)
    }
    this.#faults = options.faults?.start()
    this.ring = behind.ring
    this.partition = behind.partition
    this.describe = behind.describe
    this.defaults = { retry: "none", ...options.defaults }
    this.name = options.name
    this.spans = options.spans
    this.metrics = options.metrics
    this.health = options.health
    this.capacity = Effect.succeed(options.capacity)
  }

  /** Puts an answer in front of all others. */
  add(answer: Answer): void {
    this.#answers = [answer, ...this.#answers]
  }

  /** Forgets everything that has happened, and the answers that were added. */
  reset(): void {
    this.calls = []
    this.peakInFlight = this.inFlight
    this.#asked.clear()
    this.#answers = this.#options.answers ?? []
    this.#faults = this.#options.faults?.start()
    this.#requests = 0
    this.#begun = undefined
  }

  /** The scripted answers that no request has asked for. */
  get unused(): ReadonlyArray<Answer> {
    return this.#isStrict ? this.#answers.filter((answer) => answer.optional !== true && !this.#asked.has(answer)) : []
  }

  readonly execute = (request: Request, pageState?: PageState): Effect.Effect<Page, CqlError> => {
    if (this.#options.record !== false) {
      this.calls.push({
        index: this.calls.length,
        request,
        pageState,
        at: this.#clock.currentTimeMillisUnsafe(),
        inFlight: this.inFlight
      })
    }
    const reply = this.#withFault(request, pageState)
    const latency = this.#latency
    const millis = typeof latency === "function"
      ? Check.millis("latency", latency(request), Check.finiteDuration)
      : latency
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight + 1)
    if (millis !== undefined) return this.#later(reply, millis)
    // A reply that is there at once is never in flight beside another.
    if (Exit.isExit(reply)) return reply
    return Effect.suspend(() => {
      this.#begin()
      return Effect.onExit(reply, this.#end)
    })
  }

  /** A reply after a time: one step of the fiber, if the reply is known. */
  #later(reply: Effect.Effect<Page, CqlError>, millis: number): Effect.Effect<Page, CqlError> {
    const ended = Exit.isExit(reply) ? undefined : Effect.onExit(reply, this.#end)
    return Effect.callback<Page, CqlError>((resume) => {
      this.#begin()
      const clock = Fiber.getCurrent()?.getRef(Clock.Clock) ?? this.#clock
      const wait = this.#timers.start(clock, millis, () => {
        if (ended === undefined) this.inFlight--
        resume(ended ?? reply)
      })
      return Effect.sync(() => {
        wait.stop()
        this.inFlight--
      })
    })
  }

  #begin(): void {
    this.inFlight++
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight)
  }

  readonly #end = (): Effect.Effect<void> =>
    Effect.sync(() => {
      this.inFlight--
    })

  /** The reply of the answers, or that of a fault in front of them. */
  #withFault(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const decide = this.#faults
    if (decide === undefined) return this.#checked(request, pageState)
    return Effect.clockWith((clock) => {
      const now = clock.currentTimeMillisUnsafe()
      this.#begun ??= now
      const fault = decide(request, this.#requests++, now - this.#begun)
      return fault === undefined
        ? this.#checked(request, pageState)
        : inject(fault, request, () => this.#checked(request, pageState), this.#scope)
    })
  }

  #checked(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const reply = () => this.#reply(request, pageState)
    return this.#check === undefined ? reply() : Effect.andThen(this.#check(request), Effect.suspend(reply))
  }

  #reply(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const answer = this.#answers.find((answer) => answer.matches(request)) ?? this.#otherwise
    const attempt = (this.#asked.get(answer) ?? 0) + 1
    this.#asked.set(answer, attempt)
    const behind = (request: Request): Effect.Effect<Page, CqlError> =>
      this.#otherwise.reply(request, { attempt, pageState, behind: nothingBehind })
    return answer.reply(request, { attempt, pageState, behind })
  }
}
