/**
 * The settings of the worker, from the environment:
 *
 * - `RUNNER_HOST`: the address at which the other runners reach this one. Each runner has its own.
 * - `RUNNER_PORT`, `HEALTH_PORT`: the ports that it listens at, 34431 and 8080 unless they are set.
 * - `SHARDS`, `LEASE`: those of the cluster, 64 and 35 seconds unless they are set.
 * - `LANES`: the units of a job that run at a time, 64 unless it is set.
 * - `REPLICAS`: replicas of each row, 1 unless it is set.
 * - `CASSANDRA_CONTACT_POINTS` and the others that `CassandraSession.config` reads.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import type { CqlError } from "@effect-cql/core"
import { Config, Duration, Effect, Layer, Schedule } from "effect"

const lanes = Config.withDefault(Config.Int("LANES"), 64)

/** Settings that all members of the cluster share. */
export const cluster = Config.all({
  lanes,
  shards: Config.withDefault(Config.Int("SHARDS"), 64),
  lease: Config.withDefault(Config.Duration("LEASE"), Duration.seconds(35))
})

export const runner = Config.all({
  host: Config.NonEmptyString("RUNNER_HOST"),
  port: Config.withDefault(Config.Port("RUNNER_PORT"), 34_431),
  healthPort: Config.withDefault(Config.Port("HEALTH_PORT"), 8_080)
})

/** Replicas of each row by data center. */
export const replication = Config.map(
  Config.all([CassandraSession.config, Config.withDefault(Config.Int("REPLICAS"), 1)]),
  ([{ localDataCenter }, replicas]): Readonly<Record<string, number>> => ({ [localDataCenter]: replicas })
)

/** A session that waits for a database which starts later than the worker. */
export const session = Layer.unwrap(Effect.map(CassandraSession.config, (options) =>
  CassandraSession.layer({
    ...options,
    connectRetry: Schedule.spaced("2 seconds").pipe(
      Schedule.setInputType<CqlError>(),
      Schedule.tap(({ input }) => Effect.logWarning(`not connected yet: ${input.message}`))
    )
  })))
