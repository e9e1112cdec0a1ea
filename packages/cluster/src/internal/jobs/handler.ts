/**
 * The handler of a definition, behind its schemas.
 */
import type * as Effect from "effect/Effect"
import type { Context } from "../../JobContext.ts"
import type { Keeping } from "./rejects.ts"

export interface Handler {
  readonly name: string
  readonly version: string
  readonly fingerprint: string
  readonly attempts: number
  readonly atLeastOnce: boolean
  readonly keeping: Keeping
  /** Does the work of a unit. Gives the rows since its last checkpoint. */
  readonly run: (unit: unknown, context: Context<string>) => Effect.Effect<number, unknown>
  /** The parts that replace a unit that cannot be done; undefined if it cannot be divided. */
  readonly divide: (unit: unknown, cursor: unknown) => Effect.Effect<ReadonlyArray<unknown> | undefined, unknown>
}
