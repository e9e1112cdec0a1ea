/**
 * The history of migrations in the database, and its lock.
 *
 * Both are in one partition, so that one conditional write holds them together: an entry changes only while its writer owns
 * the lock. Every write names the version that it replaces or the owner that it expects, so that it can be sent again, and
 * its own trace in the answer is read as success.
 */
import {
  type CqlError,
  isCqlError,
  Query,
  RetryPolicy,
  type SerialConsistency,
  Session,
  Statement
} from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as CqlSchema from "../../CqlSchema.ts"
import { KeyspaceMissing, MigrationLockLost, SchemaDisagreement } from "../../MigrationError.ts"
import { literal } from "../table/definitions.ts"

/** The place of a history. */
export interface Place {
  readonly keyspace: string
  readonly table: string
  /** The partition of the table. */
  readonly name: string
  readonly replication: Readonly<Record<string, number>> | undefined
  readonly serialConsistency: SerialConsistency
}

/**
 * States of a migration:
 *
 * - `running`: its last checksum is that of a part that was sent, and no end of it was recorded.
 * - `stopped`: the parts of its checksums are applied, and the next one changed nothing.
 * - `applied`: all of it is applied.
 */
export const State = Schema.Literals(["running", "stopped", "applied"])

const Row = Schema.Struct({
  id: Schema.NullOr(Schema.Int),
  migration: Schema.NullOr(Schema.String),
  state: Schema.NullOr(State),
  checksums: Schema.NullOr(Schema.Array(Schema.String)),
  error: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.Int),
  started_at: Schema.NullOr(CqlSchema.Timestamp),
  ended_at: Schema.NullOr(CqlSchema.Timestamp)
})

/** A migration that was begun. */
export interface Entry {
  readonly id: number
  readonly migration: string
  readonly state: typeof State.Type
  readonly checksums: ReadonlyArray<string>
  /** The message of the failure that stopped it. */
  readonly error: string | undefined
  /** Counts the changes of the entry. */
  readonly version: number
  readonly startedAt: DateTime.Utc
  readonly endedAt: DateTime.Utc | undefined
}

const entryOf = (row: typeof Row.Type): ReadonlyArray<Entry> => {
  const { checksums, id, migration, started_at: startedAt, state, version } = row
  // A partition with the owner alone has one row, without a key.
  if (id === null || migration === null || state === null || version === null || startedAt === null) return []
  return [{
    id,
    migration,
    state,
    checksums: checksums ?? [],
    error: row.error ?? undefined,
    version,
    startedAt,
    endedAt: row.ended_at ?? undefined
  }]
}

const keyspaceNamed = Query.make("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", {
  params: Schema.Tuple([Schema.String]),
  retry: RetryPolicy.standard
})

// A node refuses with these words what it does not know. It reads the description of a keyspace or a table, which another
// process has just created, a moment before it knows it.
const isUnknown = ({ reason }: CqlError): boolean =>
  reason._tag === "InvalidQuery" && /(?:does not|doesn't) exist|unconfigured table/i.test(reason.message)

/** Waits until the node knows what exists. Fails as the effect does after 30 seconds. */
const untilKnown = <A, E, R>(effect: Effect.Effect<A, CqlError | E, R>): Effect.Effect<A, CqlError | E, R> =>
  Effect.retry(effect, {
    while: (error) => isCqlError(error) && isUnknown(error),
    schedule: Schedule.spaced("100 millis"),
    times: 300
  })

/** Waits until the nodes agree on the schema. */
export const agreement = (migration: string | undefined): Effect.Effect<void, CqlError | SchemaDisagreement, Session> =>
  Effect.flatMap(
    Session.use((session) => session.schemaAgreement("30 seconds")),
    (agreed) => agreed ? Effect.void : Effect.fail(new SchemaDisagreement({ migration }))
  )

type Write = Statement.Statement<typeof Current.Type>

// Columns of the conditions, as an answer shows them where they do not hold.
const Current = Schema.Struct({
  owner: Schema.optionalKey(Schema.NullOr(Schema.String)),
  version: Schema.optionalKey(Schema.NullOr(Schema.Int))
})

/** The statements of a history. */
export const make = ({ keyspace, name, replication, serialConsistency, table }: Place) => {
  const qualified = `${quoted(keyspace)}.${quoted(table)}`
  const write = { idempotent: true, serialConsistency, retry: RetryPolicy.standard, row: Current } as const

  const select = Query.make(
    `SELECT id, migration, state, checksums, error, version, started_at, ended_at FROM ${qualified} WHERE name = ?`,
    { params: Schema.Tuple([Schema.String]), row: Row, consistency: serialConsistency, retry: RetryPolicy.standard }
  )
  const acquireLock = Query.make(`UPDATE ${qualified} USING TTL ? SET owner = ? WHERE name = ? IF owner = null`, {
    ...write,
    params: Schema.Tuple([Schema.Int, Schema.String, Schema.String])
  })
  const renewLock = Query.make(`UPDATE ${qualified} USING TTL ? SET owner = ? WHERE name = ? IF owner = ?`, {
    ...write,
    params: Schema.Tuple([Schema.Int, Schema.String, Schema.String, Schema.String])
  })
  const releaseLock = Query.make(`DELETE owner FROM ${qualified} WHERE name = ? IF owner = ?`, {
    ...write,
    params: Schema.Tuple([Schema.String, Schema.String])
  })
  const update = Query.make(
    `UPDATE ${qualified} SET migration = :migration, state = :state, checksums = :checksums, error = :error, ` +
      "version = :version, started_at = :started_at, ended_at = :ended_at WHERE name = :name AND id = :id " +
      "IF owner = :owner AND version = :before",
    {
      ...write,
      params: Schema.Struct({
        ...Row.fields,
        name: Schema.String,
        owner: Schema.String,
        before: Schema.NullOr(Schema.Int)
      })
    }
  )

  const entries = Effect.map(Statement.rows(select(name)), (rows) => rows.flatMap(entryOf))
  const found: Effect.Effect<Option.Option<ReadonlyArray<Entry>>, CqlError, Session> = entries.pipe(
    Effect.asSome,
    Effect.catchIf(isUnknown, () => Effect.succeedNone)
  )

  // A proposal that was accepted is applied, though its commit was late.
  const applied = (statement: Write) =>
    Statement.applied(statement).pipe(
      Effect.catchIf(({ outcome }) => outcome === "WillApply", () => Effect.succeed({ _tag: "Held" } as const))
    )

  const currentOf = (statement: Write) =>
    Effect.map(
      applied(statement),
      (answer) => answer._tag === "Held" ? undefined : Option.getOrElse(answer.current, (): typeof Current.Type => ({}))
    )

  /** Creates the keyspace and the table. */
  const create = Effect.gen(function*() {
    if (Option.isNone(yield* Statement.first(keyspaceNamed(keyspace)))) {
      if (replication === undefined) return yield* new KeyspaceMissing({ keyspace })
      const factors = Object.entries(replication).map(([center, factor]) => `, ${literal(center)}: ${factor}`).join(
        ""
      )
      yield* definition(
        `CREATE KEYSPACE IF NOT EXISTS ${
          quoted(keyspace)
        } WITH replication = {'class': 'NetworkTopologyStrategy'${factors}}`
      )
    }
    yield* untilKnown(definition(
      `CREATE TABLE IF NOT EXISTS ${qualified} (name text, id int, owner text STATIC, migration text, state text, ` +
        "checksums frozen<list<text>>, error text, version int, started_at timestamp, ended_at timestamp, " +
        "PRIMARY KEY (name, id))"
    ))
  })

  // The table exists, though its node may learn of it a moment later.
  const known = untilKnown(entries)

  return {
    /** The entries, in the order of their numbers; none if the table does not exist. */
    found,

    /** The entries, in the order of their numbers. Creates the keyspace and the table where they do not exist. */
    opened: Effect.flatMap(
      found,
      Option.match({ onNone: () => Effect.andThen(create, known), onSome: Effect.succeed })
    ),

    /** The entries of a table that exists, in the order of their numbers. */
    entries: known,

    /** Takes the lock for so many seconds, and gives its owner: the caller, or another. */
    acquire: (owner: string, seconds: number) =>
      Effect.map(currentOf(acquireLock(seconds, owner, name)), (current) => current?.owner ?? owner),

    /** Keeps the lock for so many seconds from now. */
    renew: (owner: string, seconds: number) =>
      Effect.flatMap(
        currentOf(renewLock(seconds, owner, name, owner)),
        (current) =>
          current === undefined
            ? Effect.void
            : Effect.fail(new MigrationLockLost({ owner: current.owner ?? undefined }))
      ),

    /** Gives the lock back. Does nothing if another process has it. */
    release: (owner: string) => Effect.asVoid(applied(releaseLock(name, owner))),

    /** Changes an entry while the owner has the lock, and gives it as it is then. */
    record: Effect.fnUntraced(function*(owner: string, before: Entry | undefined, entry: Omit<Entry, "version">) {
      const version = (before?.version ?? 0) + 1
      const current = yield* currentOf(update({
        name,
        owner,
        before: before?.version ?? null,
        id: entry.id,
        migration: entry.migration,
        state: entry.state,
        checksums: entry.checksums,
        error: entry.error ?? null,
        version,
        started_at: entry.startedAt,
        ended_at: entry.endedAt ?? null
      }))
      // Its own version in the answer is that of an earlier attempt, whose answer was lost.
      if (current !== undefined && (current.owner !== owner || current.version !== version)) {
        return yield* new MigrationLockLost({ owner: current.owner ?? undefined })
      }
      return { ...entry, version }
    })
  }
}

/** The statements of a history. */
export type History = ReturnType<typeof make>

const definition = (text: string) =>
  Statement.make(text, [], { idempotent: true, requestTimeout: "1 minute", retry: RetryPolicy.standard }).pipe(
    Effect.andThen(agreement(undefined))
  )
