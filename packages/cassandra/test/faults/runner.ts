/** Runs faults one after the other, whatever becomes of each. */
import { Cause, Effect, Exit, Logger, type Scope } from "effect"
import type { Fault } from "./fault.ts"
import { type Entry, problemOf } from "./table.ts"

/** The longest that one fault may take, in milliseconds: one that hangs is to fail alone. */
const longest = 8 * 60_000

/** Runs one fault, in a scope of its own. Only an interruption from outside gets past it. */
export const runFault = <R>(
  fault: Fault<R>,
  left: number = longest
): Effect.Effect<Entry, never, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    const begin = performance.now()
    const exit = yield* Effect.scoped(fault.run).pipe(
      Effect.timeout(Math.min(left, longest)),
      // Log messages of the library under an injected fault are expected.
      Effect.provide(Logger.layer([])),
      Effect.exit
    )
    const { layer, name } = fault
    const entry = { name, layer, seconds: (performance.now() - begin) / 1_000 }
    return Exit.isSuccess(exit)
      ? { ...entry, tally: exit.value, problem: problemOf(exit.value) }
      : { ...entry, tally: undefined, problem: Cause.pretty(exit.cause) }
  })
