/**
 * What the adapter uses of the driver beyond its declared types, on the installed driver. A test that fails here names what
 * a release of the driver has changed.
 */
import { assert, describe, it } from "@effect/vitest"
import { Client, errors, policies, types } from "cassandra-driver"
import { Effect } from "effect"
import { createRequire } from "node:module"
import { type DriverConnection, isConnection } from "../src/internal/driver/connection.ts"
import { type ClientOptions, internals } from "../src/internal/driver/driver.ts"
import { errorKind } from "../src/internal/driver/errorKind.ts"
import * as messages from "../src/internal/driver/messages.ts"
import { versionWarning } from "../src/internal/driver/version.ts"
import { optionsFrame } from "../src/internal/protocol/frames.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"

const clientTo = (contactPoint: string, options: Partial<ClientOptions> = {}) =>
  new Client({ contactPoints: [contactPoint], localDataCenter: "dc1", ...options })

const closing = (client: Client) => Effect.promise(() => client.shutdown())

/** A client that is connected to a node, and closed with the scope. */
const connected = Effect.fnUntraced(function*(node: CqlNode, options: Partial<ClientOptions> = {}) {
  const client = clientTo(node.address, options)
  yield* Effect.acquireRelease(Effect.promise(() => client.connect()), () => closing(client))
  return client
})

const rejection = (promise: () => Promise<unknown>) =>
  Effect.promise(() =>
    promise().then(
      () => assert.fail("the promise was not rejected"),
      (error: unknown) => error instanceof Error ? error : new Error(String(error))
    )
  )

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

  it("ignored hosts have the distance 2", () => {
    assert.strictEqual(types.distance.ignored, 2)
  })
})
