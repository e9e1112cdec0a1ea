/**
 * Migrations: numbered changes of a schema, each applied once, in their order.
 *
 * @since 0.1.0
 */
import { Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { agreement, make as historyOf } from "./internal/migrations/history.ts"
import { locked, timesOf } from "./internal/migrations/lock.ts"
import { comparedWith } from "./internal/migrations/plan.ts"
import { migrate } from "./internal/migrations/runner.ts"
import { type Step, stepsOf } from "./internal/migrations/steps.ts"
import type { MigrationError } from "./MigrationError.ts"
import {
  type ErrorOf,
  type Migration,
  type Migrations,
  type Options,
  type RunOptions,
  type ServicesOf,
  TypeId
} from "./MigrationTypes.ts"

export {
  KeyspaceMissing,
  MigrationConflict,
  type MigrationError,
  MigrationFailed,
  MigrationLockLost,
  MigrationsLocked,
  MigrationUnresolved,
  SchemaDisagreement
} from "./MigrationError.ts"
export { type Applied, type Pending, type Plan, plan, resolve } from "./MigrationPlan.ts"
export { type Migration, type Migrations, type Options, type RunOptions, TypeId } from "./MigrationTypes.ts"
export { diff, type Difference } from "./TableDiff.ts"

/**
 * Makes migrations of a record. Throws `InvalidOptions` for a key that is not a number and a name, for a duplicate
 * number, and for a text that cannot be split into statements.
 *
 * **Example** (Two migrations)
 *
 * ```ts
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const migrations = Migrations.make({
 *   keyspace: "app",
 *   replication: { datacenter1: 1 },
 *   migrations: {
 *     "0001_users": "CREATE TABLE IF NOT EXISTS app.users (id int PRIMARY KEY, name text)",
 *     "0002_email": "ALTER TABLE app.users ADD email text; CREATE INDEX ON app.users (email)"
 *   }
 * })
 * const program = Effect.all([Migrations.run(migrations), Migrations.run(migrations)])
 * const [first, second] = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory([]))))
 * console.assert(first.join() === "0001_users,0002_email" && second.length === 0)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const M extends Readonly<{ [migration: string]: Migration }>>(
  options: Options<M>
): Migrations<ErrorOf<M[keyof M]>, ServicesOf<M[keyof M]>> => {
  Check.names(options, ["keyspace", "table", "name", "replication", "serialConsistency", "migrations"])
  const { keyspace, migrations, name = keyspace, replication, serialConsistency = "SERIAL", table = "migrations" } =
    options
  return {
    [TypeId]: {
      // The record says of each effect which errors and services it has, and the steps say it of all together.
      steps: stepsOf(migrations) as ReadonlyArray<Step<ErrorOf<M[keyof M]>, ServicesOf<M[keyof M]>>>,
      history: historyOf({ keyspace, table, name, replication, serialConsistency })
    }
  }
}

/**
 * Applies the migrations that the database does not have, and returns their names.
 *
 * One process migrates at a time; the others wait, and then find nothing to do. Statements are sent one after the
 * other, and the nodes have to agree on the schema after each change. After a failure, the next run continues with the
 * failed statement, or fails with {@link MigrationUnresolved} if you have to look into the database first.
 *
 * **Example** (A failure, and the next run)
 *
 * ```ts
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const make = (second: string) =>
 *   Migrations.make({
 *     keyspace: "app",
 *     replication: { datacenter1: 1 },
 *     migrations: { "0001_users": `CREATE TABLE app.users (id int PRIMARY KEY); ${second}` }
 *   })
 * const program = Effect.gen(function*() {
 *   const error = yield* Effect.flip(Migrations.run(make("ALTER TABLE app.user ADD name text")))
 *   const names = yield* Migrations.run(make("ALTER TABLE app.users ADD name text"))
 *   return [error._tag, ...names]
 * })
 * const result = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory([]))))
 * console.assert(result.join() === "MigrationFailed,0001_users")
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fn("Migrations.run")(function*<E, R>(
  self: Migrations<E, R>,
  options?: RunOptions
): Effect.fn.Return<ReadonlyArray<string>, MigrationError<E>, Session | R> {
  const { history } = self[TypeId]
  const times = timesOf(options)
  const { newer, pending } = yield* comparedWith(self, history.opened)
  if (newer.length > 0) {
    const names = newer.map(({ migration }) => migration).join(", ")
    yield* Effect.logInfo(`the database has migrations of a newer program: ${names}`)
  }
  if (pending.length === 0) return []
  yield* agreement(undefined)
  return yield* locked(history, times, (owner) =>
    Effect.gen(function*() {
      yield* agreement(undefined)
      // Another process may have migrated before the lock was free.
      const { pending } = yield* comparedWith(self, history.entries)
      yield* Effect.forEach(pending, (one) => migrate(history, owner, one), { discard: true })
      return pending.map(({ step }) => step.migration)
    }))
})

/**
 * Provides the session after the migrations have been applied: nothing can use the session before.
 *
 * **Example** (A program that finds its tables)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * const migrations = Migrations.make({
 *   keyspace: "app",
 *   replication: { datacenter1: 1 },
 *   migrations: { "0001_users": "CREATE TABLE app.users (id int PRIMARY KEY)" }
 * })
 * const SessionLive = Migrations.layer(migrations).pipe(Layer.provide(MockSession.memory([])))
 * const users = Statement.rows(Statement.make("SELECT id FROM app.users"))
 * console.assert((await Effect.runPromise(users.pipe(Effect.provide(SessionLive)))).length === 0)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E, R>(
  self: Migrations<E, R>,
  options?: RunOptions
): Layer.Layer<Session, MigrationError<E>, Session | R> =>
  Layer.effect(Session, Effect.andThen(run(self, options), Session))
