/**
 * Starts the service: `npm run app`. It is configured by the environment:
 *
 * - `PORT`: 3000 unless it is set.
 * - `DRAIN`: the time to go on answering after the signal to stop, such as `5 seconds`; none unless it is set.
 * - `REPLICAS`: replicas of each row; 1 unless it is set.
 * - `CASSANDRA_CONTACT_POINTS` and the others that `CassandraSession.config` reads. Without them a Cassandra is started for the
 *   time of the program.
 * - `ARCHIVE_CASSANDRA_CONTACT_POINTS` and so on: the cluster of the archive; the same one unless it is set.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import type { CqlError } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Config, Context, Duration, Effect, Layer, Option, Schedule } from "effect"
import { Archive } from "./Archive.ts"
import * as Migrations from "./migrations.ts"
import * as Server from "./server.ts"

const settings = Config.all({
  port: Config.withDefault(Config.Port("PORT"), 3000),
  drain: Config.withDefault(Config.Duration("DRAIN"), Duration.zero),
  replicas: Config.withDefault(Config.Int("REPLICAS"), 1)
})

const isConfigured = Config.map(Config.option(Config.String("CASSANDRA_CONTACT_POINTS")), Option.isSome)

/** A Cassandra for the time of the program. */
const started = Effect.gen(function*() {
  yield* Effect.logInfo("starting a Cassandra, for CASSANDRA_CONTACT_POINTS is not set")
  const services = yield* Layer.build(CassandraServer.layer({ heap: "512m" }))
  const { contactPoints, localDataCenter } = Context.get(services, CassandraServer.CassandraServer)
  return { contactPoints, localDataCenter }
})

/** A session that waits for a database which starts later than the service. */
const session = (options: CassandraSession.Options) =>
  CassandraSession.layer({
    ...options,
    connectRetry: Schedule.spaced("2 seconds").pipe(
      Schedule.setInputType<CqlError>(),
      Schedule.tap(({ input }) => Effect.logWarning(`not connected yet: ${input.message}`))
    )
  })

const Main = Layer.unwrap(Effect.gen(function*() {
  const { drain, port, replicas } = yield* settings
  const database = (yield* isConfigured) ? yield* CassandraSession.config : yield* started
  const archive = yield* Config.withDefault(Config.nested(CassandraSession.config, "ARCHIVE"), database)
  const replication = ({ localDataCenter }: CassandraSession.Options) => ({ [localDataCenter]: replicas })
  return Server.layer({ port, drain }).pipe(
    Layer.provide([
      Migrations.layer(replication(database)).pipe(Layer.provide(session(database))),
      Archive.layer(replication(archive)).pipe(Layer.provide(session(archive)))
    ])
  )
}))

NodeRuntime.runMain(Layer.launch(Main.pipe(Layer.provide(NodeServices.layer))))
