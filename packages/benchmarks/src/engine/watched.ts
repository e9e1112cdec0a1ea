/**
 * The cost of spans and metrics: the same statements over sessions that differ in what they watch, with the default tracer.
 */
import { executeConcurrent, Session, type Statement } from "@effect-cql/core"
import { Effect, Exit } from "effect"
import type { Contender } from "../internal/rounds.ts"
import type { Answer } from "./answers.ts"
import { callbackPort, sessionOf, type Workload } from "./workload.ts"

export const names = {
  off: "executeConcurrent, nothing watched",
  metrics: "executeConcurrent, metrics on",
  failures: "executeConcurrent, spans failures",
  all: "executeConcurrent, spans all",
  aloneOff: "yield* statement, nothing watched",
  aloneMetrics: "yield* statement, metrics on",
  aloneSpans: "yield* statement, spans on"
} as const

const concurrency = 100

/** Statements executed alone are fewer, for each of them is a step of a generator. */
export const everybody = ({ statements }: Workload, answer: Answer): ReadonlyArray<Contender> => {
  const port = callbackPort(answer, 0)
  const off = sessionOf(port)
  const metrics = sessionOf({ ...port, metrics: true })
  const spans = sessionOf({ ...port, spans: true })
  const run = (session: Session["Service"], spans: "off" | "failures" | "all") => () =>
    Effect.runPromise(
      Effect.provideService(
        executeConcurrent(statements, { concurrency, raiseOnFirstError: false, spans }),
        Session,
        session
      )
    )
  return [
    { name: names.off, run: run(off, "off") },
    { name: names.metrics, run: run(metrics, "off") },
    { name: names.failures, run: run(spans, "failures") },
    { name: names.all, run: run(spans, "all") },
    { name: names.aloneOff, run: alone(statements, {}) },
    { name: names.aloneMetrics, run: alone(statements, { metrics: true }) },
    { name: names.aloneSpans, run: alone(statements, { spans: true }) }
  ]
}

/** Statements one after the other, over a port that answers at once. */
const alone = (
  statements: ReadonlyArray<Statement.Statement<unknown>>,
  watched: { readonly spans?: boolean; readonly metrics?: boolean }
): () => Promise<void> => {
  const answer = Exit.succeed({ rows: [] })
  const session = sessionOf({
    ...watched,
    defaults: { retry: "none" },
    send: (_request, _pageState, done) => {
      done(answer)
      return ignore
    }
  })
  const program = Effect.gen(function*() {
    for (const statement of statements) yield* statement
  })
  return () => Effect.runPromise(Effect.provideService(program, Session, session))
}

const ignore = (): void => {}
