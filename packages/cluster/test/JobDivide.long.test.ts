/** Many jobs with units that cannot be done, on the virtual clock. */
import { describe, it } from "@effect/vitest"
import { Poison, poisoned } from "./support/numbers.ts"

describe("a job with units that cannot be done", () => {
  it.effect.prop(
    "never loses or doubles a row or a reject, whatever is poison and whenever runners stop",
    [Poison],
    ([given]) => poisoned(given),
    { arbitrary: { runs: 200 }, timeout: 1_200_000 }
  )
})
