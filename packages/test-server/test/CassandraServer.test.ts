import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted, Ref, type Scope } from "effect"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import * as CassandraServer from "../src/CassandraServer.ts"
import * as Endpoint from "../src/internal/endpoint.ts"
import { Lacking, ServerStartFailed } from "../src/internal/errors.ts"
import { external } from "../src/internal/external.ts"
import { withRealTime } from "../src/internal/live.ts"
import { freeAddresses } from "../src/internal/loopback.ts"
import * as Probe from "../src/internal/probe.ts"
import type { ServerProvider } from "../src/internal/provider.ts"
import { select } from "../src/internal/select.ts"

const environment = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

const running = (provider: CassandraServer.Provider): CassandraServer.CassandraServer["Service"] => ({
  provider,
  version: "5.0.8",
  contactPoints: ["127.0.0.1:9042"],
  localDataCenter: "datacenter1",
  nodes: []
})

const fake = (name: CassandraServer.Provider, result: "runs" | "lacks" | "fails"): ServerProvider => ({
  name,
  acquire: () =>
    result === "runs"
      ? Effect.succeed(running(name))
      : result === "lacks"
      ? Effect.fail(new Lacking({ lack: `${name} is not here`, remedy: `Install ${name}` }))
      : Effect.fail(new ServerStartFailed({ provider: name, problem: "it broke", log: "WARN why" }))
})

describe("the choice of a provider", () => {
  it.effect("takes the first that lacks nothing", () =>
    Effect.gen(function*() {
      const providers = [fake("external", "lacks"), fake("docker", "runs"), fake("jvm", "runs")]
      assert.strictEqual((yield* select(providers, undefined, {})).provider, "docker")
    }))

  it.effect("lists what each provider lacks and how to get it, when none is left", () =>
    Effect.gen(function*() {
      const providers = [fake("external", "lacks"), fake("docker", "lacks"), fake("jvm", "lacks")]
      const error = yield* Effect.flip(select(providers, undefined, {}))
      assert.strictEqual(error._tag, "ServerUnavailable")
      assert.strictEqual(
        error.message,
        [
          "No Cassandra server is available. Make one of these providers usable:",
          "  - external: external is not here. Install external.",
          "  - docker: docker is not here. Install docker.",
          "  - jvm: jvm is not here. Install jvm."
        ].join("\n")
      )
      assert.deepStrictEqual(
        error._tag === "ServerUnavailable" ? error.lacking.map(({ provider }) => provider) : [],
        ["external", "docker", "jvm"]
      )
    }))

  it.effect("keeps to the one that was asked for", () =>
    Effect.gen(function*() {
      const providers = [fake("external", "runs"), fake("docker", "lacks"), fake("jvm", "runs")]
      assert.strictEqual((yield* select(providers, "jvm", {})).provider, "jvm")
      const error = yield* Effect.flip(select(providers, "docker", {}))
      assert.strictEqual(
        error.message,
        "No Cassandra server is available: only provider \"docker\" is allowed.\n" +
          "  - docker: docker is not here. Install docker."
      )
    }))

  it.effect("ends with a server that failed to start, and shows the end of its log", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(select([fake("docker", "fails"), fake("jvm", "runs")], undefined, {}))
      assert.strictEqual(error._tag, "ServerStartFailed")
      assert.include(error.message, "provider \"docker\" did not start: it broke")
      assert.include(error.message, "WARN why")
    }))

  it.effect("refuses a name in EFFECT_CQL_SERVER that is none, and lists the names", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(CassandraServer.make())
      assert.strictEqual(error._tag, "ServerUnavailable")
      assert.strictEqual(error.message, "EFFECT_CQL_SERVER is \"podman\", but can be one of: external, docker, jvm")
    }).pipe(environment({ EFFECT_CQL_SERVER: "podman" })))

  it.effect("follows EFFECT_CQL_SERVER", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(CassandraServer.make())
      assert.include(error.message, "only provider \"external\" is allowed")
      assert.include(error.message, "CASSANDRA_CONTACT_POINTS is not set")
    }).pipe(environment({ EFFECT_CQL_SERVER: "external" })))

  it.effect("does not take a server as it is for one with special wishes", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(CassandraServer.make({ provider: "external", nodes: 3, tls: true }))
      assert.strictEqual(error._tag, "ServerUnavailable")
      assert.include(error.message, "3 nodes and TLS")
    }).pipe(environment({ CASSANDRA_CONTACT_POINTS: "127.0.0.1" })))
})

describe("an address", () => {
  it("is read with and without a port", () => {
    assert.deepStrictEqual(Endpoint.parse("db.example"), { host: "db.example", port: 9042 })
    assert.deepStrictEqual(Endpoint.parse("10.0.0.1:9043"), { host: "10.0.0.1", port: 9043 })
    assert.deepStrictEqual(Endpoint.parse("[::1]:9043"), { host: "::1", port: 9043 })
    assert.deepStrictEqual(Endpoint.parse("fe80::1"), { host: "fe80::1", port: 9042 })
  })

  it("is refused when it is none", () => {
    for (const text of ["", "a b", "host:port", "host:0", "host:65536", "host:1:2x"]) {
      assert.isUndefined(Endpoint.parse(text), text)
    }
  })

  it("is written so that it can be read again", () => {
    for (const text of ["db.example:9042", "[::1]:9043"]) {
      const endpoint = Endpoint.parse(text)
      assert.strictEqual(endpoint && Endpoint.format(endpoint), text)
    }
  })
})

describe("free addresses", () => {
  it.effect("are loopback, neighbours, and differ from draw to draw", () =>
    Effect.gen(function*() {
      const three = (yield* freeAddresses(3)) ?? []
      const one = (yield* freeAddresses(1)) ?? []
      assert.strictEqual(one.length, 1)
      for (const { host } of [...three, ...one]) assert.match(host, /^127\./)
      assert.strictEqual(new Set([...three, ...one].map(Endpoint.format)).size, three.length + 1)
    }))
})

/** A server that answers each frame with what `answer` gives for its opcode and body; `undefined` closes. */
const fakeServer = (
  answer: (opcode: number, body: Buffer) => { readonly opcode: number; readonly body: Buffer } | undefined
): Effect.Effect<Endpoint.Endpoint, never, Scope.Scope> => {
  const serve = (socket: Socket) => {
    let received: Buffer = Buffer.alloc(0)
    socket.on("error", () => {})
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 9 || received.length < 9 + received.readUInt32BE(5)) return
      const reply = answer(received.readUInt8(4), received.subarray(9))
      received = Buffer.alloc(0)
      if (reply === undefined) {
        socket.destroy()
        return
      }
      const header = Buffer.from([0x84, 0, 0, 0, reply.opcode, 0, 0, 0, reply.body.length])
      const whole = Buffer.concat([header, reply.body])
      // In two pieces: frames do not come whole.
      socket.write(whole.subarray(0, 5))
      setImmediate(() => socket.write(whole.subarray(5)))
    })
  }
  return Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer(serve)
      server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(
    Effect.map((server) => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }))
  )
}

const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
const cell = (value: string) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)])
const int = (value: number) => Buffer.from([0, 0, 0, value])
const column = (name: string) => Buffer.concat([text(name), Buffer.from([0, 0x0d])])

const row = {
  opcode: 0x08,
  body: Buffer.concat([
    Buffer.concat([int(2), int(1), int(2), text("system"), text("local")]),
    Buffer.concat([column("release_version"), column("data_center"), int(1), cell("4.1.3"), cell("dc7")])
  ])
}
const ready = { opcode: 0x02, body: Buffer.alloc(0) }
const refusal = (code: number, message: string) => ({
  opcode: 0x00,
  body: Buffer.concat([Buffer.from([0, 0, code >> 8, code & 0xff]), text(message)])
})

describe("the probe", () => {
  it.effect("reads version and data center", () =>
    Effect.gen(function*() {
      const endpoint = yield* fakeServer((opcode) => opcode === 0x01 ? ready : row)
      assert.deepStrictEqual(yield* Probe.probe({ endpoint }), { version: "4.1.3", dataCenter: "dc7" })
    }))

  it.effect("logs in where it is asked to", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make("")
      const endpoint = yield* fakeServer((opcode, body) => {
        if (opcode === 0x01) return { opcode: 0x03, body: text("org.apache.cassandra.auth.PasswordAuthenticator") }
        if (opcode === 0x07) return row
        Effect.runSync(Ref.set(seen, body.toString("utf8", 4)))
        return { opcode: 0x10, body: Buffer.alloc(0) }
      })
      const credentials = { username: "ada", password: Redacted.make("secret") }
      assert.strictEqual((yield* Probe.probe({ endpoint, credentials })).version, "4.1.3")
      assert.strictEqual(yield* Ref.get(seen), "\0ada\0secret")
      const error = yield* Effect.flip(Probe.probe({ endpoint }))
      assert.isTrue(error.refusedLogin)
    }))

  it.effect("distinguishes a refused login from other errors", () =>
    Effect.gen(function*() {
      const refused = yield* fakeServer(() => refusal(0x0100, "wrong password"))
      const busy = yield* fakeServer(() => refusal(0x1001, "too much to do"))
      const closing = yield* fakeServer(() => undefined)
      assert.isTrue((yield* Effect.flip(Probe.probe({ endpoint: refused }))).refusedLogin)
      const error = yield* Effect.flip(Probe.probe({ endpoint: busy }))
      assert.isFalse(error.refusedLogin)
      assert.include(error.message, "too much to do")
      assert.include((yield* Effect.flip(Probe.probe({ endpoint: closing }))).message, "closed")
    }))
})

describe("an external server", () => {
  it.effect("is asked for its version and its data center", () =>
    Effect.gen(function*() {
      const endpoint = yield* fakeServer((opcode) => opcode === 0x01 ? ready : row)
      const server = yield* external.acquire({}).pipe(
        environment({ CASSANDRA_CONTACT_POINTS: ` ${Endpoint.format(endpoint)} , 127.0.0.9:9 ` })
      )
      assert.strictEqual(server.version, "4.1.3")
      assert.strictEqual(server.localDataCenter, "dc7")
      assert.deepStrictEqual(server.contactPoints, [Endpoint.format(endpoint), "127.0.0.9:9"])
    }))

  it.effect("takes CASSANDRA_LOCAL_DATACENTER for more than what the server says", () =>
    Effect.gen(function*() {
      const endpoint = yield* fakeServer((opcode) => opcode === 0x01 ? ready : row)
      const server = yield* external.acquire({}).pipe(environment({
        CASSANDRA_CONTACT_POINTS: Endpoint.format(endpoint),
        CASSANDRA_LOCAL_DATACENTER: "dc1",
        CASSANDRA_USERNAME: "ada",
        CASSANDRA_PASSWORD: "secret"
      }))
      assert.strictEqual(server.localDataCenter, "dc1")
      assert.strictEqual(server.credentials?.username, "ada")
      assert.notInclude(JSON.stringify(server), "secret")
    }))

  it.effect("fails at once on a refused login, and shows no password", () =>
    Effect.gen(function*() {
      const endpoint = yield* fakeServer(() => refusal(0x0100, "wrong password"))
      const exit = yield* Effect.exit(
        external.acquire({}).pipe(environment({
          CASSANDRA_CONTACT_POINTS: Endpoint.format(endpoint),
          CASSANDRA_USERNAME: "ada",
          CASSANDRA_PASSWORD: "secret"
        }))
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "wrong password")
      assert.notInclude(String(exit), "secret")
    }))

  it.effect("that is silent is an error after the start timeout, not a reason to take another", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(CassandraServer.make({ startTimeout: "300 millis" }))
      assert.strictEqual(error._tag, "ServerStartFailed")
      assert.include(error.message, "no answer in time from 127.0.0.9:9")
      assert.include(error.message, "Start the server, correct CASSANDRA_CONTACT_POINTS, or increase startTimeout.")
    }).pipe(withRealTime, environment({ CASSANDRA_CONTACT_POINTS: "127.0.0.9:9" })))

  it.effect("whose address cannot be read is an error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(external.acquire({}))
      assert.include(error.message, "CASSANDRA_CONTACT_POINTS is no list of addresses: \"a b\"")
    }).pipe(environment({ CASSANDRA_CONTACT_POINTS: "a b" })))
})

describe("an option that cannot be", () => {
  const refused: ReadonlyArray<readonly [options: object, message: string]> = [
    [
      { startTimeout: "2 minuten" },
      "startTimeout: expected a positive duration, such as \"2 minutes\", got \"2 minuten\""
    ],
    [{ startTimeout: 0 }, "startTimeout: expected a positive duration, such as \"2 minutes\", got 0"],
    [{ provider: "podman" }, "provider: expected one of external, docker, jvm, got \"podman\""],
    [{ version: 5 }, "version: expected a text, such as \"5.0\", got 5"],
    [{ heap: "lots" }, "heap: expected a size of the JVM, such as \"512m\", got \"lots\""],
    [{ nodes: 2 }, "nodes: expected 1 or 3, got 2"],
    [{ tokens: 0 }, "tokens: expected a positive integer, got 0"],
    [{ authentication: "yes" }, "authentication: expected true or false, got \"yes\""],
    [{ tls: {} }, "tls: expected true or false, got an object"],
    [
      { timeout: 5 },
      "timeout: expected one of provider, version, startTimeout, heap, nodes, tokens, authentication, tls"
    ]
  ]
  for (const [options, message] of refused) {
    it.effect(`is refused before a server is looked for: ${JSON.stringify(options)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(CassandraServer.make(options))
        assert.strictEqual(error._tag, "ServerUnavailable")
        assert.include(error.message, `a Cassandra server could not be started: ${message}`)
      }).pipe(environment({ CASSANDRA_CONTACT_POINTS: "127.0.0.9:9" })))
  }
})
