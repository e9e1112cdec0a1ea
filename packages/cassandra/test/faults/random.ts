/** Random numbers that come again with their seed, which `FAULTS_SEED` sets. */
import process from "node:process"

/** The seed of all that is random under the faults. */
export const seed = Number(process.env["FAULTS_SEED"] ?? 1)

/** Numbers from 0 up to 1; the same for the same seed and the same `stream`. */
export const random = (stream: number): () => number => {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
