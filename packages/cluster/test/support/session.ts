import { CassandraSession } from "@effect-cql/cassandra"
import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { SharedServerLayer } from "@effect-cql/test-support/server"
import { Effect, Layer } from "effect"

/** A session on the shared server. */
export const SessionLive = Layer.unwrap(
  Effect.map(CassandraServer, (server) =>
    CassandraSession.layer({
      contactPoints: server.contactPoints,
      localDataCenter: server.localDataCenter,
      username: server.credentials?.username,
      password: server.credentials?.password
    }))
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

/** A name that no other run uses at the same time. */
export const ownName = (prefix: string): string => `${prefix}_${process.pid}`
