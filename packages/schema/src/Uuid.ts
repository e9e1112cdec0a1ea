/**
 * Random uuids.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { hex } from "./internal/hex.ts"

/**
 * Makes a uuid of version 4, with the `Random` service.
 *
 * **Example** (An id)
 *
 * ```ts
 * import { Uuid } from "@effect-cql/schema"
 * import { Effect } from "effect"
 *
 * const id = await Effect.runPromise(Uuid.next)
 * console.assert(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const next: Effect.Effect<string> = Effect.gen(function*() {
  const [a, b, c, d] = [yield* word, yield* word, yield* word, yield* word]
  const version = (b & 0x0fff) | 0x4000
  const variant = ((c >>> 16) & 0x3fff) | 0x8000
  return `${hex(a, 8)}-${hex(b >>> 16, 4)}-${hex(version, 4)}-${hex(variant, 4)}-${hex(c & 0xffff, 4)}${hex(d, 8)}`
})

const word = Random.nextIntBetween(0, 0x1_0000_0000)
