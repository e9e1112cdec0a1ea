import { type CqlError, InvalidOptions, Reason } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Client, type DseClientOptions, ExecutionProfile, policies, types } from "cassandra-driver"
import { Cause, Effect, Exit, Fiber, Redacted, Ref, Schedule } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { rootCertificates } from "node:tls"
import { inspect } from "node:util"
import { CassandraSession } from "../src/index.ts"
import { toClientOptions } from "../src/internal/client/clientOptions.ts"
import { parseContactPoint, withBrackets } from "../src/internal/driver/address.ts"
import { cqlNodes } from "./support/cqlNodes.ts"

const base = { contactPoints: ["127.0.0.1:1"], localDataCenter: "dc1" }
const log = () => {}

/** A new key of a client in PEM, encrypted if a cipher is given. */
const keyIn = (type: "pkcs8", secret?: { readonly cipher: string; readonly passphrase: string }): string =>
  String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type, format: "pem", ...secret }))

/** The error that a session with these options dies with, before it opens a connection. */
const refusal = (options: object) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Effect.scoped(CassandraSession.make({ ...base, ...options })))
    const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    return defect instanceof InvalidOptions ? defect : assert.fail(`not refused: ${String(defect)}`)
  })

describe("contact points", () => {
  const taken: ReadonlyArray<readonly [text: string, host: string, port?: number]> = [
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.1:9142", "10.0.0.1", 9142],
    ["db-1.internal", "db-1.internal"],
    ["cassandra_0.cassandra:9043", "cassandra_0.cassandra", 9043],
    ["bücher.example", "bücher.example"],
    ["::1", "::1"],
    ["0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:1"],
    ["[::1]", "::1"],
    ["[::1]:9042", "::1", 9042],
    ["[fe80::1%eth0]:9042", "fe80::1%eth0", 9042]
  ]
  for (const [text, host, port] of taken) {
    it(`${text} is ${host} with port ${port}`, () => {
      const point = parseContactPoint(text)
      assert.deepStrictEqual([point?.host, point?.port], [host, port])
    })
  }

  const refused = [
    "[::1",
    "[::1]:9042:1",
    "::1]:9042",
    "[10.0.0.1]:9042",
    "[db]",
    "a b",
    "a,b",
    "cql://a",
    "a:b",
    "a:0",
    "a:65536",
    "a:-1",
    "a:9042:1",
    ":9042",
    "a:",
    "",
    " ",
    9042,
    null
  ]
  for (const text of refused) {
    it.effect(`${JSON.stringify(text)} is refused`, () =>
      Effect.gen(function*() {
        const error = yield* refusal({ contactPoints: ["10.0.0.1", text] })
        assert.strictEqual(error.option, "contactPoints[1]")
      }))
  }

  it("with one port for all give it to every node", () => {
    const portOf = (contactPoints: ReadonlyArray<string>, clientOptions = {}) =>
      toClientOptions({ ...base, contactPoints, clientOptions }, log).protocolOptions?.port
    assert.strictEqual(portOf(["10.0.0.1:9142", "10.0.0.2:9142"]), 9142)
    assert.isUndefined(portOf(["10.0.0.1:9142", "10.0.0.2"]))
    assert.isUndefined(portOf(["10.0.0.1:9142", "10.0.0.2:9143"]))
    assert.strictEqual(portOf(["10.0.0.1:9142"], { protocolOptions: { port: 9000 } }), 9000)
  })

  it("of IPv6 are reported in brackets", () => {
    assert.strictEqual(withBrackets("::1:9042"), "[::1]:9042")
    assert.strictEqual(withBrackets("0:0:0:0:0:0:0:1:9042"), "[0:0:0:0:0:0:0:1]:9042")
    assert.strictEqual(withBrackets("[::1]:9042"), "[::1]:9042")
    assert.strictEqual(withBrackets("10.0.0.1:9042"), "10.0.0.1:9042")
  })
})

describe("TLS options of the driver that would verify something else", () => {
  for (
    const name of [
      "servername",
      "checkServerIdentity",
      "secureContext",
      "pskCallback",
      "host",
      "port",
      "socket",
      "path"
    ]
  ) {
    it.effect(`${name} is refused by name`, () =>
      Effect.gen(function*() {
        for (const tls of [true, { ca: rootCertificates[0] }]) {
          const error = yield* refusal({ tls, clientOptions: { sslOptions: { [name]: () => undefined } } })
          assert.strictEqual(error.option, `clientOptions.sslOptions.${name}`)
        }
      }))
  }

  it("others are passed on, and verification stays on", () => {
    const sslOptions = { minVersion: "TLSv1.3", rejectUnauthorized: false, checkServerIdentity: undefined } as const
    const options = toClientOptions({ ...base, tls: true, clientOptions: { sslOptions } }, log)
    assert.deepInclude(options.sslOptions, { minVersion: "TLSv1.3", rejectUnauthorized: true })
  })

  it.effect("certificates are texts, and a flag is a boolean", () =>
    Effect.gen(function*() {
      for (
        const [name, values] of [
          ["ca", [null, 5, [null], Buffer.from("CA")]],
          ["certificate", [null, 5, ""]],
          ["dangerouslyAcceptAnyCertificate", ["true", 1, null]]
        ] as const
      ) {
        for (const value of values) {
          assert.strictEqual((yield* refusal({ tls: { [name]: value } })).option, `tls.${name}`)
        }
      }
    }))

  it.effect("a certificate or a key that cannot be read is refused by the name of its option, and not shown", () =>
    Effect.gen(function*() {
      const [certificate = ""] = rootCertificates
      const pem = "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"
      const key = keyIn("pkcs8")
      const encrypted = keyIn("pkcs8", { cipher: "aes-256-cbc", passphrase: "open" })
      const unreadable: ReadonlyArray<readonly [option: string, tls: object]> = [
        ["ca", { ca: "s3cret" }],
        ["ca", { ca: "" }],
        ["ca", { ca: [certificate, "s3cret"] }],
        ["certificate", { certificate: "s3cret" }],
        ["privateKey", { privateKey: Redacted.make("s3cret") }],
        ["privateKey", { privateKey: Redacted.make("") }],
        ["privateKey", { privateKey: Redacted.make(pem) }],
        ["privateKey", { privateKey: Redacted.make(encrypted) }],
        ["privateKey", { certificate, privateKey: Redacted.make(key) }]
      ]
      for (const [name, tls] of unreadable) {
        const error = yield* refusal({ tls })
        assert.strictEqual(error.option, `tls.${name}`)
        assert.notMatch(inspect(error, { depth: 9 }) + JSON.stringify(error), /s3cret|BEGIN/)
      }
      const privateKey = Redacted.make(encrypted)
      const clientOptions = { sslOptions: { passphrase: "open" } }
      toClientOptions({ ...base, tls: { ca: [certificate, certificate], privateKey }, clientOptions }, log)
    }))

  it.effect("a server name is a text or a function", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* refusal({ tls: { serverName: 1 } })).option, "tls.serverName")
    }))

  it("a server name that fails for an address refuses its node, and throws nothing", () => {
    const serverName = (address: string): string => {
      throw new TypeError(`no name for ${address}`)
    }
    const { sslOptions } = toClientOptions({ ...base, tls: { serverName } }, log)
    const check: unknown = Reflect.get(Object(sslOptions), "checkServerIdentity")
    if (typeof check !== "function") return assert.fail("nothing is checked")
    const refused: unknown = check("10.0.0.7", { subjectaltname: "DNS:db1" })
    assert.match(String(refused), /tls\.serverName failed for 10\.0\.0\.7: TypeError: no name for 10\.0\.0\.7/)
  })
})

describe("options that do not exist", () => {
  const misspelt: ReadonlyArray<readonly [option: string, options: object, nearest: string]> = [
    ["contactPoint", { contactPoint: "127.0.0.1" }, "contactPoints"],
    ["localDatacentre", { localDatacentre: "dc1" }, "localDataCenter"],
    ["requestTimout", { requestTimout: "1 second" }, "requestTimeout"],
    ["pooling.connectionPerHost", { pooling: { connectionPerHost: 2 } }, "connectionsPerHost"],
    ["pooling.heartBeatInterval", { pooling: { heartBeatInterval: 1_000 } }, "heartbeatInterval"],
    ["defaults.consistancy", { defaults: { consistancy: "ONE" } }, "consistency"],
    ["tls.serverNames", { tls: { serverNames: ["db"] } }, "serverName"],
    ["clientOptions.maxPrepare", { clientOptions: { maxPrepare: 5 } }, "maxPrepared"],
    ["clientOptions.socketOption", { clientOptions: { socketOption: {} } }, "socketOptions"],
    ["clientOptions.policies.reconection", { clientOptions: { policies: { reconection: {} } } }, "reconnection"],
    [
      "clientOptions.pooling.heartbeatInterval",
      { clientOptions: { pooling: { heartbeatInterval: 1 } } },
      "heartBeatInterval"
    ],
    ["clientOptions.socketOptions.keepalive", { clientOptions: { socketOptions: { keepalive: true } } }, "keepAlive"],
    [
      "clientOptions.socketOptions.readTimeOut",
      { clientOptions: { socketOptions: { readTimeOut: 5 } } },
      "readTimeout"
    ],
    ["clientOptions.protocolOptions.ports", { clientOptions: { protocolOptions: { ports: 9042 } } }, "port"],
    ["clientOptions.queryOptions.fetchsize", { clientOptions: { queryOptions: { fetchsize: 5 } } }, "fetchSize"],
    ["clientOptions.encoding.maps", { clientOptions: { encoding: { maps: Map } } }, "map"],
    ["clientOptions.monitorReporting.enable", { clientOptions: { monitorReporting: { enable: false } } }, "enabled"]
  ]
  for (const [option, options, nearest] of misspelt) {
    it.effect(`${option} is refused, and the nearest named`, () =>
      Effect.gen(function*() {
        const refused = yield* refusal(options)
        assert.strictEqual(refused.option, option)
        assert.include(refused.message, `the nearest is ${nearest})`)
      }))
  }

  it.effect("are refused of a session on a client of the user's", () =>
    Effect.gen(function*() {
      const client = new Client({ contactPoints: ["127.0.0.1:1"], localDataCenter: "dc1" })
      const options = { connectTimeout: 100, requestTimout: "1 second" }
      const exit = yield* Effect.exit(Effect.scoped(CassandraSession.fromClient(client, options)))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.include(String(defect), "the nearest is requestTimeout")
    }))
})

describe("options of the driver that it refuses, or would fail with later", () => {
  const refused: ReadonlyArray<readonly [option: string, clientOptions: object]> = [
    ["cloud", { cloud: { secureConnectBundle: "bundle.zip" } }],
    ["policies.loadBalancing", { policies: { loadBalancing: {} } }],
    ["policies.retry", { policies: { retry: {} } }],
    ["policies.reconnection", { policies: { reconnection: {} } }],
    ["policies.addressResolution", { policies: { addressResolution: {} } }],
    ["protocolOptions.maxVersion", { protocolOptions: { maxVersion: 99 } }],
    ["protocolOptions.port", { protocolOptions: { port: "9042" } }],
    ["socketOptions.connectTimeout", { socketOptions: { connectTimeout: "5s" } }],
    ["socketOptions.readTimeout", { socketOptions: { readTimeout: Number.NaN } }],
    ["socketOptions.coalescingThreshold", { socketOptions: { coalescingThreshold: -1 } }],
    ["pooling.heartBeatInterval", { pooling: { heartBeatInterval: "1 minute" } }],
    ["authProvider", { authProvider: {} }],
    ["metrics", { metrics: {} }],
    ["requestTracker", { requestTracker: {} }],
    ["profiles", { profiles: {} }],
    ["applicationName", { applicationName: 1 }],
    ["id", { id: "me" }],
    ["queryOptions.consistency", { queryOptions: { consistency: "QUORUM" } }],
    ["queryOptions.consistency", { queryOptions: { consistency: 99 } }],
    ["queryOptions.serialConsistency", { queryOptions: { serialConsistency: types.consistencies.quorum } }],
    ["queryOptions.fetchSize", { queryOptions: { fetchSize: "10" } }],
    ["queryOptions.executeAs", { queryOptions: { executeAs: 5 } }],
    ["queryOptions.customPayload", { queryOptions: { customPayload: { key: "text" } } }],
    ["profiles[1].consistency", { profiles: [new ExecutionProfile("a", {}), { name: "b", consistency: "ONE" }] }],
    ["pooling.coreConnectionsPerHost[0]", { pooling: { coreConnectionsPerHost: { 0: "2" } } }],
    ["pooling.coreConnectionsPerHost[0]", { pooling: { coreConnectionsPerHost: { 0: 0 } } }],
    ["pooling.coreConnectionsPerHost", { pooling: { coreConnectionsPerHost: { 3: 1 } } }],
    ["pooling.coreConnectionsPerHost", { pooling: { coreConnectionsPerHost: 2 } }],
    ["profiles", { profiles: [null] }],
    ["policies.speculativeExecution", { policies: { speculativeExecution: {} } }],
    ["keyspace", { keyspace: "a\"b" }]
  ]
  for (const [option, clientOptions] of refused) {
    it.effect(`${option} is refused by name in ${inspect(clientOptions, { depth: 3, breakLength: Infinity })}`, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* refusal({ clientOptions })).option, `clientOptions.${option}`)
      }))
  }

  it.effect("a bundle of a cloud has another way", () =>
    Effect.gen(function*() {
      const error = yield* refusal({ contactPoints: undefined, clientOptions: { cloud: { secureConnectBundle: "b" } } })
      assert.include(error.expected, "fromClient")
    }))

  it("policies of the driver are taken", () => {
    const reconnection = new policies.reconnection.ConstantReconnectionPolicy(10)
    const retry = new policies.retry.FallthroughRetryPolicy()
    const taken = toClientOptions({ ...base, clientOptions: { policies: { reconnection, retry } } }, log).policies
    assert.strictEqual(taken?.retry, retry)
    assert.deepStrictEqual(taken?.reconnection?.newSchedule().next(), { value: 10, done: false })
    assert.deepStrictEqual(taken?.reconnection?.getOptions(), reconnection.getOptions())
  })
})

describe("the first connect", () => {
  it.live("is tried again by its schedule, which sees the error", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<CqlError>>([])
      const connectRetry = Schedule.spaced("1 millis").pipe(
        Schedule.upTo({ times: 2 }),
        Schedule.setInputType<CqlError>(),
        Schedule.tap(({ input }) => Ref.update(seen, (all) => [...all, input]))
      )
      const error = yield* Effect.flip(Effect.scoped(CassandraSession.make({ ...base, connectRetry })))
      assert.strictEqual(error.reason._tag, "ConnectFailed")
      const reasons = (yield* Ref.get(seen)).map(({ reason }) => reason)
      assert.strictEqual(reasons.length, 2)
      assert.isTrue(reasons.every((reason) => reason instanceof Reason.ConnectFailed))
    }))

  for (const connectRetry of [5, null, { times: 3 }, () => true]) {
    it.effect(`is tried again by a schedule only, not by ${inspect(connectRetry)}`, () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* refusal({ connectRetry })).option, "connectRetry")
      }))
  }

  it.live("that is tried again ends when it is interrupted, with nothing behind it", () =>
    Effect.gen(function*() {
      const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
      const connectRetry = Schedule.spaced("1 minute").pipe(Schedule.setInputType<CqlError>())
      const fiber = yield* Effect.forkChild(Effect.scoped(CassandraSession.make({ ...base, connectRetry })))
      yield* Effect.sleep("200 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(sockets(), 0)
    }))

  it.live("of a client of the user's has a timeout", () =>
    Effect.gen(function*() {
      const client = new Client({ contactPoints: ["127.0.0.1:1"], localDataCenter: "dc1" })
      client.connect = () => new Promise<void>(() => {})
      const begin = performance.now()
      const error = yield* Effect.flip(Effect.scoped(CassandraSession.fromClient(client, { connectTimeout: 100 })))
      assert.strictEqual(error.reason._tag, "ConnectFailed")
      assert.isBelow(performance.now() - begin, 1_000)
    }))
})

describe("a client of the user's that cannot connect", () => {
  const failed = (options: DseClientOptions) =>
    Effect.gen(function*() {
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => new Client(options)),
        (client) => Effect.promise(() => client.shutdown().catch(() => {}))
      )
      const { reason } = yield* Effect.flip(CassandraSession.fromClient(client))
      return reason._tag === "ConnectFailed" ? reason : assert.fail(reason._tag)
    })

  it.live("because its bundle is missing says so, without a host", () =>
    Effect.gen(function*() {
      const { message } = yield* failed({ cloud: { secureConnectBundle: "/nowhere/bundle.zip" } })
      assert.match(message, /^could not connect \(ENOENT/)
    }).pipe(Effect.scoped))

  it.live("because of its data centre says what the driver says, or which it is", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const contactPoints = [node!.address]
      assert.match((yield* failed({ contactPoints })).message, /localDataCenter/)
      assert.include((yield* failed({ contactPoints, localDataCenter: "there" })).check, "given as \"there\"")
    }).pipe(Effect.scoped))
})
