/**
 * The client of cassandra-driver that a session uses.
 *
 * @since 0.1.0
 */
import type { Client } from "cassandra-driver"
import * as Context from "effect/Context"

/**
 * The client of a session, for metadata, hosts and metrics.
 *
 * Statements that you execute with the client itself follow the policies of the client, including its retries, and have
 * no outcome.
 *
 * **Example** (The hosts of the cluster)
 *
 * ```ts no-run
 * import { CassandraClient, CassandraSession } from "@effect-cql/cassandra"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* CassandraClient
 *   yield* Console.log(client.hosts.keys())
 * })
 * const main = program.pipe(
 *   Effect.provide(CassandraSession.layer({ contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1" }))
 * )
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class CassandraClient extends Context.Service<CassandraClient, Client>()(
  "@effect-cql/cassandra/CassandraClient"
) {}
