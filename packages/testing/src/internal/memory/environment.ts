/**
 * Environment of a statement: its markers, the time, and randomness.
 */
import type { Markers } from "./markers.ts"
import type { Schema } from "./schema.ts"
import type { WriteTime } from "./store.ts"

export interface Environment {
  readonly schema: Schema
  /** The keyspace of names without one. */
  readonly keyspace: string | undefined
  readonly markers: Markers
  /** Milliseconds since the epoch. */
  readonly millis: number
  /** Whole seconds since the epoch: the clock by which values expire. */
  readonly second: number
  /** A random number of 32 bits. */
  readonly random: () => number
  /** A time that no other statement has: in units of 100 nanoseconds since the epoch. */
  readonly tick: () => bigint
  /** A write time of the server's own, after all that it has seen. */
  readonly serverTime: () => WriteTime
  /** The place of a new element at the end, or at the front, of a list. */
  readonly listPlace: (end: "back" | "front") => bigint
}
