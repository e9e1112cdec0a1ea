import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Places } from "../src/internal/execution/places.ts"

describe("places", () => {
  // A number stands for the removal of the item that many steps back in the order of those that are in; undefined adds one.
  it.effect.prop(
    "hold what was added and not removed, in no more room than was ever needed",
    [Schema.Array(Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))))],
    ([steps]) =>
      Effect.sync(() => {
        const places = new Places<{ readonly id: number }>()
        const held: Array<{ readonly item: { readonly id: number }; readonly place: number }> = []
        let most = 0
        for (const [id, step] of steps.entries()) {
          if (step === undefined) {
            const item = { id }
            const place = places.add(item)
            assert.isFalse(held.some((each) => each.place === place), `place ${place} was vacant`)
            held.push({ item, place })
          } else {
            for (const { place } of held.splice(held.length - 1 - step, held.length > step ? 1 : 0)) {
              places.remove(place)
            }
          }
          most = Math.max(most, held.length)
          assert.strictEqual(places.size, held.length)
          const inOrder = (a: { readonly id: number }, b: { readonly id: number }) => a.id - b.id
          assert.deepStrictEqual(places.items.toSorted(inOrder), held.map(({ item }) => item).toSorted(inOrder))
          for (const { place } of held) assert.isBelow(place, most)
        }
      }),
    { arbitrary: { runs: 300 } }
  )
})
