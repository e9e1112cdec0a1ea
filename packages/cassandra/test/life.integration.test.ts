import { type CqlError, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf } from "@effect-cql/test-support/session"
import { assert, it, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted, Schedule, Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { proxyTo } from "./support/proxy.ts"
import { makeIdentity, tlsProxyTo } from "./support/tlsProxy.ts"

/** For a server that answers, in milliseconds: a busy one takes its time. */
const patience = 30_000

/** Opens and asks once. */
const open = (options: CassandraSession.Options) =>
  Effect.scoped(Effect.gen(function*() {
    const session = yield* CassandraSession.make({ connectTimeout: patience, ...options })
    return (yield* session.execute(["SELECT release_version FROM system.local"])).first?.["release_version"]
  }))

/** Error of opening a session. It has to come within the connect timeout. */
const refusal = Effect.fnUntraced(function*(options: CassandraSession.Options, connectTimeout = patience) {
  const begin = performance.now()
  const error: CqlError = yield* Effect.flip(open({ ...options, connectTimeout }))
  assert.isBelow(performance.now() - begin, connectTimeout + 500)
  assert.strictEqual(error.outcome, "NotApplied")
  const { reason } = error
  if (reason._tag !== "ConnectFailed") return assert.fail(reason._tag)
  assert.isAbove(reason.hosts.length, 0)
  assert.include(error.message, reason.check)
  return reason
})

const secured = CassandraServer.layer({ provider: "jvm", authentication: true, tls: true, startTimeout: "5 minutes" })

integration("a server with login and TLS", () => {
  layer(secured, { excludeTestServices: true, timeout: 330_000 })((it) => {
    const encrypted = Effect.map(CassandraServer.CassandraServer, (server) => ({
      ...optionsOf(server),
      tls: { ca: server.certificate }
    }))

    it.effect("takes those who log in and trust its certificate", () =>
      Effect.gen(function*() {
        const { version } = yield* CassandraServer.CassandraServer
        assert.strictEqual(yield* open(yield* encrypted), version)
      }))

    it.effect("refuses a wrong password, which is shown nowhere: check name and password", () =>
      Effect.gen(function*() {
        const password = Redacted.make("not-the-password")
        const reason = yield* refusal({ ...(yield* encrypted), password })
        assert.strictEqual(reason.check, "the user name \"cassandra\" and its password")
        assert.strictEqual(reason.hosts[0]?.reason?._tag, "AuthenticationFailed")
        assert.notInclude(JSON.stringify(reason), "not-the-password")
      }))

    it.effect("refuses those who do not log in: check whether a login is needed", () =>
      Effect.gen(function*() {
        const { password: _, username: __, ...options } = yield* encrypted
        assert.include((yield* refusal(options)).check, "the server requires a login, and none was given")
      }))

    it.effect("is not trusted for its word: check the certificates", () =>
      Effect.gen(function*() {
        const reason = yield* refusal({ ...(yield* encrypted), tls: true })
        assert.strictEqual(reason.check, "the certificates: the one that the server presents, and the trusted ones")
      }))

    it.effect("is not trusted with the certificate of another: check the certificates", () =>
      Effect.gen(function*() {
        const { certificate } = yield* makeIdentity("another")
        const reason = yield* refusal({ ...(yield* encrypted), tls: { ca: certificate } })
        assert.strictEqual(reason.check, "the certificates: the one that the server presents, and the trusted ones")
      }))

    it.effect("is not trusted under another name: check the certificates", () =>
      Effect.gen(function*() {
        const { certificate: ca } = yield* CassandraServer.CassandraServer
        const reason = yield* refusal({ ...(yield* encrypted), tls: { ca, serverName: "example.org" } })
        assert.include(reason.check, "tls.serverName")
      }))

    it.effect("is taken as it is by those who say so", () =>
      Effect.gen(function*() {
        const { version } = yield* CassandraServer.CassandraServer
        const tls = { dangerouslyAcceptAnyCertificate: true }
        assert.strictEqual(yield* open({ ...(yield* encrypted), tls }), version)
      }))

    it.effect("does not answer those who do not encrypt: check whether it requires TLS", () =>
      Effect.gen(function*() {
        const { tls: _, ...options } = yield* encrypted
        assert.include((yield* refusal(options, 3_000)).check, "whether it requires TLS")
      }))

    it.effect("is found again after it was killed and restarted, by the same session", () =>
      Effect.gen(function*() {
        const { nodes: [node] } = yield* CassandraServer.CassandraServer
        const session = yield* CassandraSession.make(yield* encrypted)
        const read = Statement.make("SELECT key FROM system.local WHERE key = ?", ["local"], { retry: "none" })
        yield* session.execute(read)
        yield* node!.kill
        const error = yield* Effect.flip(session.execute(read))
        assert.include(["ConnectionClosed", "NoHostAvailable"], error.reason._tag)
        yield* node!.restart
        // The longer the start took, the later the driver looks again.
        const found = yield* Effect.retry(session.execute(read), {
          schedule: Schedule.spaced("200 millis"),
          times: 600
        })
        assert.deepStrictEqual(found.rows, [{ key: "local" }])
      }).pipe(Effect.scoped), 450_000)
  })
})

integration("the life of a session", (server) => {
  const options = optionsOf(server)
  const contactPoint = server.contactPoints[0]!

  it.live("begins with the certificate of the client, where the server wants one", () =>
    Effect.gen(function*() {
      const own = yield* makeIdentity("server")
      const client = yield* makeIdentity("client")
      const another = yield* makeIdentity("another")
      const contactPoints = [yield* tlsProxyTo(contactPoint, own, client)]
      const privateKey = Redacted.make(client.key)
      const known = { ca: own.certificate, certificate: client.certificate, privateKey }
      assert.strictEqual(yield* open({ ...options, contactPoints, tls: known }), server.version)
      const tls = { ca: own.certificate, certificate: another.certificate, privateKey: Redacted.make(another.key) }
      for (const unknown of [tls, { ca: own.certificate }]) {
        assert.match((yield* refusal({ ...options, contactPoints, tls: unknown })).check, /certificate|TLS/)
      }
    }).pipe(Effect.scoped))

  it.live("begins at a node whose certificate has the name that its address is given, and at no other", () =>
    Effect.gen(function*() {
      const own = yield* makeIdentity("db1", "DNS:db1.internal")
      const proxy = yield* tlsProxyTo(contactPoint, own)
      const at = (serverName?: string | ((address: string) => string)) => ({
        ...options,
        contactPoints: [proxy],
        tls: { ca: own.certificate, serverName }
      })
      const names = new Map([["127.0.0.1", "db1.internal"]])
      assert.strictEqual(yield* open(at("db1.internal")), server.version)
      assert.strictEqual(yield* open(at((address) => names.get(address) ?? address)), server.version)
      for (const wrong of [undefined, "db2.internal", () => "db2.internal", () => ""]) {
        assert.include((yield* refusal(at(wrong))).check, "tls.serverName")
      }
    }).pipe(Effect.scoped))

  it.live("does not begin with TLS at a server without: check TLS", () =>
    Effect.gen(function*() {
      assert.match((yield* refusal({ ...options, tls: true }, 3_000)).check, /^whether the server speaks TLS/)
    }))

  it.live("does not begin at a server that hangs", () =>
    Effect.gen(function*() {
      const proxy = yield* proxyTo(contactPoint)
      proxy.silence()
      const reason = yield* refusal({ ...options, contactPoints: [proxy.address] }, 3_000)
      assert.include(reason.check, "whether the server hangs")
    }).pipe(Effect.scoped))

  it.live("ends when what is in flight has its answer, and takes nothing more", () =>
    Effect.gen(function*() {
      const proxy = yield* proxyTo(contactPoint)
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(CassandraSession.make({ ...options, contactPoints: [proxy.address] }), scope)
      const read = Statement.make("SELECT key FROM system.local")
      yield* session.execute(read)
      proxy.silence()
      const inFlight = yield* Effect.forkChild(session.execute(read), { startImmediately: true })
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Effect.sleep("100 millis")
      assert.isUndefined(closing.pollUnsafe())
      assert.strictEqual((yield* Effect.flip(session.execute(read))).reason._tag, "SessionClosed")
      proxy.speak()
      assert.deepStrictEqual((yield* Fiber.join(inFlight)).rows, [{ key: "local" }])
      yield* Fiber.join(closing)
      assert.strictEqual((yield* Effect.flip(session.execute(read))).reason._tag, "SessionClosed")
      assert.strictEqual((yield* Effect.flip(session.ring("system"))).reason._tag, "SessionClosed")
    }).pipe(Effect.scoped))
})
