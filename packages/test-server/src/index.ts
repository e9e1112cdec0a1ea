/**
 * Servers for tests: a real Cassandra, and scripted clusters.
 *
 * @since 0.1.0
 */
export * as CassandraServer from "./CassandraServer.ts"
export * as Simulacron from "./Simulacron.ts"
