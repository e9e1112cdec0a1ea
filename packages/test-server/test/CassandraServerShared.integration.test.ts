import { integration, SharedServerLayer } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraServer } from "../src/CassandraServer.ts"
import { parse } from "../src/internal/endpoint.ts"
import { probe } from "../src/internal/probe.ts"

integration("the server that a run shares", (server) => {
  it.effect("answers, and is what it is said to be", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* CassandraServer).contactPoints, server.contactPoints)
      const endpoint = parse(server.contactPoints[0] ?? "") ?? assert.fail("no contact point")
      const info = yield* probe({ endpoint, credentials: server.credentials })
      assert.strictEqual(info.version, server.version)
    }).pipe(Effect.provide(SharedServerLayer)))
})
