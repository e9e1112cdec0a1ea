import { type CqlError, Session } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Fiber, Layer, Option, Redacted, Schedule, type Scope } from "effect"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { CassandraSession } from "../src/index.ts"
import { cqlNodes } from "./support/cqlNodes.ts"

/** A server that passes each connection to a callback, and keeps the open ones. */
const server = (onConnection: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly address: string; readonly sockets: Set<Socket>; readonly close: () => void }>(
      (resume) => {
        const sockets = new Set<Socket>()
        const tcp = createServer((socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => {})
          onConnection(socket)
        })
        tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
          const { port } = tcp.address() as AddressInfo
          const close = () => {
            tcp.close()
            for (const socket of sockets) socket.destroy()
          }
          resume(Effect.succeed({ address: `127.0.0.1:${port}`, sockets, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

// Reads what comes, and never answers.
const silent = server((socket) => socket.resume())

/** Ends when a socket is closed. */
const closing = (socket: Socket) =>
  Effect.callback<void>((resume) => {
    if (socket.closed) resume(Effect.void)
    else socket.once("close", () => resume(Effect.void))
  })

/** An address at which nothing listens. */
const closedPort = Effect.map(server(() => {}), ({ address, close }) => {
  close()
  return address
})

const connectTo = (contactPoints: ReadonlyArray<string>, options: Partial<CassandraSession.Options> = {}) =>
  CassandraSession.make({ contactPoints, localDataCenter: "dc1", connectTimeout: "500 millis", ...options })

const failure = (effect: Effect.Effect<unknown, CqlError, Scope.Scope>) =>
  Effect.gen(function*() {
    const begin = performance.now()
    const error = yield* Effect.flip(effect)
    const millis = performance.now() - begin
    assert.strictEqual(error.outcome, "NotApplied")
    const { reason } = error
    if (reason._tag !== "ConnectFailed") return assert.fail(reason._tag)
    return { millis, error, reason }
  })

/** Sockets and timers, which keep the process alive. Those of the test runner are included. */
const resources = () =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "Timeout")

/** The resources that an effect leaves behind, once closed sockets, and timers of the test runner, have had a moment. */
const leftBehind = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = resources()
    yield* effect
    const more = Effect.sync(() => {
      const after = resources()
      for (const name of before) {
        const index = after.indexOf(name)
        if (index >= 0) after.splice(index, 1)
      }
      return after
    })
    const schedule = Schedule.spaced("50 millis")
    return yield* Effect.repeat(more, { schedule, times: 20, until: (left) => left.length === 0 })
  })

describe("a cluster that cannot be connected to", () => {
  it.live("closed port: says that nothing listens", () =>
    Effect.gen(function*() {
      const address = yield* closedPort
      const { error, reason } = yield* failure(connectTo([address]))
      assert.strictEqual(reason.hosts.length, 1)
      assert.strictEqual(reason.hosts[0]!.host, address)
      assert.deepInclude(reason.hosts[0]!.reason, { _tag: "ConnectionClosed", written: false })
      assert.include(reason.check, "nothing listens")
      assert.include(error.message, address)
    }))

  it.live("hung server: says so within the connect timeout, and lets go of it", () =>
    Effect.gen(function*() {
      const { address, sockets } = yield* silent
      const { millis, reason } = yield* failure(connectTo([address]))
      assert.isBelow(millis, 600)
      assert.strictEqual(reason.hosts[0]!.reason?._tag, "RequestTimeout")
      assert.include(reason.check, "whether the server hangs")
      yield* Effect.sleep("50 millis")
      assert.strictEqual(sockets.size, 0)
    }))

  it.live("a slow server: says that it answers, and not all in time", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      node!.delay = 90
      const { error, reason } = yield* failure(connectTo([node!.address]))
      assert.include(error.message, "accepted the connection and did not answer all in time")
      assert.include(reason.check, "whether the server hangs or is overloaded")
    }).pipe(Effect.scoped))

  it.live("hung servers, more than there is time for: still within the connect timeout", () =>
    Effect.gen(function*() {
      const servers = yield* Effect.all([silent, silent, silent, silent])
      const { millis, reason } = yield* failure(connectTo(servers.map(({ address }) => address)))
      assert.isBelow(millis, 700)
      assert.include(reason.check, "whether the server hangs")
      yield* Effect.sleep("50 millis")
      assert.strictEqual(servers.reduce((sum, { sockets }) => sum + sockets.size, 0), 0)
    }))

  it.live("a server that ends connections: asks for the port and TLS", () =>
    Effect.gen(function*() {
      const { address } = yield* server((socket) => socket.destroy())
      const { reason } = yield* failure(connectTo([address]))
      assert.include(reason.check, "TLS")
    }))

  it.live("a server without TLS: asks whether it speaks TLS, and not for its certificates", () =>
    Effect.gen(function*() {
      // An error of the protocol, as Cassandra answers the first bytes of TLS.
      const { address } = yield* server((socket) =>
        socket.on("data", () => socket.end(Buffer.from("840000000000000006000000000000", "hex")))
      )
      const { reason } = yield* failure(connectTo([address], { tls: true }))
      assert.strictEqual(reason.check, "whether the server speaks TLS at this port: its answer is not TLS")
      // The messages of OpenSSL end with a line feed.
      assert.notMatch(reason.message, /\n|\\x0a/)
      assert.notMatch(String(reason.hosts[0]?.reason?.message), /\s$/)
    }))

  it.live("hosts of several faults: advises on the one that came furthest", () =>
    Effect.gen(function*() {
      const [closed, hung] = [yield* closedPort, yield* silent]
      const { reason } = yield* failure(connectTo([closed, hung.address]))
      assert.strictEqual(reason.hosts.length, 2)
      assert.include(reason.check, "whether the server hangs")
    }))

  it.live("a name that does not resolve: asks for the names", () =>
    Effect.gen(function*() {
      const { reason } = yield* failure(connectTo(["no-such-host.invalid"], { connectTimeout: "20 seconds" }))
      assert.include(reason.check, "the name service")
    }), 30_000)

  it.live("leaves no sockets and no timers behind", () =>
    Effect.gen(function*() {
      const { address } = yield* silent
      const closed = yield* closedPort
      const left = yield* leftBehind(Effect.scoped(Effect.ignore(connectTo([address, closed]))))
      assert.deepStrictEqual(left, [])
    }))

  it.live("shows no password", () =>
    Effect.gen(function*() {
      const address = yield* closedPort
      const { error } = yield* failure(connectTo([address], { username: "ada", password: Redacted.make("secret") }))
      assert.notInclude(`${error.message}${JSON.stringify(error)}`, "secret")
    }))
})

describe("a session that is released while it connects", () => {
  it.live("lets go at once", () =>
    Effect.gen(function*() {
      const { address, sockets } = yield* silent
      const left = yield* leftBehind(Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.scoped(connectTo([address], { connectTimeout: "1 minute" })))
        yield* Effect.repeat(Effect.sync(() => sockets.size), {
          schedule: Schedule.spaced("5 millis"),
          until: (size) => size === 1
        })
        const begin = performance.now()
        yield* Fiber.interrupt(fiber)
        assert.isBelow(performance.now() - begin, 5_000)
      }))
      assert.deepStrictEqual(left, [])
      // The other end hears of it later.
      yield* Effect.forEach([...sockets], closing, { discard: true })
    }))
})

describe("the configuration", () => {
  const environment = (env: Record<string, string>) =>
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

  it.effect("is read from the environment", () =>
    Effect.gen(function*() {
      const { password, ...options } = yield* CassandraSession.config
      assert.deepStrictEqual(options, {
        contactPoints: ["10.0.0.1", "10.0.0.2:9043"],
        localDataCenter: "dc1",
        keyspace: "app",
        username: "ada"
      })
      assert.strictEqual(password && Redacted.value(password), "secret")
    }).pipe(environment({
      CASSANDRA_CONTACT_POINTS: "10.0.0.1, 10.0.0.2:9043",
      CASSANDRA_LOCAL_DATACENTER: "dc1",
      CASSANDRA_KEYSPACE: "app",
      CASSANDRA_USERNAME: "ada",
      CASSANDRA_PASSWORD: "secret"
    })))

  it.effect("needs no more than contact points and data centre", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* CassandraSession.config, {
        contactPoints: ["10.0.0.1"],
        localDataCenter: "dc1",
        keyspace: undefined,
        username: undefined,
        password: undefined
      })
    }).pipe(environment({
      CASSANDRA_CONTACT_POINTS: "10.0.0.1",
      CASSANDRA_LOCAL_DATACENTER: "dc1",
      CASSANDRA_USERNAME: " "
    })))

  it.effect("that is missing is an error of the configuration", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(CassandraSession.layerConfig())))
      assert.strictEqual(error._tag, "ConfigError")
    }).pipe(environment({})))

  for (const [name, value] of [["CONTACT_POINTS", " , "], ["CONTACT_POINTS", ""], ["KEYSPACE", "a-b"]] as const) {
    it.effect(`whose ${name} is "${value}" is one as well, which names it`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(CassandraSession.layerConfig())))
        assert.strictEqual(error._tag, "ConfigError")
        assert.include(error.message, `CASSANDRA_${name}`)
      }).pipe(environment({
        CASSANDRA_CONTACT_POINTS: "10.0.0.1",
        CASSANDRA_LOCAL_DATACENTER: "dc1",
        [`CASSANDRA_${name}`]: value
      })))
  }

  it.live("gives a layer", () =>
    Effect.gen(function*() {
      const address = yield* closedPort
      const exit = yield* Effect.exit(
        Session.use(() => Effect.void).pipe(
          Effect.provide(CassandraSession.layerConfig()),
          environment({ CASSANDRA_CONTACT_POINTS: address, CASSANDRA_LOCAL_DATACENTER: "dc1" })
        )
      )
      const error = Exit.findErrorOption(exit)
      assert.strictEqual(Option.map(error, (error) => error._tag).pipe(Option.getOrUndefined), "CqlError")
    }))
})
