/**
 * Compares the steps of a program with the history of a database.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { MigrationConflict, MigrationUnresolved } from "../../MigrationError.ts"
import { type Migrations, TypeId } from "../../MigrationTypes.ts"
import type { Entry } from "./history.ts"
import type { Step } from "./steps.ts"

/** A step that is not applied as a whole. */
export interface Pending<E = unknown, R = unknown> {
  readonly step: Step<E, R>
  /** Its entry, if a run has begun it. */
  readonly entry: Entry | undefined
  /** Position of the first part that is to be executed, from 0. */
  readonly from: number
  /** True if an earlier run has sent that part, and recorded no end of it. */
  readonly wasSent: boolean
}

/** The state of a database. */
export interface Comparison<E = unknown, R = unknown> {
  readonly applied: ReadonlyArray<Entry>
  readonly pending: ReadonlyArray<Pending<E, R>>
  /** Entries of a newer program. */
  readonly newer: ReadonlyArray<Entry>
}

/** Compares steps with entries. Both are in the order of their numbers. */
export const compare = <E, R>(
  steps: ReadonlyArray<Step<E, R>>,
  entries: ReadonlyArray<Entry>
): Result.Result<Comparison<E, R>, MigrationConflict | MigrationUnresolved> => {
  const unresolved = (migration: string, statement: number, text = "") =>
    Result.fail(new MigrationUnresolved({ migration, statement, text }))
  const conflict = (
    migration: string,
    conflict: MigrationConflict["conflict"],
    entry?: Entry
  ): Result.Result<never, MigrationConflict> =>
    Result.fail(new MigrationConflict({ migration, conflict, startedAt: entry?.startedAt, other: entry?.migration }))
  const last = steps.at(-1)?.id ?? 0
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const known = new Set(steps.map(({ id }) => id))
  const missing = entries.find(({ id }) => id <= last && !known.has(id))
  if (missing !== undefined) return conflict(missing.migration, "missing", missing)
  const latest = entries.at(-1)
  const pending: Array<Pending<E, R>> = []
  for (const step of steps) {
    const entry = byId.get(step.id)
    if (entry === undefined) {
      if (latest !== undefined && latest.id > step.id) return conflict(step.migration, "late", latest)
      pending.push({ step, entry, from: 0, wasSent: false })
      continue
    }
    if (entry.migration !== step.migration) return conflict(step.migration, "renamed", entry)
    const isApplied = entry.state === "applied"
    const wasSent = entry.state === "running"
    const count = entry.checksums.length
    const changed = entry.checksums.findIndex((checksum, at) => step.parts[at]?.checksum !== checksum)
    if (wasSent && changed === count - 1) return unresolved(step.migration, count, step.parts[changed]?.text)
    if (changed >= 0 || (isApplied && count !== step.parts.length)) return conflict(step.migration, "changed", entry)
    if (!isApplied) pending.push({ step, entry, from: wasSent ? count - 1 : count, wasSent })
  }
  return Result.succeed({
    applied: entries.filter(({ id, state }) => id <= last && state === "applied"),
    pending,
    newer: entries.filter(({ id }) => id > last)
  })
}

/** Compares migrations with a history. */
export const comparedWith = <E, R, E2, R2>(
  self: Migrations<E, R>,
  history: Effect.Effect<ReadonlyArray<Entry>, E2, R2>
): Effect.Effect<Comparison<E, R>, E2 | MigrationConflict | MigrationUnresolved, R2> =>
  Effect.flatMap(history, (entries) => Effect.fromResult(compare(self[TypeId].steps, entries)))
