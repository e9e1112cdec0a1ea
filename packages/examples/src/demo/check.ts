/** A promise of the demo that did not hold. */
import { Effect, Schema } from "effect"

export class CheckFailed extends Schema.TaggedError<CheckFailed>("demo/CheckFailed")("CheckFailed", {
  what: Schema.String
}) {
  override get message(): string {
    return `check failed: ${this.what}`
  }
}

/** Fails with {@link CheckFailed} where a condition does not hold. */
export const check = (holds: boolean, what: string): Effect.Effect<void, CheckFailed> =>
  holds ? Effect.void : Effect.fail(new CheckFailed({ what }))
