/**
 * Promises of the driver as effects.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { afterReading } from "./timer.ts"

/** The result of a promise of the driver, with its errors unchanged. */
export const settled = <A>(promise: () => Promise<A>): Effect.Effect<A, unknown> =>
  Effect.callback((resume) => {
    promise().then(
      (value) => resume(Effect.succeed(value)),
      (error: unknown) => resume(Effect.fail(error))
    )
  })

/** An effect, or another one in its place if it takes longer than so many milliseconds. Answers that are there are read first. */
export const orAfterReading = <A, E, B>(
  effect: Effect.Effect<A, E>,
  milliseconds: number,
  orElse: Effect.Effect<B>
): Effect.Effect<A | B, E> => {
  const late = Effect.callback<void>((resume) => Effect.sync(afterReading(milliseconds, () => resume(Effect.void))))
  return Effect.raceFirst(effect, Effect.andThen(late, orElse))
}

/** A node that is not the one that it was taken for. */
export class WrongNode extends Data.TaggedError("WrongNode")<{ readonly message: string }> {}
