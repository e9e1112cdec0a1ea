/**
 * Repositories of tables. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import { type CqlError, type Outcome, type Session, Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { anObject } from "./internal/table/options.ts"
import { type Lookup, one, type Options } from "./Lookup.ts"
import { type Meta, TypeId } from "./TableMeta.ts"
import type { Get } from "./TableReads.ts"
import type { Of } from "./TableWhere.ts"
import type { Delete, Given, Insert, NoKey, Settable, Update, WriteOptions } from "./TableWrites.ts"

/**
 * A row with the key of the new row exists.
 *
 * @category errors
 * @since 0.1.0
 */
export class RowExists<out Row> extends Data.TaggedError("RowExists")<{
  /** The table with its keyspace. */
  readonly table: string
  /** `"Unknown"` if an earlier attempt of the insert ended without an answer: it may have written the existing row. */
  readonly outcome: Outcome.Outcome
}> {
  readonly #current: Option.Option<Row>

  constructor(table: string, { current, outcome }: Statement.Lost<Row>) {
    super({ table, outcome })
    this.#current = current
  }

  /** The existing row. It is not enumerable, and no message shows it. */
  get current(): Option.Option<Row> {
    return this.#current
  }

  override get message(): string {
    return `inserting a row failed: expected a new key in ${this.table}, got the key of a row that exists (${this.outcome})`
  }
}

/**
 * No row has the key.
 *
 * @category errors
 * @since 0.1.0
 */
export class RowNotFound extends Data.TaggedError("RowNotFound")<{
  /** The table with its keyspace. */
  readonly table: string
}> {
  override get message(): string {
    return `a row was not found: expected a row with this key in ${this.table}, got none`
  }
}

/**
 * A table that can have a repository.
 *
 * @category models
 * @since 0.1.0
 */
export interface Storable<Row, A extends string, Key extends string, N extends string, F extends string> {
  readonly [TypeId]: Meta
  readonly get: Get<Row, Key>
  readonly insert: Insert<Row, A>
  readonly update: Update<Row, Key, Key, N, F>
  readonly delete: Delete<Row, Key, N>
}

/**
 * The methods of a repository.
 *
 * @category models
 * @since 0.1.0
 */
export interface Repository<Row, A extends string, Key extends string, N extends string, F extends string> {
  /** Finds a row by its whole key. Keys that are looked up at the same time are one concurrent run; see `Lookup.one`. */
  readonly find: Lookup<Of<Row, Key>, Option.Option<Row>>
  /** Finds a row by its whole key, or fails with {@link RowNotFound}. */
  readonly get: (key: Of<Row, Key>) => Effect.Effect<Row, CqlError | RowNotFound, Session>
  /** Writes a row, and overwrites an existing row with the same key. Absent columns keep their values. */
  readonly insert: (row: Given<Row, A>, options?: WriteOptions) => Effect.Effect<void, CqlError, Session>
  /** Writes a row if no row with its key exists, or fails with {@link RowExists}. */
  readonly insertNew: (
    row: Given<Row, A>,
    options?: Pick<WriteOptions, "ttl">
  ) => Effect.Effect<void, CqlError | RowExists<Row>, Session>
  /** Changes columns of the row with a key. If there is no such row, Cassandra creates it. */
  readonly update: <V extends Settable<Row, N, F>>(
    key: Of<Row, Key>,
    set: V & NoKey<V, N, Key>,
    options?: WriteOptions
  ) => Effect.Effect<void, CqlError, Session>
  /** Changes columns of an existing row, or fails with {@link RowNotFound}. */
  readonly updateExisting: <V extends Settable<Row, N, F>>(
    key: Of<Row, Key>,
    set: V & NoKey<V, N, Key>,
    options?: Pick<WriteOptions, "ttl">
  ) => Effect.Effect<void, CqlError | RowNotFound, Session>
  /** Deletes the row with a key, if there is one. */
  readonly delete: (
    key: Of<Row, Key>,
    options?: Pick<WriteOptions, "timestamp">
  ) => Effect.Effect<void, CqlError, Session>
  /** Deletes an existing row, or fails with {@link RowNotFound}. */
  readonly deleteExisting: (key: Of<Row, Key>) => Effect.Effect<void, CqlError | RowNotFound, Session>
}

/**
 * Makes the repository of a table, which reads and writes rows by their key. Nothing is read back after a write.
 * `insertNew`, `updateExisting` and `deleteExisting` are conditional writes, which take several times as long.
 *
 * **Example** (Users)
 *
 * ```ts
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Option } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 * const users = Table.repository(User)
 *
 * const program = Effect.gen(function*() {
 *   yield* users.insertNew({ id: 1, name: "Ada" })
 *   yield* users.update({ id: 1 }, { name: "Ada Lovelace" })
 *   const again = yield* users.insertNew({ id: 1, name: "Eve" }).pipe(
 *     Effect.as("inserted"),
 *     Effect.catchTag("RowExists", ({ current }) => Effect.succeed(Option.getOrThrow(current).name))
 *   )
 *   const missing = yield* users.get({ id: 2 }).pipe(Effect.catchTag("RowNotFound", () => Effect.succeed(undefined)))
 *   return [again, missing]
 * })
 * const found = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory([...Table.ddl(User)]))))
 * console.assert(found[0] === "Ada Lovelace" && found[1] === undefined)
 * ```
 *
 * @category repositories
 * @since 0.1.0
 */
export const repository = <Row, A extends string, Key extends string, N extends string, F extends string>(
  self: Storable<Row, A, Key, N, F>,
  options?: Options
): Repository<Row, A, Key, N, F> => {
  const { keyspace, table: name } = self[TypeId]
  const table = `${keyspace}.${name}`
  const find = one(self.get, options)
  // A condition would be lost without a word.
  const check = (options: object | undefined, names: ReadonlyArray<string>): void => {
    if (options === undefined) return
    Check.value(`table ${table}: options`, options, anObject)
    Check.names(options, names, `table ${table}: `)
  }
  const existing = (statement: Statement.Statement<unknown>): Effect.Effect<void, CqlError | RowNotFound, Session> =>
    Effect.flatMap(
      Statement.applied(statement),
      ({ _tag }) => _tag === "Held" ? Effect.void : Effect.fail(new RowNotFound({ table }))
    )
  return {
    find,
    get: (key) =>
      Effect.flatMap(
        find(key),
        (row) => Option.isSome(row) ? Effect.succeed(row.value) : Effect.fail(new RowNotFound({ table }))
      ),
    insert: (row, options) => Effect.asVoid(self.insert(row, options)),
    insertNew: (row, options) =>
      Effect.flatMap(
        Statement.applied(self.insert.ifNotExists(row, options)),
        (answer) => answer._tag === "Held" ? Effect.void : Effect.fail(new RowExists(table, answer))
      ),
    update: (key, set, options) => {
      check(options, ["ttl", "timestamp"])
      return Effect.asVoid(self.update(key, set, options))
    },
    updateExisting: (key, set, options) => {
      check(options, ["ttl"])
      return existing(self.update(key, set, { ...options, ifExists: true }))
    },
    delete: (key, options) => {
      check(options, ["timestamp"])
      return Effect.asVoid(self.delete(key, options))
    },
    deleteExisting: (key) => existing(self.delete(key, { ifExists: true }))
  }
}
