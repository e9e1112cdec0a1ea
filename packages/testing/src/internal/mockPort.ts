/**
 * The port of a mock session, and what its answers match.
 */
import { type CqlError, type PageState, Query, type Statement } from "@effect-cql/core"
import type { ExecutePort, Page, Request } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { FaultPlan } from "../FaultPlan.ts"
import type { Answer, Call, Matcher, Options, Reply } from "../MockSession.ts"

import { inject } from "./faults.ts"

const empty: Page = { rows: [] }

const nothingBehind = (): Effect.Effect<Page, CqlError> => Effect.succeed(empty)

/** The database behind the answers of a mock session, if there is one. */
export interface Behind extends Pick<ExecutePort, "ring" | "partition"> {
  readonly reply?: Reply | undefined
}

export class MockPort implements ExecutePort {
  readonly defaults: Statement.Options
  readonly capacity: Effect.Effect<number | undefined>
  calls: Array<Call> = []
  inFlight = 0
  peakInFlight = 0
  readonly #options: Options
  readonly #otherwise: Answer
  readonly #asked = new Map<Answer, number>()
  readonly #faults: ReturnType<FaultPlan["start"]> | undefined
  #requests = 0
  #begun: number | undefined
  readonly ring: ExecutePort["ring"]
  readonly partition: ExecutePort["partition"]

  constructor(options: Options, behind: Behind = {}) {
    this.#options = options
    const reply = options.otherwise ?? behind.reply ?? (() => Effect.succeed(empty))
    this.#otherwise = { matches: () => true, reply }
    this.#faults = options.faults?.start()
    this.ring = behind.ring
    this.partition = behind.partition
    this.defaults = { retry: "none", ...options.defaults }
    this.capacity = Effect.succeed(options.capacity)
  }

  readonly execute = (request: Request, pageState?: PageState): Effect.Effect<Page, CqlError> => {
    if (this.#options.record !== false) this.calls.push({ request, pageState })
    const reply = this.#withFault(request, pageState)
    const latency = this.#options.latency
    const duration = typeof latency === "function" ? latency(request) : latency
    const effect = duration === undefined ? reply : Effect.delay(reply, duration)
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight + 1)
    // A reply that is there at once is never in flight beside another.
    if (Exit.isExit(effect)) return effect
    return Effect.suspend(() => {
      this.inFlight++
      this.peakInFlight = Math.max(this.peakInFlight, this.inFlight)
      return Effect.onExit(effect, () =>
        Effect.sync(() => {
          this.inFlight--
        }))
    })
  }

  /** The reply of the answers, or that of a fault in front of them. */
  #withFault(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const decide = this.#faults
    if (decide === undefined) return this.#reply(request, pageState)
    return Effect.clockWith((clock) => {
      const now = clock.currentTimeMillisUnsafe()
      this.#begun ??= now
      const fault = decide(request, this.#requests++, now - this.#begun)
      return fault === undefined
        ? this.#reply(request, pageState)
        : inject(fault, request, () => this.#reply(request, pageState))
    })
  }

  #reply(request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> {
    const answer = this.#options.answers?.find((answer) => answer.matches(request)) ?? this.#otherwise
    const attempt = (this.#asked.get(answer) ?? 0) + 1
    this.#asked.set(answer, attempt)
    const behind = (request: Request): Effect.Effect<Page, CqlError> =>
      this.#otherwise.reply(request, { attempt, pageState, behind: nothingBehind })
    return answer.reply(request, { attempt, pageState, behind })
  }
}

/** Whether a request is what a matcher is for. */
export const toPredicate = (matcher: Matcher): (request: Request) => boolean => {
  if (matcher instanceof RegExp) return (request) => textsOf(request).some((text) => text.search(matcher) >= 0)
  if (typeof matcher === "function" && !isQuery(matcher)) return matcher
  const text = normalise(isQuery(matcher) ? matcher.text : matcher)
  return (request) => textsOf(request).some((candidate) => normalise(candidate) === text)
}

const isQuery = (matcher: Matcher): matcher is Query.Query.Any => Query.isQuery(matcher)

/** The texts of a request: one, or those of a batch. */
const textsOf = (request: Request): ReadonlyArray<string> =>
  request._tag === "Statement" ? [request.text] : request.statements.map((statement) => statement.text)

const normalise = (text: string): string => text.trim().replaceAll(/\s+/g, " ")
