/**
 * The session of `@effect-cql/core` over cassandra-driver.
 *
 * @since 0.1.0
 */
export { CassandraClient } from "./CassandraClient.ts"
export * as CassandraSession from "./CassandraSession.ts"
