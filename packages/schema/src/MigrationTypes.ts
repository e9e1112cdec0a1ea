/**
 * Migrations as data. Users reach this module through `Migrations`.
 *
 * @since 0.1.0
 */
import type { SerialConsistency, Statement } from "@effect-cql/core"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { History } from "./internal/migrations/history.ts"
import type { Step } from "./internal/migrations/steps.ts"

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId: TypeId = "~@effect-cql/schema/Migrations"

/**
 * @category type ids
 * @since 0.1.0
 */
export type TypeId = "~@effect-cql/schema/Migrations"

/**
 * The migrations of a program. `E` and `R` are the errors and the services of migrations that are effects.
 *
 * @category models
 * @since 0.1.0
 */
export interface Migrations<out E = never, out R = never> {
  readonly [TypeId]: { readonly steps: ReadonlyArray<Step<E, R>>; readonly history: History }
}

/**
 * A migration:
 *
 * - a text of one or more statements, as `Statement.script` splits them;
 * - several texts and statements, such as the result of `Table.ddl`;
 * - an effect, such as a run over a table. It is executed again after a failure, and has to allow this.
 *
 * @category models
 * @since 0.1.0
 */
export type Migration<E = unknown, R = unknown> =
  | string
  | ReadonlyArray<string | Statement.Statement<unknown>>
  | Effect.Effect<unknown, E, R>

/**
 * Options of `Migrations.make`.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Record> {
  /** Keyspace of the table of the history. */
  readonly keyspace: string
  /** Table of the history. It is created if it does not exist. Default: `"migrations"`. */
  readonly table?: string | undefined
  /** Name of these migrations in the table, which may contain several sets. Default: the name of the keyspace. */
  readonly name?: string | undefined
  /**
   * Number of replicas by data center, such as `{ datacenter1: 3 }`. If the keyspace does not exist, it is created with
   * this replication. Default: the keyspace has to exist.
   */
  readonly replication?: Readonly<{ [dataCenter: string]: number }> | undefined
  /** Consistency of the lock: among all data centers, or in the local one. Default: `"SERIAL"`, among all. */
  readonly serialConsistency?: SerialConsistency | undefined
  /** The migrations by number and name, such as `0001_users`. */
  readonly migrations: Record
}

/**
 * Errors of a migration that is an effect.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorOf<M> = M extends Effect.Effect<unknown, infer E, unknown> ? E : never

/**
 * Services of a migration that is an effect.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<M> = M extends Effect.Effect<unknown, unknown, infer R> ? R : never

/**
 * Options of `Migrations.run`.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions {
  /**
   * Time until the lock of a dead process is free, at least 3 seconds. A living process renews the lock. Default: 30
   * seconds.
   */
  readonly lease?: Duration.Input | undefined
  /** Maximum time to wait for the lock of another process. Default: 5 minutes. */
  readonly wait?: Duration.Input | undefined
}
