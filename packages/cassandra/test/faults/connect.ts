import type { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import type { CassandraSession } from "../../src/index.ts"

/** Options of a session that connects to one address of a server. */
export const optionsOf = (server: CassandraServer["Service"], address: string): CassandraSession.Options => ({
  contactPoints: [address],
  localDataCenter: server.localDataCenter,
  username: server.credentials?.username,
  password: server.credentials?.password,
  closeTimeout: 500
})
