import { type CqlError, executeConcurrent, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted, Schedule, Scope } from "effect"
import dns from "node:dns"
import { isIP } from "node:net"
import { CassandraSession } from "../src/index.ts"
import { CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { until } from "./support/until.ts"

const connect = (contactPoints: ReadonlyArray<string>, options: Partial<CassandraSession.Options> = {}) =>
  CassandraSession.make({ contactPoints, localDataCenter: "dc1", closeTimeout: 500, ...options })

const write = Statement.make("INSERT INTO app.t (id) VALUES (1)", [], { retry: "none" })

/** Time that a busy machine may add to a bound, in milliseconds. */
const scheduling = 150

/** The nodes at which statements arrive. */
const coordinators = (nodes: ReadonlyArray<CqlNode>) => nodes.filter(({ statements }) => statements.length > 0).length

/** Every node takes statements, and they make up the ring. */
const assertAllFound = (session: Session["Service"], nodes: ReadonlyArray<CqlNode>) =>
  Effect.gen(function*() {
    yield* Effect.forEach(Array.from({ length: 30 }), () => session.execute(write))
    assert.strictEqual(coordinators(nodes), nodes.length)
    const ring = yield* session.ring("app")
    const replicas = new Set(ring?.ranges.flatMap(({ replicas }) => replicas))
    assert.deepStrictEqual(replicas, new Set(nodes.map(({ address }) => address)))
  })

/** Three tokens that divide the ring. */
const thirds = [-(2n ** 62n), 0n, 2n ** 62n].map((token) => ({ tokens: [String(token)] }))

/** Each statement whose partition is known is coordinated by the node that owns it. */
const assertRouted = (session: Session["Service"], nodes: ReadonlyArray<CqlNode>) =>
  Effect.gen(function*() {
    for (let number = 0; number < 30; number++) {
      const statement = Statement.withOptions(write, { routing: { key: Buffer.from(`key ${number}`) } })
      const { token } = (yield* session.partition(statement)) ?? assert.fail("no partition")
      const owner = nodes.find(({ tokens }) => token <= BigInt(tokens[0]!)) ?? nodes[0]!
      const { info } = yield* session.execute(statement)
      assert.strictEqual(info.coordinator, owner.address)
    }
  })

/** Replaces the name service for these names. Other names are never resolved. */
const resolving = (names: Readonly<Record<string, ReadonlyArray<string>>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { lookup } = dns
      const resolve = (
        name: string,
        _: unknown,
        callback: (error: null, addresses: Array<dns.LookupAddress>) => void
      ) => {
        const addresses = names[name]
        if (addresses === undefined) return
        setImmediate(() => callback(null, addresses.map((address) => ({ address, family: isIP(address) }))))
      }
      Reflect.set(dns, "lookup", resolve)
      return lookup
    }),
    (lookup) => Effect.sync(() => Reflect.set(dns, "lookup", lookup))
  )

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const begin = performance.now()
    return Effect.map(effect, (value) => ({ value, millis: performance.now() - begin }))
  })

const connectFailed = (error: CqlError) =>
  error.reason._tag === "ConnectFailed" ? error.reason : assert.fail(error.reason._tag)

describe("the nodes of a cluster", () => {
  for (const version of ["3.11.0", "5.0.0"]) {
    it.live(`are all found at the one port that they share (${version})`, () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({ version }, { version }, { version })
        const session = yield* connect([nodes[0]!.address])
        yield* Effect.forEach(Array.from({ length: 30 }), () => session.execute(write))
        assert.strictEqual(coordinators(nodes), 3)
        assert.isAbove((yield* session.capacity) ?? 0, 2.9 * 2_048)
      }).pipe(Effect.scoped))
  }

  it.live("coordinate the statements of their partitions, where the key is known", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes(...thirds)
      const session = yield* connect([nodes[0]!.address], { keyspace: "app" })
      yield* until("connections to all", () => nodes.every(({ open }) => open > 0))
      yield* assertRouted(session, nodes)
    }).pipe(Effect.scoped))

  for (const [what, cell] of [["no tokens", undefined], ["an empty set of tokens", Buffer.alloc(4)]] as const) {
    it.live(`that announce ${what} take statements in turn, also where the key is known`, () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {})
        for (const node of nodes) node.cells = { tokens: cell }
        const session = yield* connect([nodes[0]!.address], { keyspace: "app" })
        const statement = Statement.withOptions(write, { routing: { key: Buffer.from("key") } })
        const results = yield* Effect.forEach(Array.from({ length: 20 }), () => session.execute(statement))
        assert.strictEqual(new Set(results.map(({ info }) => info.coordinator)).size, 2)
        assert.isUndefined(yield* session.ring("app"))
      }).pipe(Effect.scoped))
  }

  it.live("are found at ports of their own", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, { port: 0 }, { port: 0 })
      assert.strictEqual(new Set(nodes.map(({ port }) => port)).size, 3)
      const session = yield* connect([nodes[0]!.address])
      yield* assertAllFound(session, nodes)
    }).pipe(Effect.scoped))

  it.live("that share an address are distinguished by their ports", () =>
    Effect.gen(function*() {
      const host = "127.0.0.1"
      const nodes = yield* cqlNodes({ host }, { host, port: 0 }, { host, port: 0 })
      const session = yield* connect([nodes[0]!.address])
      yield* Effect.forEach(Array.from({ length: 30 }), () => session.execute(write))
      assert.strictEqual(coordinators(nodes), 3)
    }).pipe(Effect.scoped))

  it.live("that announce another port than the one that answers are found at that one", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({ announced: { port: 1 } }, { announced: { port: 1 } })
      const session = yield* connect([nodes[0]!.address])
      yield* Effect.forEach(Array.from({ length: 20 }), () => session.execute(write))
      assert.strictEqual(coordinators(nodes), 2)
    }).pipe(Effect.scoped))

  it.live("are never those of another cluster at the address of one of them", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      const stranger = new CqlNode(2, {
        port: first!.port,
        clusterName: "elsewhere",
        hostId: second!.hostId.replace(/^5/, "6")
      })
      yield* Effect.acquireRelease(stranger.start, () => stranger.stop)
      // What the cluster believes to be there.
      const believed = new CqlNode(2, { port: first!.port })
      first!.peers = [second!, believed]
      const session = yield* connect([first!.address])
      yield* until("a connection to the stranger", () => stranger.opened > 0)
      yield* Effect.forEach(Array.from({ length: 40 }), () => session.execute(write))
      assert.deepStrictEqual(stranger.statements, [])
      assert.strictEqual(first!.statements.length + second!.statements.length, 40)
    }).pipe(Effect.scoped))

  it.live("are never those of another cluster at the address of a node without an id", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      const stranger = new CqlNode(2, { port: first!.port, clusterName: "elsewhere" })
      yield* Effect.acquireRelease(stranger.start, () => stranger.stop)
      const believed = new CqlNode(2, { port: first!.port })
      believed.cells = { host_id: undefined }
      const known = new CqlNode(1, { port: first!.port })
      known.cells = { host_id: undefined }
      first!.peers = [known, believed]
      const session = yield* connect([first!.address])
      yield* until("a connection to the stranger", () => stranger.opened > 0)
      yield* Effect.forEach(Array.from({ length: 40 }), () => session.execute(write))
      assert.deepStrictEqual(stranger.statements, [])
      assert.strictEqual(coordinators([first!, second!]), 2)
    }).pipe(Effect.scoped))

  for (const [name, length] of [["0.0.0.0", 4], ["::", 16]] as const) {
    it.live(`that announce ${name} are found at the address that their peers have for them`, () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {}, {})
        const unspecified = { native_address: Buffer.alloc(length), rpc_address: Buffer.alloc(length) }
        for (const node of nodes) node.cells = unspecified
        const session = yield* connect([nodes[0]!.address])
        yield* assertAllFound(session, nodes)
      }).pipe(Effect.scoped))
  }

  it.live("are followed when one joins and one leaves: statements, capacity and ring", () =>
    Effect.gen(function*() {
      const [first, second, third] = yield* cqlNodes(...thirds)
      first!.peers = [second!]
      second!.peers = [first!]
      const session = yield* connect([first!.address], { keyspace: "app" })
      const capacityOf = (nodes: number) =>
        session.capacity.pipe(
          Effect.map((capacity) => Math.round((capacity ?? 0) / 2_048)),
          Effect.repeat({ schedule: Schedule.spaced("50 millis"), until: (found) => found === nodes, times: 100 }),
          Effect.map((found) => assert.strictEqual(found, nodes))
        )
      yield* capacityOf(2)
      const replicas = Effect.map(session.ring("app"), (ring) =>
        new Set(ring?.ranges.flatMap(({ replicas }) => replicas)))
      assert.deepStrictEqual(yield* replicas, new Set([first!.address, second!.address]))
      first!.peers = [second!, third!]
      first!.emit("TOPOLOGY_CHANGE", "NEW_NODE", third!)
      const isThere = (node: CqlNode) =>
        Effect.map(replicas, (all) => all.has(node.address))
      yield* Effect.repeat(isThere(third!), {
        schedule: Schedule.spaced("100 millis"),
        until: (there) => there,
        times: 100
      })
      assert.deepStrictEqual(yield* replicas, new Set([first!.address, second!.address, third!.address]))
      first!.emit("STATUS_CHANGE", "UP", third!)
      yield* until("a connection to the third node", () => third!.open > 0)
      yield* capacityOf(3)
      yield* assertRouted(session, [first!, second!, third!])
      first!.peers = [third!]
      first!.emit("TOPOLOGY_CHANGE", "REMOVED_NODE", second!)
      yield* Effect.repeat(isThere(second!), {
        schedule: Schedule.spaced("100 millis"),
        until: (there) => !there,
        times: 100
      })
      assert.deepStrictEqual(yield* replicas, new Set([first!.address, third!.address]))
      yield* until("the end of the connections to the second node", () => second!.open === 0)
      yield* capacityOf(2)
      yield* assertRouted(session, [first!, third!])
    }).pipe(Effect.scoped), 30_000)

  it.live(
    "are followed where one was replaced under its address, though nothing reported it",
    () =>
      Effect.gen(function*() {
        const [first, second] = yield* cqlNodes({}, {})
        const session = yield* connect([first!.address])
        yield* Effect.forEach(Array.from({ length: 10 }), () => session.execute(write))
        yield* second!.stop
        const replacement = new CqlNode(1, { port: second!.port, hostId: second!.hostId.replace(/^5/, "6") })
        first!.peers = [replacement]
        replacement.peers = [first!]
        yield* Effect.acquireRelease(replacement.start, () => replacement.stop)
        const isUsed = Effect.suspend(() => replacement.statements.length > 0 ? Effect.void : Effect.fail("not used"))
        yield* Effect.retry(Effect.andThen(Effect.ignore(session.execute(write)), isUsed), {
          schedule: Schedule.spaced("50 millis"),
          times: 300
        })
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("of IPv6 have one name, whatever the spelling of the contact point", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({ host: "::1" }, { host: "::1", port: 0 })
      const addresses = new Set(nodes.map(({ address }) => address))
      for (const spelling of ["[0:0:0:0:0:0:0:1]", "[::0001]"]) {
        const session = yield* connect([`${spelling}:${nodes[0]!.port}`])
        const results = yield* Effect.forEach(Array.from({ length: 10 }), () => session.execute(write))
        assert.deepStrictEqual(new Set(results.map(({ info }) => info.coordinator)), addresses)
      }
    }).pipe(Effect.scoped))

  it.live("of IPv6 are reported in brackets, and taken so", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({ host: "::1" })
      const session = yield* connect([node!.address])
      const { info } = yield* session.execute(write)
      assert.strictEqual(info?.coordinator, node!.address)
      const ring = yield* session.ring("app")
      assert.deepStrictEqual(ring?.ranges.flatMap(({ replicas }) => replicas), [node!.address])
      yield* node!.stop
      const error = yield* Effect.repeat(Effect.flip(session.execute(write)), {
        schedule: Schedule.spaced("20 millis"),
        until: ({ message }) => message.includes(node!.address),
        times: 300
      })
      assert.include(error.message, node!.address)
    }).pipe(Effect.scoped))
})

describe("contact points with names", () => {
  it.live("whose addresses are mostly silent open in any order", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, {})
      const [silent, alsoSilent, good] = nodes
      for (const node of nodes) node.peers = []
      silent!.silence({ newOnes: true })
      alsoSilent!.silence({ newOnes: true })
      yield* resolving({ "db.test": nodes.map(({ host }) => host) })
      for (let round = 0; round < 6; round++) {
        const { millis } = yield* timed(Effect.scoped(connect([`db.test:${good!.port}`])))
        assert.isBelow(millis, 2_500)
      }
    }).pipe(Effect.scoped), 30_000)

  it.live("report for every address why it failed", () =>
    Effect.gen(function*() {
      const [silent] = yield* cqlNodes({})
      silent!.silence({ newOnes: true })
      const closed = `127.77.${process.pid % 250 + 1}.9`
      yield* resolving({ "db.test": [silent!.host, closed], "gone.test": [] })
      const points = [`db.test:${silent!.port}`, "gone.test", "mute.test"]
      const error = yield* Effect.flip(Effect.scoped(connect(points, { connectTimeout: "1 second" })))
      const { hosts } = connectFailed(error)
      assert.sameMembers(
        hosts.map(({ host }) => host),
        [silent!.address, `${closed}:${silent!.port}`, "gone.test", "mute.test"]
      )
      assert.isTrue(hosts.every(({ reason }) => reason !== undefined))
    }).pipe(Effect.scoped))

  it.live("that have an address of IPv6 beside one of IPv4 are tried at both", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({ host: "::1" })
      yield* resolving({ "db.test": ["127.0.0.1", "::1"] })
      const session = yield* connect([`db.test:${node!.port}`])
      const { info } = yield* session.execute(write)
      assert.strictEqual(info.coordinator, node!.address)
    }).pipe(Effect.scoped))

  it.live("that are never resolved do not delay the others", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      yield* resolving({})
      const { millis } = yield* timed(Effect.scoped(connect(["mute.test", node!.address])))
      assert.isBelow(millis, 1_500)
    }).pipe(Effect.scoped))

  it.live("point to the name service if none is resolved", () =>
    Effect.gen(function*() {
      yield* resolving({})
      const { millis, value } = yield* timed(Effect.flip(Effect.scoped(connect(["mute.test", "mute.test:9043"]))))
      assert.isBelow(millis, 4_000)
      assert.include(connectFailed(value).check, "the name service")
      assert.deepStrictEqual(connectFailed(value).hosts.map(({ host }) => host), ["mute.test", "mute.test:9043"])
    }).pipe(Effect.scoped))

  it.live("are resolved again after an outage", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {})
      const [before, after] = nodes
      for (const node of nodes) node.peers = []
      const names: Record<string, ReadonlyArray<string>> = { "db.test": [before!.host] }
      yield* resolving(names)
      const session = yield* connect([`db.test:${before!.port}`])
      yield* session.execute(write)
      names["db.test"] = [after!.host]
      yield* before!.stop
      yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("50 millis"), times: 100 })
      assert.isAbove(after!.statements.length, 0)
    }).pipe(Effect.scoped))

  it.live("that lead to another cluster after an outage are not followed", () =>
    Effect.gen(function*() {
      const [before, after] = yield* cqlNodes({}, { clusterName: "elsewhere" })
      before!.peers = []
      after!.peers = []
      const names: Record<string, ReadonlyArray<string>> = { "db.test": [before!.host] }
      yield* resolving(names)
      const session = yield* connect([`db.test:${before!.port}`])
      names["db.test"] = [after!.host]
      yield* before!.stop
      yield* until("a connection to the other cluster", () => after!.opened > 0)
      yield* Effect.sleep("300 millis")
      assert.strictEqual((yield* Effect.flip(session.execute(write))).reason._tag, "NoHostAvailable")
      assert.deepStrictEqual(after!.statements, [])
    }).pipe(Effect.scoped))
})

describe("a node that hangs", () => {
  it.live("does not keep the others from opening a session", () =>
    Effect.gen(function*() {
      const [first, second, third] = yield* cqlNodes({}, {}, {})
      third!.silence({ newOnes: true })
      const { millis } = yield* timed(Effect.scoped(connect([first!.address, second!.address])))
      assert.isBelow(millis, 2_500)
    }).pipe(Effect.scoped))

  for (const every of [10, 100, 250, 700]) {
    it.live(`is found within heartbeat and timeout, with a statement each ${every} ms`, () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        const session = yield* connect([node!.address], {
          requestTimeout: "600 millis",
          pooling: { heartbeatInterval: "600 millis" },
          // So that no number of timeouts ends it before.
          clientOptions: { socketOptions: { defunctReadTimeoutThreshold: 100_000 } }
        })
        yield* session.execute(write)
        const { ended } = node!
        node!.silence({ newOnes: false })
        const begin = performance.now()
        yield* Effect.forkChild(
          Effect.repeat(Effect.forkChild(Effect.ignore(session.execute(write))), Schedule.spaced(every))
        )
        yield* until("the end of the connection", () => node!.ended > ended)
        assert.isBelow(performance.now() - begin, 600 + 600 + scheduling)
        yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("20 millis"), times: 200 })
        assert.isBelow(node!.open, 3)
      }).pipe(Effect.scoped), 20_000)
  }

  it.live("is not given up while its answers wait to be read", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const session = yield* connect([node!.address], {
        requestTimeout: "150 millis",
        pooling: { heartbeatInterval: "150 millis" }
      })
      yield* session.execute(write)
      const { opened } = node!
      for (let round = 0; round < 6; round++) {
        // So that heartbeats of every age are on their way.
        yield* Effect.sleep(60 + 20 * round)
        node!.silence({ newOnes: false })
        yield* Effect.sleep("160 millis")
        node!.speak()
        const end = performance.now() + 600
        while (performance.now() < end);
        yield* session.execute(write)
        yield* Effect.sleep("50 millis")
        yield* session.execute(write)
      }
      assert.strictEqual(node!.opened, opened)
    }).pipe(Effect.scoped), 20_000)

  it.live(
    "is asked last by statements that others can answer, and in its turn once it answers",
    () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {})
        const [hung, other] = nodes
        const session = yield* connect([other!.address], { requestTimeout: "300 millis" })
        yield* Effect.forEach(Array.from({ length: 10 }), () => session.execute(write))
        assert.strictEqual(coordinators(nodes), 2)
        hung!.silence({ newOnes: true })
        const concurrency = 8
        const run = (count: number) =>
          Effect.provideService(
            executeConcurrent(Array.from({ length: count }, () => write), { concurrency, raiseOnFirstError: false }),
            Session,
            session
          )
        const results = yield* run(200)
        const unknown = results.filter(({ outcome }) => outcome === "Unknown").length
        assert.isAbove(unknown, 0)
        assert.isAtMost(unknown, concurrency)
        assert.isTrue(results.every(({ outcome }) => outcome === "Unknown" || outcome === "Applied"))
        hung!.speak()
        yield* Effect.sleep("100 millis")
        const before = hung!.statements.length
        yield* run(20)
        assert.isAbove(hung!.statements.length, before)
      }).pipe(Effect.scoped),
    20_000
  )

  it.live(
    "on one statement is not asked again by its retries, whatever it answers to others",
    () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {}, {})
        const [hung, alsoHung, good] = nodes
        const slow = Statement.make("INSERT INTO app.t (id) VALUES (2)", [], { idempotent: true })
        for (const node of [hung!, alsoHung!]) node.ignores = (query) => query === slow.text
        const session = yield* connect([good!.address], { requestTimeout: "200 millis" })
        const results = yield* Effect.provideService(
          executeConcurrent(Array.from({ length: 120 }, (_, index) => index % 3 === 0 ? slow : write), {
            concurrency: 4,
            raiseOnFirstError: false
          }),
          Session,
          session
        )
        assert.deepStrictEqual(new Set(results.map(({ outcome }) => outcome)), new Set(["Applied"]))
        assert.isTrue([hung!, alsoHung!].every(({ statements }) => statements.length > 0))
      }).pipe(Effect.scoped),
    20_000
  )

  it.live(
    "loses no more statements than the driver's bound of timeouts, and those in flight",
    () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        const session = yield* connect([node!.address], { requestTimeout: "150 millis" })
        yield* session.execute(write)
        const { ended } = node!
        node!.silence({ newOnes: false })
        const concurrency = 16
        const results = yield* Effect.provideService(
          executeConcurrent(Array.from({ length: 200 }, () => write), { concurrency, raiseOnFirstError: false }),
          Session,
          session
        )
        yield* until("the end of the connection", () => node!.ended > ended)
        const unknown = results.filter(({ outcome }) => outcome === "Unknown").length
        assert.isAbove(unknown, 64)
        assert.isAtMost(unknown, 65 + concurrency)
      }).pipe(Effect.scoped),
    20_000
  )

  it.live("does not keep a session from its end", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, {})
      const scope = yield* Scope.make()
      yield* Scope.provide(connect([nodes[0]!.address], { closeTimeout: "10 seconds" }), scope)
      for (const node of nodes) node.silence({ newOnes: true })
      const { millis } = yield* timed(Scope.close(scope, Exit.void))
      assert.isBelow(millis, 1_500)
      yield* until("the end of all connections", () => nodes.every(({ open }) => open === 0))
    }).pipe(Effect.scoped))
})

describe("a login", () => {
  const login = { username: "app", password: Redacted.make("secret") }

  it.live("that the server refuses from now on stands in the errors of statements", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      let password = "secret"
      node!.login = (token) => token.endsWith(password)
      const session = yield* connect([node!.address], login)
      yield* session.execute(write)
      password = "another"
      node!.cut()
      const refused = Effect.flip(session.execute(write))
      const error = yield* Effect.repeat(refused, {
        schedule: Schedule.spaced("100 millis"),
        until: ({ message }) => message.includes("the password is incorrect"),
        times: 50
      })
      assert.strictEqual(error.outcome, "NotApplied")
      if (error.reason._tag !== "NoHostAvailable") return assert.fail(error.reason._tag)
      assert.strictEqual(error.reason.hosts[0]?.reason?._tag, "AuthenticationFailed", error.message)
      password = "secret"
      yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("100 millis"), times: 100 })
    }).pipe(Effect.scoped), 30_000)

  it.live("that the server asks another question about is a login that failed", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      node!.login = "challenge"
      const error = yield* Effect.flip(Effect.scoped(connect([node!.address], login)))
      assert.include(connectFailed(error).check, "the user name \"app\" and its password")
      assert.notInclude(error.message, "encode the statement")
      assert.notInclude(error.message, "secret")
    }).pipe(Effect.scoped))

  it.live("with control characters in the name prints none", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      node!.login = () => false
      const error = yield* Effect.flip(
        Effect.scoped(connect([node!.address], { ...login, username: "a\u0000\u001b[2J" }))
      )
      assert.notMatch(error.message, /\p{Cc}/u)
    }).pipe(Effect.scoped))
})

describe("an outage of all nodes", () => {
  it.live("leaves no second host behind, and nothing that keeps the process alive", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(connect([node!.address]), scope)
      yield* session.execute(write)
      for (let round = 0; round < 3; round++) {
        yield* node!.stop
        yield* Effect.sleep("1200 millis")
        yield* node!.start
        yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("50 millis"), times: 200 })
      }
      yield* Effect.sleep("2500 millis")
      assert.isBelow(node!.open, 2)
      yield* node!.stop
      yield* Effect.sleep("300 millis")
      yield* Scope.close(scope, Exit.void)
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
      yield* until("the end of all sockets", () => timers() === 0)
    }).pipe(Effect.scoped), 40_000)
})
