/**
 * Tries every fault at every request.
 */
import {
  type CqlError,
  type ErrorBudgetExhausted,
  isCqlError,
  isErrorBudgetExhausted,
  isStatementFailed,
  Session,
  type StatementFailed
} from "@effect-cql/core"
import { type Request, textOf } from "@effect-cql/core/Port"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import type { Explored, ExploreOptions, Fault, FaultPlan } from "../FaultPlan.ts"
import { described, faultsOf } from "./faults.ts"
import { makeMemory, MockSession } from "./mockService.ts"
import { checkExploreOptions } from "./optionNames.ts"

const defaultRuns = 2_000

/** Faults by the index of their request. */
type Chosen = ReadonlyMap<number, Fault>

interface Seen {
  readonly request: Request
  readonly fault: Fault | undefined
}

/** One run: its requests, and what broke the invariant. */
interface Ran {
  readonly seen: ReadonlyArray<Seen>
  readonly broken: Cause.Cause<unknown> | undefined
  /** The error of a statement with which the program failed. */
  readonly refused: Refusal | undefined
}

type Refusal = CqlError | StatementFailed | ErrorBudgetExhausted

const nothingSent = "the program sent no request to the session of the exploration, so that no fault can meet it. " +
  "Leave out a session of its own, and return the effect that sends the requests."

// Of a program that fails in every run, the invariant says nothing.
const failedAlone = (error: Error): string =>
  `the program failed without any fault: ${String(error)}. Correct it or its tables, or make an expected failure a ` +
  "value by Effect.result."

/** The error of a statement, or of a run that a failed statement stopped, with which a program failed. */
const refusalOf = (exit: Exit.Exit<unknown, unknown>): Refusal | undefined => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
  return isCqlError(error) || isStatementFailed(error) || isErrorBudgetExhausted(error) ? error : undefined
}

export const exploreWith = <A, E, R, E2>(
  program: Effect.Effect<A, E, R>,
  options: ExploreOptions<A, E, E2, R>
): Effect.Effect<Explored, never, Exclude<R, Session | MockSession>> =>
  Effect.gen(function*() {
    checkExploreOptions(options)
    const kinds = new Set(options.kinds)
    const most = options.maxRuns ?? defaultRuns
    const first = yield* runWith(program, options, new Map())
    if (first.broken !== undefined) return yield* report([{ chosen: new Map(), ran: first }], 1)
    if (first.seen.length === 0) return yield* Effect.die(new Error(nothingSent))
    if (first.refused !== undefined) return yield* Effect.die(new Error(failedAlone(first.refused)))
    let runs = 1
    let isPartial = false
    let level: ReadonlyArray<{ readonly chosen: Chosen; readonly ran: Ran }> = [{ chosen: new Map(), ran: first }]
    for (let depth = 0; depth < (options.faults ?? 1); depth++) {
      const next: Array<{ readonly chosen: Chosen; readonly ran: Ran }> = []
      for (const { chosen, ran } of level) {
        for (const more of choicesAfter(chosen, ran, kinds)) {
          isPartial = runs >= most
          if (isPartial) break
          runs++
          next.push({ chosen: more, ran: yield* runWith(program, options, more) })
        }
      }
      if (next.some(({ ran }) => ran.broken !== undefined)) return yield* report(next, runs)
      level = next
    }
    return { runs, requests: first.seen.length, isPartial }
  })

/** One more fault, at each request after the last one that met a fault. */
const choicesAfter = (chosen: Chosen, { seen }: Ran, kinds: ReadonlySet<Fault>): ReadonlyArray<Chosen> => {
  const from = Math.max(-1, ...chosen.keys()) + 1
  return seen.slice(from).flatMap(({ request }, offset) =>
    faultsOf(request)
      .filter((fault) => kinds.size === 0 || kinds.has(fault))
      .map((fault) => new Map([...chosen, [from + offset, fault]]))
  )
}

const runWith = <A, E, R, E2>(
  program: Effect.Effect<A, E, R>,
  options: ExploreOptions<A, E, E2, R>,
  chosen: Chosen
): Effect.Effect<Ran, never, Exclude<R, Session | MockSession>> => {
  const seen: Array<Seen> = []
  let isOver = false
  let refused: Ran["refused"]
  const faults: FaultPlan = {
    start: () => (request, index) => {
      if (isOver) return undefined
      const fault = chosen.get(index)
      seen.push({ request, fault })
      return fault
    }
  }
  const { faults: _, invariant: __, kinds: ___, maxRuns: ____, tables, ...ofSession } = options
  const run = Effect.gen(function*() {
    const { mock, session } = yield* makeMemory(tables, { ...ofSession, faults })
    const services = Context.make(Session, session).pipe(Context.add(MockSession, mock))
    const exit = yield* toItsEnd(Effect.provideContext(program, services))
    isOver = true
    refused = exit === undefined ? undefined : refusalOf(exit)
    if (exit === undefined) return new Error(`the program did not end within ${virtualDay} of virtual time`)
    if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) return exit.cause
    yield* TestClock.adjust("1 minute")
    const checked = yield* toItsEnd(Effect.provideContext(options.invariant(exit), services))
    if (checked === undefined) return new Error(`the invariant did not end within ${virtualDay} of virtual time`)
    return Exit.isFailure(checked) ? checked.cause : undefined
  })
  return Effect.map(
    Effect.provide(Effect.scoped(run), TestClock.layer(), { local: true }),
    (found) => ({ seen, refused, broken: found instanceof Error ? Cause.die(found) : found })
  ) as Effect.Effect<Ran, never, Exclude<R, Session | MockSession>>
}

const virtualDay = "a day"
const steps = 24

/** Runs an effect while its clock advances, by up to a day. Returns nothing if it has not ended by then. */
const toItsEnd = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let step = 0; step < steps && fiber.pollUnsafe() === undefined; step++) yield* TestClock.adjust("1 hour")
    const exit = fiber.pollUnsafe()
    if (exit === undefined) yield* Fiber.interrupt(fiber)
    return exit
  })

/** Dies with the shortest history that broke the invariant. */
const report = (
  tried: ReadonlyArray<{ readonly chosen: Chosen; readonly ran: Ran }>,
  runs: number
): Effect.Effect<never> => {
  const broken = tried.filter(({ ran }) => ran.broken !== undefined)
  const shortest = broken.toSorted((one, other) => one.ran.seen.length - other.ran.seen.length)[0]
  if (shortest?.ran.broken === undefined) return Effect.never
  const { chosen, ran: { broken: cause, seen } } = shortest
  const what = chosen.size === 0
    ? "without any fault"
    : chosen.size === 1
    ? "under one fault"
    : `under ${chosen.size} faults`
  const lines = seen.map(({ fault, request }, index) =>
    `  ${String(index + 1).padStart(3)}  ${textOf(request)}${
      fault === undefined ? "" : `  <- ${fault}: ${described[fault]}`
    }`
  )
  return Effect.die(
    new Error(
      [`an invariant broke ${what}, after ${runs} runs. The shortest history:`, ...lines, Cause.pretty(cause)].join(
        "\n"
      )
    )
  )
}
