/**
 * Errors of migrations. Users reach this module through `Migrations`.
 *
 * @since 0.1.0
 */
import type { CqlError } from "@effect-cql/core"
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import { hasProperty } from "effect/Predicate"

/**
 * The errors of a run of migrations. `E` are the errors of its effects.
 *
 * @category errors
 * @since 0.1.0
 */
export type MigrationError<E = never> =
  | CqlError
  | KeyspaceMissing
  | MigrationConflict
  | MigrationFailed<E>
  | MigrationUnresolved
  | MigrationsLocked
  | MigrationLockLost
  | SchemaDisagreement

/**
 * The keyspace of the migrations does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class KeyspaceMissing extends Data.TaggedError("KeyspaceMissing")<{ readonly keyspace: string }> {
  override get message(): string {
    return `migrations failed: expected the keyspace ${this.keyspace}, got no keyspace with this name. ` +
      "Create it, or set the option `replication` of Migrations.make, which creates it."
  }
}

/**
 * The migrations of the program contradict the migrations that the database has recorded.
 *
 * - `changed`: the text of an applied statement has changed.
 * - `renamed`: another migration with this number was applied.
 * - `missing`: the database has a migration that the program does not have.
 * - `late`: the number of a new migration is lower than the number of an applied one.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationConflict extends Data.TaggedError("MigrationConflict")<{
  /** The migration, such as `0001_users`. */
  readonly migration: string
  readonly conflict: "changed" | "renamed" | "missing" | "late"
  /** Time at which the recorded migration was started. */
  readonly startedAt?: DateTime.Utc | undefined
  /** The other migration: for `renamed` the recorded one, for `late` the last applied one. */
  readonly other?: string | undefined
}> {
  override get message(): string {
    const { migration, other } = this
    switch (this.conflict) {
      case "changed":
        return `migration ${migration} has changed: expected the text that was applied, got another. ` +
          "Restore it and add a migration with the change; if the database is right, accept the text with " +
          resolving(migration, "\"all\"")
      case "renamed":
        return `migration ${migration} has the number of another one: expected ${other}, which was applied under this number, got ${migration}. ` +
          "Restore the name, and give the new migration a new number."
      case "missing":
        return `migration ${migration} is missing: expected the program to have it, for the database has, got none. ` +
          "Restore it; a migration that was applied stays in the program."
      case "late":
        return `migration ${migration} is too late: expected a number above that of ${other}, the last one applied, ` +
          "got a lower one. Give it a higher number."
    }
  }
}

const resolving = (migration: string, applied: string): string =>
  `Migrations.resolve(migrations, ${JSON.stringify(migration)}, { applied: ${applied} }).`

const causeText = (cause: unknown): string =>
  hasProperty(cause, "message") && typeof cause.message === "string" ? cause.message : "an error without a message"

/**
 * A statement or an effect of a migration failed. Everything before it stays applied, and the next run continues with
 * it.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationFailed<out E = never> extends Data.TaggedError("MigrationFailed")<{
  readonly migration: string
  /** Position of the statement in the migration, from 1. */
  readonly statement: number
  /** Number of statements of the migration. */
  readonly statements: number
  /** `"NotApplied"` if the statement changed nothing, otherwise `"Unknown"`. */
  readonly outcome: "NotApplied" | "Unknown"
  readonly cause: unknown
}> {
  declare readonly cause: CqlError | E

  override get message(): string {
    const { migration, statement, statements } = this
    const advice = this.outcome === "NotApplied"
      ? "It changed nothing: correct it, and migrate again, which continues with it."
      : "Its outcome is unknown: migrate again, which sends it again if that does no harm."
    return `migration ${migration} failed: expected statement ${statement} of ${statements} to be applied, ` +
      `got ${causeText(this.cause)}. ${advice}`
  }
}

/**
 * An earlier run ended during the execution of a statement that cannot be sent again: executing it twice may do harm,
 * or its text has changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationUnresolved extends Data.TaggedError("MigrationUnresolved")<{
  readonly migration: string
  /** Position of the statement in the migration, from 1. */
  readonly statement: number
  /** Its text, without values. */
  readonly text: string
}> {
  override get message(): string {
    const { migration, statement } = this
    return `migration ${migration} is unresolved: expected to know whether statement ${statement} was applied, ` +
      "got no answer in an earlier run, and it is not sent again: that may do harm, or its text has changed. " +
      "Look into the database: if it was applied, run " +
      `${resolving(migration, String(statement))} If not, run ${resolving(migration, String(statement - 1))}`
  }
}

/**
 * Another process holds the lock, and did not finish in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationsLocked extends Data.TaggedError("MigrationsLocked")<{
  /** Owner of the lock. */
  readonly owner: string
}> {
  override get message(): string {
    return `migrations failed: expected to get the lock, got ${this.owner} as its owner for longer than \`wait\`. ` +
      "Wait for that process, or increase `wait`. The lock of a dead process expires."
  }
}

/**
 * This process did not renew its lease in time, and lost the lock during a migration.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationLockLost extends Data.TaggedError("MigrationLockLost")<{
  /** Owner of the lock, if it is known. */
  readonly owner: string | undefined
}> {
  override get message(): string {
    return `migrations stopped: expected to keep the lock, got ${
      this.owner ?? "no owner"
    } after the lease had expired. ` +
      "Migrate again, which continues where it stopped. Increase `lease` if this happens often."
  }
}

/**
 * The nodes did not agree on the schema in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class SchemaDisagreement extends Data.TaggedError("SchemaDisagreement")<{
  /** The migration after which the nodes had to agree; none before the first migration. */
  readonly migration: string | undefined
}> {
  override get message(): string {
    const when = this.migration === undefined ? "before the first migration" : `after ${this.migration}`
    return `migrations stopped ${when}: expected all nodes to agree on the schema, got several versions of it. ` +
      "Look at `nodetool describecluster`, and migrate again when the nodes agree."
  }
}
