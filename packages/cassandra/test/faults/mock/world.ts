/**
 * A world for mock sessions: it does to each statement what a script says, and remembers what took effect.
 */
import { type CqlError, type Reason, type Session, type Statement } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import { MockSession } from "@effect-cql/testing"
import { type Duration, Effect, type Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Truth } from "../audit.ts"
import type { Fault, Tally } from "../fault.ts"

/** The handling of one request. */
export interface Step {
  /** Whether it takes effect, and if so when it arrives or when it is answered. Default: when it is answered. */
  readonly effect?: "onArrival" | "onAnswer" | "none"
  /** Answer to the request. Default: a success. */
  readonly answer?: Reason.Reason | "never" | "conditionFailed"
}

export interface Options {
  readonly script?: (index: number, attempt: number) => Step
  readonly latency?: (index: number) => Duration.Input
  readonly capacity?: number
  readonly defaults?: Statement.Options
  /** Whether it does no harm when a statement takes effect twice. Default: `true`, as of plain inserts. */
  readonly repeatable?: boolean
}

export interface World {
  readonly layer: Layer.Layer<Session | MockSession.MockSession>
  readonly truth: Truth
  /** How often each index was sent. */
  readonly sent: ReadonlyMap<number, number>
}

/** The parameter by which requests are known: the first one. */
export const indexOf = (request: Request): number =>
  Number(request._tag === "Statement" ? request.params[0] : request.statements[0]?.params[0])

const count = (counts: Map<number, number>, index: number): number => {
  const next = (counts.get(index) ?? 0) + 1
  counts.set(index, next)
  return next
}

const page: Page = { rows: [] }

/** Makes a world. */
export const world = (options: Options = {}): World => {
  const effects = new Map<number, number>()
  const sent = new Map<number, number>()
  const reply: MockSession.Reply = (request, context): Effect.Effect<Page, CqlError> => {
    const index = indexOf(request)
    const attempt = count(sent, index)
    const { answer, effect = answer === undefined ? "onAnswer" : "none" } = options.script?.(index, attempt) ?? {}
    if (effect === "onArrival") count(effects, index)
    if (answer === "never") return Effect.never
    return Effect.suspend(() => {
      if (effect === "onAnswer") count(effects, index)
      if (answer === undefined) return Effect.succeed(page)
      return answer === "conditionFailed"
        ? MockSession.notApplied()(request, context)
        : MockSession.fail(answer)(request, context)
    })
  }
  const { capacity, defaults, latency } = options
  return {
    layer: MockSession.layer({
      otherwise: reply,
      record: false,
      ...(capacity === undefined ? undefined : { capacity }),
      ...(defaults === undefined ? undefined : { defaults }),
      ...(latency === undefined ? undefined : { latency: (request) => latency(indexOf(request)) })
    }),
    truth: { effects: (index) => effects.get(index) ?? 0, repeatable: options.repeatable ?? true },
    sent
  }
}

/** A fault on a virtual clock of its own. */
export const mock = (name: string, run: Effect.Effect<Tally, unknown, Scope.Scope>): Fault => ({
  name,
  layer: "mock",
  run: Effect.provide(run, TestClock.layer())
})
