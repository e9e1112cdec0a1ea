/**
 * Sessions on the shared server, and keyspaces of their own for tests.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { type CqlError, type Reason, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Effect, Layer, Schedule } from "effect"
import process from "node:process"
import { SharedServerLayer } from "./server.ts"

/** The options that connect to a server. */
export const optionsOf = (server: CassandraServer["Service"]): CassandraSession.Options => ({
  contactPoints: server.contactPoints,
  localDataCenter: server.localDataCenter,
  username: server.credentials?.username,
  password: server.credentials?.password
})

/** A session on the shared server. */
export const SessionLive = Layer.unwrap(
  Effect.map(CassandraServer, (server) => CassandraSession.layer(optionsOf(server)))
).pipe(Layer.provideMerge(SharedServerLayer))

/** A session, and a keyspace of its own for as long as it is in use. */
export const withKeyspace = (keyspace: string, ...statements: ReadonlyArray<string>) =>
  Layer.effectDiscard(Effect.acquireRelease(
    Effect.gen(function*() {
      yield* Statement.make(`DROP KEYSPACE IF EXISTS ${keyspace}`)
      yield* Statement.make(
        `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
      )
      yield* Effect.forEach(statements, (statement) => Statement.make(statement))
    }),
    () => Effect.ignore(Statement.make(`DROP KEYSPACE ${keyspace}`))
  )).pipe(Layer.provideMerge(SessionLive))

/** Repeats a read until the server has built the index that answers it. Until then the read fails. */
export const onceBuilt = <A, R>(read: Effect.Effect<A, CqlError, R>): Effect.Effect<A, CqlError, R> =>
  Effect.retry(read, {
    while: ({ reason }) => reason._tag === "ReadFailure",
    schedule: Schedule.spaced("100 millis"),
    times: 300
  })

/** The reason that a statement fails with. */
export const reasonOf = <A, R>(effect: Effect.Effect<A, CqlError, R>): Effect.Effect<Reason.Reason, A, R> =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** A name that no other run uses at the same time. */
export const ownName = (prefix: string): string => `${prefix}_${process.pid}`
