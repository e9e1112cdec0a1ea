/** A value that is not a limiter, such as the effect that makes one, would silently limit nothing. */
import { hasProperty } from "effect/Predicate"
import * as Check from "../../Check.ts"
import { basicLimiters } from "./basicLimiter.ts"

export const aLimiter = Check.rule(
  "a Limiter, such as the result of `yield* Limiter.fixed(n)`",
  (value) => hasProperty(value, basicLimiters)
)
