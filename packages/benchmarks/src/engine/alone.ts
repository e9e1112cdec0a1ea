/**
 * One statement after the other, each executed alone, and the pages of one result: over a port that answers at once.
 */
import { executeConcurrent, PageState, Session } from "@effect-cql/core"
import { Effect, Exit, Stream } from "effect"
import type { Contender } from "../internal/rounds.ts"
import { sessionOf, type Workload } from "./workload.ts"

export const names = {
  array: "executeConcurrent, instant port",
  alone: "yield* statement, instant port",
  page: "one page of session.stream, instant port"
} as const

export const everybody = ({ size, statements }: Workload): ReadonlyArray<Contender> => {
  const answer = Exit.succeed({ rows: [] })
  let left = 0
  const next = PageState("next")
  const row = [{ id: 1 }]
  const session = sessionOf({
    defaults: { retry: "none" },
    send: (_request, _pageState, done) => {
      if (left > 0) done(Exit.succeed({ rows: row, pageState: --left > 0 ? next : undefined }))
      else done(answer)
      return ignore
    }
  })
  const run = <A, E>(effect: Effect.Effect<A, E, Session>) => () =>
    Effect.runPromise(Effect.provideService(effect, Session, session))
  return [
    { name: names.array, run: run(executeConcurrent(statements)) },
    {
      name: names.alone,
      run: run(Effect.gen(function*() {
        for (const statement of statements) yield* statement
      }))
    },
    {
      name: names.page,
      run: run(Effect.suspend(() => {
        left = size
        return Stream.runDrain(session.stream(["SELECT id FROM b.t"]))
      }))
    }
  ]
}

const ignore = (): void => {}
