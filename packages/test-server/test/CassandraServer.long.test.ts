import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { make } from "../src/CassandraServer.ts"
import { type Endpoint, parse } from "../src/internal/endpoint.ts"
import * as Probe from "../src/internal/probe.ts"

const timeout = 300_000

const endpointOf = (contactPoint: string | undefined): Endpoint => {
  const endpoint = contactPoint === undefined ? undefined : parse(contactPoint)
  return endpoint ?? assert.fail(`no contact point: ${contactPoint}`)
}

describe("a server on the JVM", () => {
  it.live("is of the version that was asked for", () =>
    Effect.gen(function*() {
      const server = yield* make({ provider: "jvm", version: "5.0.6" })
      assert.strictEqual(server.version, "5.0.6")
      const [contactPoint] = server.contactPoints
      const environment = ConfigProvider.layer(
        ConfigProvider.fromEnv({ env: { CASSANDRA_CONTACT_POINTS: contactPoint! } })
      )
      const external = (version: string) => make({ provider: "external", version }).pipe(Effect.provide(environment))
      assert.strictEqual((yield* external("5.0")).version, "5.0.6")
      const error = yield* Effect.flip(external("4.1"))
      assert.strictEqual(error._tag, "ServerUnavailable")
      assert.include(error.message, "the server is Cassandra 5.0.6, and 4.1 was asked for")
    }), timeout)

  for (const line of ["4.0", "4.1", "5.0"]) {
    it.live(
      `of release line ${line} takes a login and a certificate, and is its newest version`,
      () =>
        Effect.gen(function*() {
          const server = yield* make({ provider: "jvm", version: line, authentication: true, tls: true })
          const endpoint = endpointOf(server.contactPoints[0])
          assert.isTrue(server.version.startsWith(`${line}.`), server.version)
          const { certificate, credentials } = server
          assert.strictEqual((yield* Probe.probe({ endpoint, certificate, credentials })).version, server.version)
          assert.isTrue((yield* Effect.flip(Probe.probe({ endpoint, certificate }))).refusedLogin)
        }),
      timeout
    )
  }

  it.live("has three nodes that know each other, where that was asked for", () =>
    Effect.gen(function*() {
      const { contactPoints } = yield* make({ provider: "jvm", nodes: 3 })
      assert.strictEqual(contactPoints.length, 3)
      for (const contactPoint of contactPoints) {
        const endpoint = endpointOf(contactPoint)
        const peers = yield* Probe.ask({ endpoint }, "SELECT cast(peer AS text) FROM system.peers_v2")
        const others = contactPoints.filter((other) => other !== contactPoint).map((other) => endpointOf(other).host)
        assert.sameMembers(peers.map(([peer]) => peer), others)
      }
    }), timeout)
})
