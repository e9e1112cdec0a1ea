import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** A name that no other process has. */
export const nextName: Effect.Effect<string> = Effect.map(
  Effect.all([1, 2, 3, 4].map(() => Random.nextIntBetween(0, 0x7fffffff))),
  (parts) => parts.map((part) => part.toString(36).padStart(6, "0")).join("")
)
