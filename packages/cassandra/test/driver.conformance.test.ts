/**
 * What the adapter uses of the driver beyond its declared types, on the installed driver. A test that fails here names what
 * a release of the driver has changed.
 */
import { assert, describe, it } from "@effect/vitest"
import { auth, Client, errors, ExecutionProfile, policies, types } from "cassandra-driver"
import { Effect, Fiber } from "effect"
import { createRequire } from "node:module"
import { type AddressInfo, createServer } from "node:net"
import {
  contactPointsOf,
  hasRing,
  isConnected,
  isShuttingDown,
  knowsPartitioner,
  localDataCenterOf,
  maxPreparedOf,
  maxVersionOf,
  preparesOnAllHosts,
  setSocketWaits,
  speculativePolicyOf,
  triedHostsOf
} from "../src/internal/driver/client.ts"
import { type DriverConnection, isConnection } from "../src/internal/driver/connection.ts"
import { type ClientOptions, internals } from "../src/internal/driver/driver.ts"
import { errorKind, isSocketError } from "../src/internal/driver/errorKind.ts"
import * as messages from "../src/internal/driver/messages.ts"
import { Overrides } from "../src/internal/driver/override.ts"
import { defaultTimestampsOf, isReconnectionPolicy } from "../src/internal/driver/policies.ts"
import { versionWarning } from "../src/internal/driver/version.ts"
import { optionsFrame } from "../src/internal/protocol/frames.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { int, replicas, text } from "./support/frames.ts"
import { failing, scriptedNode, warning } from "./support/scriptedNode.ts"
import { until } from "./support/until.ts"

const clientTo = (contactPoint: string, options: Partial<ClientOptions> = {}) =>
  new Client({ contactPoints: [contactPoint], localDataCenter: "dc1", ...options })

const closing = (client: Client) => Effect.promise(() => client.shutdown())

/** A client that is connected to a node, and closed with the scope. */
const connected = Effect.fnUntraced(function*(node: CqlNode, options: Partial<ClientOptions> = {}) {
  const client = clientTo(node.address, options)
  yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
  return client
})

/** The error of the only host that was tried. */
const errorOfHost = (error: Error): unknown => Object.values(Object(Reflect.get(error, "innerErrors")))[0]

/** A server that accepts connections, and never answers. */
const silent = Effect.acquireRelease(
  Effect.callback<{ readonly address: string; readonly close: () => void }>((resume) => {
    const tcp = createServer((socket) => socket.on("error", () => {}).resume())
    tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
      const { port } = tcp.address() as AddressInfo
      resume(Effect.succeed({ address: `127.0.0.1:${port}`, close: () => tcp.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const rejection = (promise: () => Promise<unknown>) =>
  Effect.promise(() =>
    promise().then(
      () => assert.fail("the promise was not rejected"),
      (error: unknown) => error instanceof Error ? error : new Error(String(error))
    )
  )

/** Records which of these methods of an object are called. */
const recording = (target: object, names: ReadonlyArray<string>, called: Set<string>) => {
  for (const name of names) {
    const original: (...values: ReadonlyArray<unknown>) => unknown = Reflect.get(target, name)
    Reflect.set(target, name, (...values: ReadonlyArray<unknown>) => {
      called.add(name)
      return Reflect.apply(original, target, values)
    })
  }
}

/** Whether an object has all of these methods. */
const hasMethods = (target: object, ...names: ReadonlyArray<string>) => {
  for (const name of names) assert.strictEqual(typeof Reflect.get(target, name), "function", name)
}

describe("the release of the driver", () => {
  it("is the one that the adapter was tested with", () => {
    assert.isUndefined(versionWarning(new Set()))
    const { version } = createRequire(import.meta.url)("cassandra-driver/package.json")
    assert.match(version, /^4\.10\./)
  })

  it("is named beside the tested one in the warning for another", () => {
    const warning = versionWarning(new Set(), "4.11.2") ?? ""
    assert.include(warning, "4.11.2")
    assert.include(warning, "4.10")
    assert.include(versionWarning(new Set(["setPeersInfo"]), "4.10.1") ?? "", "setPeersInfo")
  })
})

describe("a client of the driver", () => {
  it.live("knows whether it is connected, and whether it was shut down", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = clientTo(node!.address)
      const states = () => [isConnected(client), isShuttingDown(client)]
      assert.deepStrictEqual(states(), [false, false])
      yield* Effect.promise(() => client.connect())
      assert.deepStrictEqual(states(), [true, false])
      yield* closing(client)
      assert.deepStrictEqual(states(), [false, true])
    }).pipe(Effect.scoped))

  it.live("keeps the options that it was made with, and adds defaults", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const given = clientTo(node!.address, {
        encoding: { map: Map },
        maxPrepared: 5,
        prepareOnAllHosts: false,
        protocolOptions: { maxVersion: 4 },
        queryOptions: { fetchSize: 7 }
      })
      assert.deepStrictEqual(contactPointsOf(given), [node!.address])
      assert.strictEqual(localDataCenterOf(given), "dc1")
      assert.strictEqual(maxPreparedOf(given), 5)
      assert.isFalse(preparesOnAllHosts(given))
      assert.strictEqual(maxVersionOf(given), 4)
      assert.strictEqual(internals(given).options.encoding.map, Map)
      assert.strictEqual(internals(given).options.queryOptions?.fetchSize, 7)
      const client = clientTo(node!.address)
      assert.strictEqual(maxPreparedOf(client), 500)
      assert.isTrue(preparesOnAllHosts(client))
      assert.strictEqual(maxVersionOf(client), 0)
      const { options } = internals(client)
      assert.isUndefined(options.pooling.maxRequestsPerConnection)
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      assert.strictEqual(options.pooling.maxRequestsPerConnection, 2_048)
      assert.strictEqual(options.queryOptions?.consistency, types.consistencies.localOne)
    }).pipe(Effect.scoped))

  it.live("reads its time limit for answers again, once it is connected", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!)
      setSocketWaits(client, { connectTimeout: 5_000, readTimeout: 40 })
      node!.silence({ newOnes: true })
      const error = yield* rejection(() => client.execute("SELECT 1"))
      assert.include(error.message, "did not reply before timeout 40 ms")
    }).pipe(Effect.scoped))

  it.live("reads its time limit for connections again, and lists the hosts that it could not connect to", () =>
    Effect.gen(function*() {
      const { address } = yield* silent
      const client = clientTo(address, { sslOptions: {}, socketOptions: { connectTimeout: 60_000 } })
      assert.deepStrictEqual(triedHostsOf(client), {})
      setSocketWaits(client, { connectTimeout: 40, readTimeout: 5_000 })
      yield* rejection(() => client.connect())
      const [[endpoint, error] = []] = Object.entries(triedHostsOf(client))
      assert.strictEqual(endpoint, address)
      assert.strictEqual(Reflect.get(Object(error), "message"), messages.connectionTimeout)
      yield* closing(client)
    }).pipe(Effect.scoped))

  it.live("learns the partitioner and the ring of its cluster, and the replication of its keyspaces by a method", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({ tokens: ["17"] })
      const client = clientTo(node!.address)
      const { metadata } = internals(client)
      assert.isFalse(hasRing(client))
      assert.isFalse(knowsPartitioner(metadata))
      const first = metadata._schemaParser
      const overrides = new Overrides()
      const called: Array<unknown> = []
      overrides.method(metadata, "setCassandraVersion", (original) => (version) => {
        original(version)
        called.push(version)
        overrides.method(metadata._schemaParser!, "_parseKeyspace", (original) => (row, virtual) => {
          called.push(Reflect.get(Object(row.replication), "class"))
          return original(row, virtual)
        })
      })
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      assert.isTrue(hasRing(client))
      assert.isTrue(knowsPartitioner(metadata))
      assert.deepStrictEqual(Array.from(metadata.ring ?? [], String), ["17"])
      assert.notStrictEqual(metadata._schemaParser, first)
      assert.match(String(called[0]), /^\d+,/)
      assert.include(String(called[1]), "SimpleStrategy")
      assert.deepStrictEqual(Object.keys(metadata.keyspaces), ["app"])
      assert.strictEqual(overrides.missing.size, 0)
    }).pipe(Effect.scoped))

  it.live("opens its pools by a method of its own, and logs as a method of itself", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const lines: Array<unknown> = []
      const client = clientTo(node!.address, {
        logEmitter(event, level, className, message, further) {
          if (this === client) lines.push([event, level, className, message, further])
        }
      })
      const inner = internals(client)
      let warmups = 0
      new Overrides().method(inner, "_warmup", () => () => Promise.resolve(warmups++))
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      assert.strictEqual(warmups, 1)
      lines.length = 0
      inner.log("warning", "a line", 7)
      assert.deepStrictEqual(lines, [["log", "warning", "Client", "a line", 7]])
    }).pipe(Effect.scoped))

  it.live("finds profiles by their names, and distances by their policies", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const profiles = [new ExecutionProfile("fast", { consistency: types.consistencies.one })]
      const client = yield* connected(node!, { profiles })
      const { profileManager } = internals(client)
      assert.strictEqual(profileManager.getProfile(undefined)?.name, "default")
      assert.strictEqual(profileManager.getProfile("fast")?.consistency, types.consistencies.one)
      assert.isUndefined(profileManager.getProfile("slow"))
      hasMethods(profileManager.getProfile("fast")!.loadBalancing, "newQueryPlan")
      assert.strictEqual(profileManager.getDistance(client.hosts.values()[0]!), types.distance.local)
    }).pipe(Effect.scoped))

  it.live("asks its speculative-execution policy by keyspace, text and host", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const asked: Array<unknown> = []
      const speculativeExecution = new policies.speculativeExecution.NoSpeculativeExecutionPolicy()
      const client = yield* connected(node!, { policies: { speculativeExecution } })
      assert.strictEqual<unknown>(speculativePolicyOf(client), speculativeExecution)
      Object.assign(speculativeExecution, {
        newPlan: (keyspace: unknown, text: unknown) => {
          asked.push(keyspace, text)
          return { nextExecution: (host: types.Row) => asked.push(host["address"]) - 100 }
        }
      })
      yield* Effect.promise(() => client.execute("SELECT 1", [], { isIdempotent: true }))
      assert.deepStrictEqual(asked, [undefined, "SELECT 1", node!.address])
    }).pipe(Effect.scoped))

  it.live("takes the timestamps of its requests from the generator that it makes by default", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const client = clientTo(node.address, { localDataCenter: "datacenter1" })
      const generator = defaultTimestampsOf(client)
      if (generator === undefined) return assert.fail("the default generator was not found")
      assert.isAbove(Number(generator.next()), 1_000_000_000_000_000)
      generator.next = () => 1_234_567
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      yield* Effect.promise(() => client.execute("SELECT 1"))
      const [request] = node.requests
      assert.strictEqual(request?._tag === "Query" ? request.parameters.timestamp : undefined, 1_234_567n)
    }).pipe(Effect.scoped))

  it("has a generator that is not the default one, if the user derived it or gave none", () => {
    class Mine extends policies.timestampGeneration.MonotonicTimestampGenerator {}
    const timestampsOf = (timestampGeneration: unknown) =>
      defaultTimestampsOf(clientTo("127.0.0.1", { policies: Object({ timestampGeneration }) }))
    assert.isUndefined(timestampsOf(new Mine(0, 0)))
    assert.isUndefined(timestampsOf(null))
    const given = new policies.timestampGeneration.MonotonicTimestampGenerator(0, 0)
    assert.strictEqual<unknown>(timestampsOf(given), given)
  })

  it.live("calls the methods of its control connection that the adapter replaces", () =>
    Effect.gen(function*() {
      const [node, other] = yield* cqlNodes({}, {})
      const client = clientTo(node!.address, { refreshSchemaDelay: 1 })
      const control = internals(client).controlConnection
      const called = new Set<string>()
      const names = [
        "_parseContactPoint",
        "_borrowFirstConnection",
        "_createConnection",
        "_setLocalInfo",
        "setPeersInfo",
        "getAddressForPeerHost",
        "_nodeStatusChangeHandler",
        "_refresh",
        "_refreshControlConnection"
      ]
      recording(control, names, called)
      const translated: Array<unknown> = []
      const { _addressTranslator: translator } = control
      control._addressTranslator = {
        translate: (address, port, callback) => {
          translated.push(address)
          translator.translate(address, port, callback)
        }
      }
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      assert.deepStrictEqual(Array.from(called), names.slice(0, 6))
      assert.deepStrictEqual(translated, [other!.host])
      assert.strictEqual(control.host, client.hosts.get(node!.address))
      node!.emit("STATUS_CHANGE", "UP", other!)
      yield* until("the second translation", () => translated.length > 1)
      assert.deepStrictEqual(translated, [other!.host, other!.host])
      node!.peers = []
      yield* Effect.promise(() => control._scheduleRefreshHosts!())
      assert.strictEqual(client.hosts.length, 1)
      node!.cut()
      yield* until("a call of every method", () => called.size === names.length)
      assert.deepStrictEqual(Array.from(called), names)
    }).pipe(Effect.scoped))
})

describe("a connection of the driver", () => {
  it.live("logs its first step as a method of its own, before it connects, with what the adapter replaces", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const seen = new Set<DriverConnection>()
      let before = false
      const client = yield* connected(node!, {
        logEmitter(_, level) {
          if (level !== "info" || !isConnection(this)) return
          before ||= seen.size === 0 && this.netClient === undefined
          seen.add(this)
        }
      })
      assert.isTrue(before)
      assert.isAbove(seen.size, 0)
      for (const connection of seen) {
        hasMethods(
          connection,
          "bindSocketListeners",
          "connectionReady",
          "errorConnecting",
          "startAuthenticating",
          "_idleTimeoutHandler",
          "getInFlight",
          "clearAndInvokePending",
          "freeStreamId",
          "sendStream",
          "send",
          "close"
        )
        hasMethods(Object(connection.writeQueue), "setWriteError")
        assert.strictEqual(connection.endpoint, node!.address)
        assert.isTrue(connection.connected)
        assert.isTrue(connection.isSocketOpen)
        assert.isAbove(connection.options?.socketOptions.connectTimeout ?? 0, 0)
        assert.isAbove(connection.netClient?.bytesRead ?? 0, 0)
        assert.strictEqual(Reflect.get(Object(connection._operations), "size"), 0)
        assert.strictEqual(typeof connection.protocol?.on, "function")
        assert.strictEqual(typeof connection.parser?.on, "function")
      }
      assert.strictEqual(internals(client).controlConnection.connection, Array.from(seen)[0])
    }).pipe(Effect.scoped))

  it.live("calls its methods that the adapter replaces", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      node!.login = (token) => token === "\0user\0secret"
      const names = [
        "bindSocketListeners",
        "sendStream",
        "freeStreamId",
        "startAuthenticating",
        "authenticate",
        "connectionReady",
        "errorConnecting"
      ]
      const called = new Set<string>()
      const client = (password: string) =>
        clientTo(node!.address, {
          authProvider: new auth.PlainTextAuthProvider("user", password),
          logEmitter(_, level) {
            if (level === "info" && isConnection(this) && this.netClient === undefined) recording(this, names, called)
          }
        })
      const accepted = client("secret")
      yield* Effect.promise(() => accepted.connect())
      assert.deepStrictEqual(Array.from(called).sort(), names.slice(0, 6).sort())
      yield* closing(accepted)
      const refused = client("other")
      yield* rejection(() => refused.connect())
      yield* closing(refused)
      assert.isTrue(called.has("errorConnecting"))
    }).pipe(Effect.scoped))

  it.live("leaves the pool of its host after too many timeouts, or where it is removed", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!, { socketOptions: { defunctReadTimeoutThreshold: 2 } })
      const host: object = client.hosts.values()[0]!
      const call = (name: string, ...values: ReadonlyArray<unknown>): unknown =>
        Reflect.apply(Reflect.get(host, name), host, values)
      const { connection } = internals(client).controlConnection
      const open = () => client.getState().getOpenConnections(client.hosts.values()[0]!)
      assert.strictEqual<unknown>(call("borrowConnection"), connection)
      assert.strictEqual(call("getInFlight"), 0)
      connection!.timedOutOperations = 2
      call("checkHealth", connection)
      assert.strictEqual(open(), 1)
      connection!.timedOutOperations = 3
      call("checkHealth", connection)
      assert.strictEqual(open(), 0)
      yield* Effect.promise(() => Promise.resolve(call("warmupPool", undefined)))
      assert.strictEqual(open(), 1)
      call("removeFromPool", call("borrowConnection"))
      assert.strictEqual(open(), 0)
      yield* Effect.promise(() => Promise.resolve(call("shutdown", false)))
    }).pipe(Effect.scoped))

  it.live("has operations that can be timed out", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const { connection } = internals(yield* connected(node!)).controlConnection
      const request = { length: 9, write: (_: unknown, stream: number) => optionsFrame({ version: 4, stream }) }
      const options = { getReadTimeout: () => 0, getRowCallback: () => undefined }
      const ended: Array<unknown> = []
      const operation = connection?.sendStream(request, options, (error) => ended.push(error))
      const late: Array<unknown> = []
      const error = new Error("too late")
      Reflect.apply(Reflect.get(Object(operation), "_markAsTimedOut"), operation, [error, () => late.push(error)])
      assert.deepStrictEqual([ended, late], [[error], []])
      yield* Effect.sleep("200 millis")
      assert.deepStrictEqual([ended, late], [[error], [error]])
      assert.strictEqual(connection?.getInFlight(), 0)
    }).pipe(Effect.scoped))

  it.live("keeps the stream of a request until its answer comes, also of one that has timed out or was cancelled", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const freed: Array<number> = []
      const seen = new Set<DriverConnection>()
      yield* connected(node!, {
        logEmitter(_, level) {
          if (level !== "info" || !isConnection(this) || this.netClient !== undefined) return
          seen.add(this)
          const free = this.freeStreamId?.bind(this)
          // Taken when the connection opens.
          this.freeStreamId = (header) => {
            freed.push(header.streamId)
            const isKept = Reflect.apply(Reflect.get(Object(this._operations), "has"), this._operations, [
              header.streamId
            ])
            assert.isTrue(header.streamId < 0 || isKept)
            free?.(header)
          }
        }
      })
      const request = { length: 9, write: (_: unknown, stream: number) => optionsFrame({ version: 4, stream }) }
      const options = { getReadTimeout: () => 0, getRowCallback: () => undefined }
      const before = freed.length
      for (const end of ["_markAsTimedOut", "cancel"]) {
        const operation = Array.from(seen).at(-1)!.sendStream(request, options, () => {})
        // Written at the end of the tick.
        yield* Effect.promise(() => new Promise((resolve) => process.nextTick(resolve)))
        Reflect.apply(Reflect.get(Object(operation), end), operation, [new Error("too late"), () => {}])
      }
      yield* Effect.sleep("200 millis")
      assert.strictEqual(freed.length, before + 2)
    }).pipe(Effect.scoped))

  it.live("answers a heartbeat that is asked for", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!)
      const { connection } = internals(client).controlConnection
      const before = connection?.netClient?.bytesRead ?? 0
      connection?._idleTimeoutHandler?.()
      yield* Effect.sleep("200 millis")
      assert.isAbove(connection?.netClient?.bytesRead ?? 0, before)
      assert.strictEqual(connection?.getInFlight(), 0)
    }).pipe(Effect.scoped))
})

describe("the control connection", () => {
  it.live("has what the adapter replaces and calls", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({}, {})
      const client = yield* connected(node!)
      const inner = internals(client)
      const control = inner.controlConnection
      hasMethods(
        control,
        "_parseContactPoint",
        "_addContactPoint",
        "_createConnection",
        "_borrowFirstConnection",
        "_refresh",
        "_refreshControlConnection",
        "_setLocalInfo",
        "_nodeTopologyChangeHandler",
        "setPeersInfo",
        "getAddressForPeerHost",
        "_nodeStatusChangeHandler",
        "_scheduleRefreshHosts",
        "query",
        "emit"
      )
      assert.isTrue(control.initialized)
      assert.isFalse(control._isShuttingDown)
      assert.deepStrictEqual(Array.from(control._contactPoints), [node!.address])
      hasMethods(control._reconnectionSchedule, "next")
      hasMethods(control._profileManager.getDefaultLoadBalancing(), "newQueryPlan")
      hasMethods(control._addressTranslator, "translate")
      hasMethods(inner, "_warmup")
      hasMethods(inner.profileManager, "getDistance")
      hasMethods(control.metadata, "buildTokens", "setCassandraVersion")
      hasMethods(Reflect.get(control.metadata, "_schemaParser"), "_parseKeyspace")
      for (const host of client.hosts.values()) hasMethods(host, "shutdown", "warmupPool", "initializePool")
      assert.deepStrictEqual(typeof inner.options.socketOptions.readTimeout, "number")
    }).pipe(Effect.scoped))

  it.live("asks on the connection of its `this`", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!)
      const { connection, query } = internals(client).controlConnection
      const asked = { connection, _isShuttingDown: false }
      const { rows } = yield* Effect.promise(() =>
        query!.call(asked, "SELECT * FROM system.local WHERE key='local'", false)
      )
      assert.strictEqual(String(rows?.[0]?.["host_id"]), node!.hostId)
    }).pipe(Effect.scoped))

  it.live("computes the replicas of a keyspace anew when they are dropped", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!)
      const { metadata } = internals(client)
      assert.isUndefined(metadata.keyspaces["app"]?.replicas)
      const token = metadata.newToken(Buffer.from("a"))
      metadata.getReplicas("app", token)
      assert.isDefined(metadata.keyspaces["app"]?.replicas)
    }).pipe(Effect.scoped))
})

describe("the texts of the driver", () => {
  it.live("of a client that was shut down", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = clientTo(node!.address)
      yield* Effect.promise(() => client.connect())
      yield* closing(client)
      const error = yield* rejection(() => client.connect())
      assert.include(error.message, messages.shutDown)
      assert.isNull(Reflect.get(error, "innerErrors"))
    }).pipe(Effect.scoped))

  it.live("of a data centre that is not there", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = clientTo(node!.address, { localDataCenter: "elsewhere" })
      const error = yield* rejection(() => client.connect())
      yield* closing(client)
      const inner: unknown = Object.values(Object(Reflect.get(error, "innerErrors")))[0]
      assert.strictEqual(messages.dataCenters.exec(inner instanceof Error ? inner.message : "")?.[1], "dc1")
    }).pipe(Effect.scoped))

  it.live("of a host without a connection, and of one that is busy", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const client = yield* connected(node!, { pooling: { maxRequestsPerConnection: 1 } })
      node!.silence({ newOnes: true })
      client.execute("SELECT 1").catch(() => {})
      yield* Effect.sleep("50 millis")
      const busy = yield* rejection(() => client.execute("SELECT 1"))
      const [inner] = Object.values(Object(Reflect.get(busy, "innerErrors")))
      const error = inner instanceof Error ? inner : busy
      assert.strictEqual(messages.busy.exec(error.message)?.[1], node!.address)
      const host = client.hosts.values()[0]!
      Reflect.set(Reflect.get(host, "pool"), "connections", [])
      assert.throws(() => Reflect.apply(Reflect.get(host, "borrowConnection"), host, []), messages.noConnection)
    }).pipe(Effect.scoped))

  it.live("of a host that does not accept a connection in time", () =>
    Effect.gen(function*() {
      const { address } = yield* silent
      const client = clientTo(address, { sslOptions: {}, socketOptions: { connectTimeout: 40 } })
      const inner = errorOfHost(yield* rejection(() => client.connect()))
      yield* closing(client)
      assert.strictEqual(inner instanceof Error ? inner.message : "", messages.connectionTimeout)
    }).pipe(Effect.scoped))

  it.live("of a warning of the server, which it logs with the query", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const lines: Array<string> = []
      const client = clientTo(node.address, {
        localDataCenter: "datacenter1",
        logEmitter: (_, level, __, message) => {
          if (level === "warning") lines.push(String(message))
        }
      })
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      node.reply(() => warning("too \"many\"\ntombstones", "old"))
      yield* Effect.promise(() => client.execute("SELECT 1"))
      assert.deepStrictEqual(lines.map((line) => messages.serverWarning.exec(line)?.slice(1)), [
        ["Received warning (1 of 2) \"", "too \"many\"\ntombstones", "\" for \"SELECT 1\""],
        ["Received warning (2 of 2) \"", "old", "\" for \"SELECT 1\""]
      ])
    }).pipe(Effect.scoped))

  it("of options that its constructor refuses", () => {
    const refusal = (options: object) => {
      try {
        return messages.refusedOption(String(clientTo("127.0.0.1", options)))
      } catch (error) {
        return messages.refusedOption(error instanceof Error ? error.message : "")
      }
    }
    assert.strictEqual(refusal({ policies: { loadBalancing: {} } }), "policies.loadBalancing")
    assert.strictEqual(refusal({ policies: { timestampGeneration: {} } }), "policies.timestampGeneration")
    assert.strictEqual(refusal({ authProvider: {} }), "authProvider")
    assert.strictEqual(refusal({ id: "me" }), "id")
  })
})

describe("the errors of the driver", () => {
  const all: ReadonlyArray<readonly [kind: string, error: Error]> = [
    ["ResponseError", new errors.ResponseError(0, "")],
    ["NoHostAvailableError", new errors.NoHostAvailableError({})],
    ["OperationTimedOutError", new errors.OperationTimedOutError("")],
    ["BusyConnectionError", new errors.BusyConnectionError("", 1, 1)],
    ["AuthenticationError", new errors.AuthenticationError("")],
    ["ArgumentError", new errors.ArgumentError("")],
    ["DriverInternalError", new errors.DriverInternalError("")],
    ["NotSupportedError", new errors.NotSupportedError("")]
  ]
  for (const [kind, error] of all) {
    it(`${kind} is known by its text, as in a minified driver and in another copy`, () => {
      assert.strictEqual(errorKind(error), kind)
      const foreign = Object.assign(new Error(error.message), { name: "aB", info: Reflect.get(error, "info") })
      assert.strictEqual(errorKind(foreign), kind)
    })
  }

  it.live("those of a server have its fields, and the node of the request", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const options = {
        localDataCenter: "datacenter1",
        policies: { retry: new policies.retry.FallthroughRetryPolicy() }
      }
      const client = clientTo(node.address, options)
      yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
      const fields = (error: Error, ...names: ReadonlyArray<string>) => names.map((name) => Reflect.get(error, name))
      const answered = (code: number, ...bytes: ReadonlyArray<Buffer>) => {
        node.reply(() => failing(code, ...bytes))
        return rejection(() => client.execute("SELECT 1"))
      }
      const few = replicas({ consistency: "QUORUM", received: 1, blockFor: 2 })
      const unavailable = yield* answered(0x1000, Buffer.from([0, 4]), int(2), int(1))
      assert.deepStrictEqual(fields(unavailable, "code", "coordinator"), [0x1000, node.address])
      assert.deepStrictEqual(fields(unavailable, "consistencies", "required", "alive"), [4, 2, 1])
      const write = yield* answered(0x1500, few, int(1), text("BATCH"))
      assert.deepStrictEqual(fields(write, "received", "blockFor", "failures", "writeType"), [1, 2, 1, "BATCH"])
      const read = yield* answered(0x1200, few, Buffer.of(1))
      assert.deepStrictEqual(fields(read, "consistencies", "isDataPresent"), [4, 1])
      const exists = yield* answered(0x2400, text("app"), text("t"))
      assert.deepStrictEqual(fields(exists, "keyspace", "table"), ["app", "t"])
      const failed = yield* answered(0x1400, text("app"), text("f"), Buffer.from([0, 1]), text("int"))
      assert.deepStrictEqual(fields(failed, "keyspace", "functionName", "argTypes"), ["app", "f", ["int"]])
    }).pipe(Effect.scoped))

  it.live("those of a socket that was closed are marked, and whether the request was written", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const { connection } = internals(yield* connected(node!)).controlConnection
      const request = { length: 9, write: (_: unknown, stream: number) => optionsFrame({ version: 4, stream }) }
      const sent = () =>
        Effect.callback<unknown>((resume) => {
          connection!.sendStream(request, null, (error) => resume(Effect.succeed(error)))
        })
      node!.silence({ newOnes: true })
      const written = yield* Effect.forkChild(sent(), { startImmediately: true })
      yield* Effect.sleep("200 millis")
      node!.cut()
      const lost = yield* Fiber.join(written)
      assert.isTrue(isSocketError(lost))
      assert.isUndefined(Reflect.get(Object(lost), "requestNotWritten"))
      connection!.writeQueue!.setWriteError(new Error("closed"))
      const unsent = yield* sent()
      assert.isTrue(isSocketError(unsent))
      assert.isTrue(Reflect.get(Object(unsent), "requestNotWritten"))
      assert.isFalse(isSocketError(new Error("closed")))
    }).pipe(Effect.scoped))

  it("others are known by their names", () => {
    assert.strictEqual(errorKind(new TypeError("")), "TypeError")
    assert.isUndefined(errorKind("text"))
  })
})

describe("what the driver takes", () => {
  it("a policy of its own classes, by `instanceof`", () => {
    assert.doesNotThrow(() =>
      clientTo("127.0.0.1", { policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(1) } })
    )
    assert.throws(() => clientTo("127.0.0.1", { policies: { reconnection: Object(1) } }))
  })

  it("a reconnection policy that a user derived from its classes, and no other", () => {
    class Mine extends policies.reconnection.ExponentialReconnectionPolicy {}
    assert.isTrue(isReconnectionPolicy(new policies.reconnection.ConstantReconnectionPolicy(1)))
    assert.isTrue(isReconnectionPolicy(new Mine(1, 2)))
    const methods = { newSchedule: () => [1].values(), getOptions: () => new Map() }
    assert.isFalse(isReconnectionPolicy(methods))
    assert.throws(() => clientTo("127.0.0.1", { policies: { reconnection: methods } }))
  })

  it("ignored hosts have the distance 2", () => {
    assert.strictEqual(types.distance.ignored, 2)
  })
})
