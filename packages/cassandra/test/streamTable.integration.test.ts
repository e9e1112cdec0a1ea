import { Statement } from "@effect-cql/core"
import { SessionLive } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraClient } from "../src/index.ts"
import { StreamTable } from "../src/internal/driver/streamTable.ts"

const at = (value: unknown, name: string): unknown => Reflect.get(Object(value), name)

layer(SessionLive, { excludeTestServices: true })("a connection of a session", (it) => {
  // The driver does not declare where it keeps them: another release may put an end to this without a word.
  it.effect("keeps the requests in flight in a table of streams", () =>
    Effect.gen(function*() {
      yield* Statement.make("SELECT release_version FROM system.local")
      const hosts = (yield* CassandraClient).getState().getConnectedHosts()
      const connections = hosts.flatMap((host) => Array.from(Object(at(at(host, "pool"), "connections"))))
      assert.isAbove(connections.length, 0)
      for (const connection of connections) assert.instanceOf(at(connection, "_operations"), StreamTable)
    }))
})
