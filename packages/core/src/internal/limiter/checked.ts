/** A limiter that is none would bound nothing, in silence. */
import { hasProperty } from "effect/Predicate"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Limiter } from "../../Limiter.ts"
import { basicLimiters } from "./basicLimiter.ts"

/** Throws {@link InvalidOptions} for what is no limiter, such as the effect that would make one; gives it back. */
export const checkedLimiter = (limiter: Limiter, option: string): Limiter => {
  if (hasProperty(limiter, basicLimiters)) return limiter
  throw new InvalidOptions({ option, value: limiter, expected: "a Limiter: what `yield* Limiter.fixed(n)` gives" })
}
