/** Claims of the README about the bare driver and its nodes. If a test fails, the README is out of date. */
import { assert, describe, it } from "@effect/vitest"
import type { Client } from "cassandra-driver"
import { Effect, Schedule } from "effect"
import dns from "node:dns"
import { inspect } from "node:util"
import { bareClient } from "../support/bareClient.ts"
import { CqlNode, cqlNodes } from "../support/cqlNodes.ts"

const write = (client: Client) =>
  Effect.tryPromise(() => client.execute("INSERT INTO app.t (id) VALUES (1)", [], { readTimeout: 300 }))

/** Names as a name service would resolve them; `undefined` is no answer at all. */
const resolving = (addressesOf: (name: string) => ReadonlyArray<string> | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { resolve4, resolve6 } = dns
      const resolve = (of: typeof addressesOf) => (name: string, callback: (error: null, found: object) => void) => {
        const found = of(name)
        if (found !== undefined) callback(null, found)
      }
      Reflect.set(dns, "resolve4", resolve(addressesOf))
      Reflect.set(dns, "resolve6", resolve((name) => addressesOf(name) && []))
      return { resolve4, resolve6 }
    }),
    (own) => Effect.sync(() => Object.assign(dns, own))
  )

describe("the driver alone", () => {
  it.live("does not find nodes at another port than 9042", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      const client = yield* bareClient(first!.address)
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
      const client = yield* bareClient(first!.address, { protocolOptions: { port: first!.port } })
      yield* Effect.forEach(Array.from({ length: 20 }), () => write(client))
      assert.isAbove(stranger.statements.length, 0)
    }).pipe(Effect.scoped))

  it.live("routes by the ring that it saw when it connected", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      first!.peers = []
      const client = yield* bareClient(first!.address, { protocolOptions: { port: first!.port } })
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
      const client = yield* bareClient(node!.address, { pooling: { heartBeatInterval: 500 } })
      node!.silence({ newOnes: false })
      let failed = 0
      for (let index = 0; index < 20; index++) {
        const one = Effect.match(write(client), { onFailure: () => 1, onSuccess: () => 0 })
        failed += yield* one
      }
      assert.strictEqual(failed, 20)
    }).pipe(Effect.scoped), 30_000)

  it.live(
    "tries the addresses of a name one after the other: each that is silent costs all of its time",
    () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {}, {})
        for (const node of nodes) node.silence({ newOnes: true })
        yield* resolving((name) => name === "db.test" ? nodes.map(({ host }) => host) : undefined)
        const begin = performance.now()
        const readTimeout = 500
        yield* Effect.flip(bareClient(`db.test:${nodes[0]!.port}`, { socketOptions: { readTimeout } }))
        assert.isAbove(performance.now() - begin, nodes.length * 0.9 * readTimeout)
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("connects to no address until the name service has answered for every name", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      yield* resolving(() => undefined)
      const connected = yield* Effect.timeoutOption(bareClient([node!.address, "mute.test"]), "2 seconds")
      assert.strictEqual(connected._tag, "None")
      assert.strictEqual(node!.opened, 0)
    }).pipe(Effect.scoped), 30_000)

  it.live(
    "leaves a host with its timer and a connection behind, after outages of all nodes",
    () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        const client = yield* bareClient(node!.address)
        const used = () => client.getState().getOpenConnections(client.hosts.values()[0]!)
        // It depends on which connection is back first.
        const outage = Effect.gen(function*() {
          yield* node!.stop
          yield* Effect.sleep("300 millis")
          yield* node!.start
          yield* Effect.retry(write(client), { schedule: Schedule.spaced("20 millis"), times: 500 })
          yield* Effect.sleep("2 seconds")
          return node!.open > used()
        })
        yield* Effect.repeat(outage, { until: (leaves) => leaves, times: 20 })
        assert.isAbove(node!.open, used())
        yield* Effect.promise(() => client.shutdown())
        yield* Effect.sleep("500 millis")
        assert.isAbove(node!.open, 0)
      }).pipe(Effect.scoped),
    90_000
  )

  it.live("does not name in its errors the login that a node refuses from now on", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      let password = "secret"
      node!.login = (token) => token.endsWith(password)
      const client = yield* bareClient(node!.address, { credentials: { username: "app", password } })
      yield* write(client)
      password = "another"
      node!.cut()
      yield* Effect.sleep("500 millis")
      for (let index = 0; index < 10; index++) {
        const { cause } = yield* Effect.flip(write(client))
        assert.notInclude(inspect(cause, { depth: 9 }), "the password is incorrect")
        yield* Effect.sleep("100 millis")
      }
    }).pipe(Effect.scoped), 30_000)
})
