import type { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import type { CassandraSession } from "../../src/index.ts"

/** What to open a session to a server with, by an address of it. */
export const optionsOf = (server: CassandraServer["Service"], address: string): CassandraSession.Options => ({
  contactPoints: [address],
  localDataCenter: server.localDataCenter,
  username: server.credentials?.username,
  password: server.credentials?.password,
  closeTimeout: 500
})
