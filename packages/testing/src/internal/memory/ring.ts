/**
 * The ring of a memory session: ranges of one size, held by its one node.
 */
import type { Ring } from "@effect-cql/core/Port"

const count = 8n
const size = 2n ** 64n / count
const least = -(2n ** 63n)

export const ring: Ring = {
  ranges: Array.from({ length: Number(count) }, (_, index) => {
    const start = least + BigInt(index) * size
    return { start, end: BigInt(index) === count - 1n ? least : start + size, replicas: ["memory:9042"] }
  })
}
