/**
 * Promises of the driver as effects.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** The result of a promise of the driver, with its errors unchanged. */
export const settled = <A>(promise: () => Promise<A>): Effect.Effect<A, unknown> =>
  Effect.callback((resume) => {
    promise().then(
      (value) => resume(Effect.succeed(value)),
      (error: unknown) => resume(Effect.fail(error))
    )
  })

/** A node that is not the one that it was taken for. */
export class WrongNode extends Data.TaggedError("WrongNode")<{ readonly message: string }> {}
