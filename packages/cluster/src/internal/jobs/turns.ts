/**
 * The order of a unit's writes.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"

const permits = 1_024

/**
 * Lets writes wait for each other, for a handler may make checkpoints at the same time. An interruption ends the wait for a write,
 * and not the write, which may have reached the server: the next one goes on from what it has left.
 */
export class Turns {
  readonly #semaphore = Semaphore.makeUnsafe(permits)

  /** Makes a write while no other one is under way. */
  alone<A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.#made(write, permits)
  }

  /** Makes a write beside others of its kind, while none is made alone. */
  beside<A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.#made(write, 1)
  }

  #made<A, E>(write: Effect.Effect<A, E>, taken: number): Effect.Effect<A, E> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.#semaphore.take(taken)), () =>
        Effect.flatMap(
          Effect.forkDetach(Effect.ensuring(write, this.#semaphore.release(taken))),
          (writing) => restore(Fiber.join(writing))
        ))
    )
  }
}
