import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { fuzz } from "./fuzz.ts"

it.live("no statement notices answers of other statements that cannot be decoded", () =>
  Effect.gen(function*() {
    const seen = yield* fuzz({ seed: 20_261_128, answers: 2_500 })
    assert.strictEqual(seen.hostile, 2_500)
    assert.strictEqual(seen.good, 2_500)
    // Most of them are not even bytes of their type.
    assert.isAbove(seen.refused, 1_000)
  }), 120_000)
