/**
 * Where the examples run: a session to a real Cassandra server, with the keyspace that they use.
 *
 * The server is that of `CASSANDRA_CONTACT_POINTS`, or one that is started for the time of the example. A service of
 * yours has no use for this file: it provides `CassandraSession.layer` or `layerConfig` and is done.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import { Effect, Layer } from "effect"

const schema = [
  `CREATE KEYSPACE IF NOT EXISTS examples WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  `CREATE TABLE IF NOT EXISTS examples.numbers (a int, b int, PRIMARY KEY (a, b))`,
  `CREATE TABLE IF NOT EXISTS examples.users (id int PRIMARY KEY, name text)`
]

/** A session to a server that runs already. */
export const sessionTo = (server: CassandraServer.CassandraServer["Service"]) =>
  CassandraSession.layer({
    contactPoints: server.contactPoints,
    localDataCenter: server.localDataCenter,
    username: server.credentials?.username,
    password: server.credentials?.password
  })

/** The session of the examples, to the server of the context, with their keyspace. */
export const ExampleSession = Layer.effectDiscard(Effect.forEach(schema, (text) => Statement.make(text))).pipe(
  Layer.provideMerge(Layer.unwrap(Effect.map(CassandraServer.CassandraServer, sessionTo)))
)

/** The same, to a server that is found or started. */
export const Cassandra = ExampleSession.pipe(Layer.provide(CassandraServer.layer()))
