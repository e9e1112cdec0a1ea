/** A value that is not a limiter, such as the effect that makes one, would silently limit nothing. */
import { hasProperty } from "effect/Predicate"
import { rule } from "../check.ts"
import { basicLimiters } from "./basicLimiter.ts"

export const aLimiter = rule(
  "a Limiter, such as the result of `yield* Limiter.fixed(n)`",
  (value) => hasProperty(value, basicLimiters)
)
