/** What the README says of the driver alone. A test that fails here means that the README is out of date. */
import { assert, describe, it } from "@effect/vitest"
import { Client } from "cassandra-driver"
import { Effect, Schedule } from "effect"
import { CqlNode, cqlNodes } from "./support/cqlNodes.ts"

const connected = (contactPoint: string, options: object = {}) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({ contactPoints: [contactPoint], localDataCenter: "dc1", ...options })
      await client.connect()
      return client
    }),
    (client) => Effect.ignore(Effect.tryPromise(() => client.shutdown()).pipe(Effect.timeoutOption("1 second")))
  )

const write = (client: Client) =>
  Effect.tryPromise(() => client.execute("INSERT INTO app.t (id) VALUES (1)", [], { readTimeout: 300 }))

describe("the driver alone", () => {
  it.live("does not find nodes at another port than 9042", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      const client = yield* connected(first!.address)
      yield* Effect.forEach(Array.from({ length: 20 }), () => write(client))
      assert.strictEqual(first!.statements.length, 20)
      assert.strictEqual(second!.statements.length, 0)
    }).pipe(Effect.scoped))

  it.live("writes to a node of another cluster at an address of this one", () =>
    Effect.gen(function*() {
      const [first] = yield* cqlNodes({})
      const stranger = new CqlNode(1, {
        port: first!.port,
        clusterName: "elsewhere",
        hostId: `6${first!.hostId.slice(1)}`
      })
      yield* Effect.acquireRelease(stranger.start, () => stranger.stop)
      first!.peers = [new CqlNode(1, { port: first!.port })]
      const client = yield* connected(first!.address, { protocolOptions: { port: first!.port } })
      yield* Effect.forEach(Array.from({ length: 20 }), () => write(client))
      assert.isAbove(stranger.statements.length, 0)
    }).pipe(Effect.scoped))

  it.live("routes by the ring that it saw when it connected", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      first!.peers = []
      const client = yield* connected(first!.address, { protocolOptions: { port: first!.port } })
      first!.peers = [second!]
      first!.emit("TOPOLOGY_CHANGE", "NEW_NODE", second!)
      yield* Effect.repeat(Effect.sync(() => client.hosts.length), {
        schedule: Schedule.spaced("50 millis"),
        until: (hosts) => hosts === 2,
        times: 200
      })
      yield* Effect.sleep("2 seconds")
      assert.strictEqual(client.metadata.getTokenRanges().size, 1)
    }).pipe(Effect.scoped), 30_000)

  it.live("keeps a connection that answers nothing for as long as it is used", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!.address, { pooling: { heartBeatInterval: 500 } })
      node!.silence({ newOnes: false })
      let failed = 0
      for (let index = 0; index < 20; index++) {
        const one = Effect.match(write(client), { onFailure: () => 1, onSuccess: () => 0 })
        failed += yield* one
      }
      assert.strictEqual(failed, 20)
    }).pipe(Effect.scoped), 30_000)
})
