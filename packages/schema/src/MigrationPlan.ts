/**
 * The state of migrations: what is pending, and what is recorded. Users reach this module through `Migrations`.
 *
 * @since 0.1.0
 */
import { type CqlError, InvalidOptions, type Session } from "@effect-cql/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { agreement } from "./internal/migrations/history.ts"
import { locked, timesOf } from "./internal/migrations/lock.ts"
import { compare } from "./internal/migrations/plan.ts"
import type { MigrationConflict, MigrationError, MigrationUnresolved } from "./MigrationError.ts"
import { type Migrations, type RunOptions, TypeId } from "./MigrationTypes.ts"

/**
 * An applied migration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Applied {
  readonly migration: string
  readonly startedAt: DateTime.Utc
  readonly endedAt: DateTime.Utc
}

/**
 * A migration that is not, or not completely, applied.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pending {
  readonly migration: string
  /** The texts of the statements that a run would execute. */
  readonly statements: ReadonlyArray<string>
  /** The failure of an earlier run. */
  readonly error: string | undefined
}

/**
 * The result of a dry run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly applied: ReadonlyArray<Applied>
  readonly pending: ReadonlyArray<Pending>
}

/**
 * Returns what `Migrations.run` would do, and writes nothing. Fails if the migrations contradict those of the database.
 *
 * **Example** (The statements of a release)
 *
 * ```ts
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const migrations = Migrations.make({
 *   keyspace: "app",
 *   migrations: { "0001_users": "CREATE TABLE app.users (id int PRIMARY KEY);" }
 * })
 * const { pending } = await Effect.runPromise(Migrations.plan(migrations).pipe(Effect.provide(MockSession.memory([]))))
 * console.assert(pending[0]?.statements.join() === "CREATE TABLE app.users (id int PRIMARY KEY)")
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const plan = Effect.fn("Migrations.plan")(function*<E, R>(
  self: Migrations<E, R>
): Effect.fn.Return<Plan, CqlError | MigrationConflict | MigrationUnresolved, Session> {
  const { history, steps } = self[TypeId]
  const entries = Option.getOrElse(yield* history.found, () => [])
  const { applied, pending } = yield* Effect.fromResult(compare(steps, entries))
  return {
    applied: applied.map(({ endedAt, migration, startedAt }) => ({
      migration,
      startedAt,
      endedAt: endedAt ?? startedAt
    })),
    pending: pending.map(({ entry, from, step: { migration, parts } }) => ({
      migration,
      statements: parts.slice(from).map(({ text }) => text),
      error: entry?.error
    }))
  }
})

/**
 * Records how many statements of a migration the database has, in their order: a number, or `"all"`. Executes nothing.
 *
 * **When to use**
 *
 * After `MigrationUnresolved`, when you have looked into the database; to accept a changed text that has the same
 * effect; and for a database that had the schema before it had migrations.
 *
 * **Example** (A database that has the tables already)
 *
 * ```ts
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const migrations = Migrations.make({
 *   keyspace: "app",
 *   migrations: { "0001_users": "CREATE TABLE app.users (id int PRIMARY KEY)" }
 * })
 * const program = Migrations.resolve(migrations, "0001_users", { applied: "all" }).pipe(
 *   Effect.andThen(Migrations.run(migrations))
 * )
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"])
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).length === 0)
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const resolve = Effect.fn("Migrations.resolve")(function*<E, R>(
  self: Migrations<E, R>,
  migration: string,
  options: RunOptions & { readonly applied: number | "all" }
): Effect.fn.Return<void, MigrationError, Session> {
  const { history, steps } = self[TypeId]
  const step = steps.find((step) => step.migration === migration)
  const count = options.applied === "all" ? step?.parts.length : options.applied
  if (step === undefined || count === undefined) {
    const names = steps.map(({ migration }) => migration).join(", ")
    throw new InvalidOptions({ option: "migration", value: migration, expected: `one of ${names}` })
  }
  const { id, parts } = step
  if (!Number.isInteger(count) || count < 0 || count > parts.length) {
    const expected = `"all" or a number from 0 to ${parts.length}`
    throw new InvalidOptions({ option: "applied", value: count, expected })
  }
  yield* history.opened
  yield* agreement(undefined)
  yield* locked(history, timesOf({ lease: options.lease, wait: options.wait }), (owner) =>
    Effect.gen(function*() {
      const before = (yield* history.entries).find((entry) => entry.id === id)
      const now = yield* DateTime.now
      yield* history.record(owner, before, {
        id,
        migration,
        state: count === parts.length ? "applied" : "stopped",
        checksums: parts.slice(0, count).map(({ checksum }) => checksum),
        error: undefined,
        startedAt: before?.startedAt ?? now,
        endedAt: count === parts.length ? now : undefined
      })
    }))
})
