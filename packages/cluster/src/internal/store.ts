/**
 * Statements of a storage: qualified by the keyspace, at the consistency of the cluster, and each sent again when its answer is
 * lost. Every statement of a storage is idempotent: the caller of a condition has to take its own value for success.
 */
import { Batch, type CqlError, executeConcurrent, RetryPolicy, Session, Statement } from "@effect-cql/core"
import type { PersistenceError } from "effect/cluster/ClusterError"
import * as ClusterError from "effect/cluster/ClusterError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Options, Scope } from "../CqlCluster.ts"
import { tableIn } from "./tables.ts"

export type Row = Readonly<Record<string, unknown>>

type Text = readonly [text: string, params: ReadonlyArray<unknown>]

export interface Store {
  readonly cluster: string
  readonly scope: Scope
  readonly table: (name: string) => string
  readonly rows: (...text: Text) => Effect.Effect<ReadonlyArray<Row>, CqlError>
  readonly write: (...text: Text) => Effect.Effect<void, CqlError>
  /** Runs plain writes of one text, several at a time. */
  readonly writeAll: (text: string, params: ReadonlyArray<ReadonlyArray<unknown>>) => Effect.Effect<void, CqlError>
  /** Reads page by page. */
  readonly stream: (...text: Text) => Stream.Stream<Row, CqlError>
  /** Runs a conditional write. */
  readonly condition: (...text: Text) => Effect.Effect<Answer, CqlError>
  /** Runs a conditional batch within a partition. */
  readonly batch: (texts: ReadonlyArray<Text>) => Effect.Effect<Answer, CqlError>
}

export interface Answer {
  readonly held: boolean
  /** The first row that the condition met. An absent row has no columns. */
  readonly current: Row
}

const writesAtOnce = 32
const noRow: Row = {}

// The policy of retries sends no conditional write again whose commit timed out. Here each of them takes its own value for success.
const unlessRefused = {
  while: (error: CqlError) => error.outcome !== "NotApplied",
  schedule: RetryPolicy.backoff({ times: 3, initial: "50 millis", max: "1 second" })
}

/** The bounds of a statement: a request may take a third of an interval, and its retries the rest of it. */
const optionsOf = (scope: Scope, interval: Duration.Duration): Statement.Options => ({
  consistency: scope === "global" ? "QUORUM" : "LOCAL_QUORUM",
  serialConsistency: scope === "global" ? "SERIAL" : "LOCAL_SERIAL",
  requestTimeout: Duration.millis(Math.max(500, Duration.toMillis(interval) / 3)),
  idempotent: true,
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 4, initial: "50 millis", max: "1 second" }),
    budget: { minimum: 20, share: 1 }
  })
})

// Servers before 4.0 say "unconfigured table".
const isMissing = ({ reason }: CqlError): boolean =>
  reason._tag === "InvalidQuery" && /does not exist|unconfigured table|undefined column/i.test(reason.message)

/** Logs once that the tables are missing: the error of the server does not say where they come from. */
const advising = (keyspace: string): (error: CqlError) => Effect.Effect<void> => {
  let isAdvised = false
  return (error) =>
    Effect.suspend(() => {
      if (isAdvised || !isMissing(error)) return Effect.void
      isAdvised = true
      return Effect.logError(
        `the tables of the cluster could not be used: expected those of CqlCluster.migrations in keyspace ${keyspace}, ` +
          "got none, or those of an earlier version. Run these migrations when you deploy, before the first process starts."
      )
    })
}

export const make = (options: Options, interval: Duration.Duration): Effect.Effect<Store, never, Session> =>
  Effect.map(Session, (session) => {
    const { cluster = "default", keyspace, scope = "dataCenter" } = options
    const advise = advising(keyspace)
    const statementOptions = optionsOf(scope, interval)
    const statement = (text: string, params: ReadonlyArray<unknown>) => Statement.make(text, params, statementOptions)
    const answer = (input: Statement.Statement<Row> | Batch.Batch): Effect.Effect<Answer, CqlError> =>
      Effect.map(
        session.provide(Statement.applied(input)),
        (answer) =>
          answer._tag === "Held" ? { held: true, current: noRow } : { held: false, current: answer.rows[0] ?? noRow }
      ).pipe(Effect.retry(unlessRefused), Effect.tapError(advise))
    return {
      cluster,
      scope,
      table: (name) => tableIn(keyspace, name),
      rows: (text, params) =>
        session.execute(statement(text, params)).pipe(Effect.map(({ rows }) => rows), Effect.tapError(advise)),
      write: (text, params) => session.execute(statement(text, params)).pipe(Effect.asVoid, Effect.tapError(advise)),
      writeAll: (text, params) =>
        session.provide(executeConcurrent(params.map((each) => statement(text, each)), { concurrency: writesAtOnce }))
          .pipe(
            Effect.asVoid,
            Effect.mapError(({ failure }) => failure.error),
            Effect.tapError(advise)
          ),
      stream: (text, params) => Stream.tapError(session.stream(statement(text, params)), advise),
      condition: (text, params) => answer(statement(text, params)),
      batch: (texts) =>
        answer(Batch.make(texts.map(([text, params]) => Statement.make(text, params)), {
          type: "unlogged",
          ...statementOptions
        }))
    }
  })

/** The error of Effect's storages. */
export const persistent = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, PersistenceError, R> =>
  Effect.mapError(self, (cause) => new ClusterError.PersistenceError({ cause }))
