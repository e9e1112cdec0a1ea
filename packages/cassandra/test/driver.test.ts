import { Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Client, policies } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraClient, CassandraSession } from "../src/index.ts"
import { unsupported } from "../src/internal/driver/check.ts"
import { type DriverHost, Plan, profileOf } from "../src/internal/driver/hosts.ts"
import { OverdueNodes } from "../src/internal/driver/overdue.ts"
import { fakeClient } from "./support/fakeClient.ts"
import { int } from "./support/frames.ts"
import { preparedBody, rowsBody, scalar } from "./support/resultFrames.ts"
import { failing, resulting, type ScriptedNode, scriptedNode } from "./support/scriptedNode.ts"

const select = "SELECT v FROM app.t WHERE id = ?"
const ids = [{ name: "id", type: scalar("int") }]

/** A node, and a client of the driver that is connected to it. */
const withClient = <A, E>(use: (client: Client, node: ScriptedNode) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const node = yield* scriptedNode
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Client({ contactPoints: [node.address], localDataCenter: "datacenter1" })),
      (client) => Effect.promise(() => client.shutdown())
    )
    yield* Effect.promise(() => client.connect())
    return yield* use(client, node)
  }).pipe(Effect.scoped)

const hostsOf = (client: Client): ReadonlyArray<DriverHost> => {
  const inner: object = client
  return Reflect.get(inner, "hosts").values()
}

describe("the installed driver", () => {
  it.live("has all that the adapter relies on", () =>
    withClient((client) => Effect.sync(() => assert.isUndefined(unsupported(client)))))

  it.live("makes a frame when it is written, and hands over its answer as it came", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client)
        node.reply((request) =>
          resulting(request._tag === "Prepare" ? preparedBody(Buffer.of(7), ids) : rowsBody(ids, [[int(1)], [int(2)]]))
        )
        const { rows } = yield* session.execute([select, [1]])
        assert.deepStrictEqual(rows, [{ id: 1 }, { id: 2 }])
      }).pipe(Effect.scoped)
    ))

  it.live("reads the answers to its own requests as ever, beside those of a session", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client)
        node.reply(() => resulting(rowsBody(ids, [[int(1)], [int(2)]])))
        const [mine, its] = yield* Effect.all([
          session.execute(["SELECT id FROM app.t"]),
          Effect.promise(() => client.execute("SELECT id FROM app.t"))
        ], { concurrency: 2 })
        assert.deepStrictEqual(mine.rows, [{ id: 1 }, { id: 2 }])
        assert.deepStrictEqual(its.rows.map((row): unknown => ({ id: row["id"] })), [{ id: 1 }, { id: 2 }])
        assert.notStrictEqual(Object.getPrototypeOf(its.rows[0]), Object.prototype)
      }).pipe(Effect.scoped)
    ))

  it.live("has clients that a layer can make, and shut down after its session", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      node.reply(() => resulting(rowsBody(ids, [[int(1)]])))
      const made: Array<Client> = []
      const acquire = Effect.acquireRelease(
        Effect.sync(() => {
          const client = new Client({ contactPoints: [node.address], localDataCenter: "datacenter1" })
          made.push(client)
          return client
        }),
        (client) => Effect.promise(() => client.shutdown())
      )
      const program = Effect.gen(function*() {
        assert.strictEqual(yield* CassandraClient, made[0])
        return (yield* Statement.make("SELECT id FROM app.t")).rows
      })
      const rows = yield* Effect.provide(program, CassandraSession.layerFrom(acquire, { requestTimeout: "2 seconds" }))
      assert.deepStrictEqual(rows, [{ id: 1 }])
      assert.isTrue(Reflect.get(made[0]!, "isShuttingDown"))
    }).pipe(Effect.scoped))

  it.live("dates the writes of a client of the user by the clock of its sessions", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client)
        const write = "INSERT INTO app.t (id) VALUES (1)"
        for (let round = 0; round < 50; round++) {
          yield* session.execute([write])
          yield* Effect.promise(() => client.execute(write))
        }
        const times = node.requests.map((request) => request._tag === "Query" ? request.parameters.timestamp ?? 0n : 0n)
        assert.lengthOf(times, 100)
        for (const [index, time] of times.entries()) assert.isTrue(index === 0 || time > times[index - 1]!, `${index}`)
      }).pipe(Effect.scoped)
    ))

  it.live("dates the writes of a client of the user by the generator that the user has given", () =>
    Effect.gen(function*() {
      const { MonotonicTimestampGenerator } = policies.timestampGeneration
      class Own extends MonotonicTimestampGenerator {
        override next(): number {
          return 7
        }
      }
      const node = yield* scriptedNode
      const client = yield* Effect.acquireRelease(
        Effect.sync(() =>
          new Client({
            contactPoints: [node.address],
            localDataCenter: "datacenter1",
            policies: { timestampGeneration: new Own(0, 0) }
          })
        ),
        (client) => Effect.promise(() => client.shutdown())
      )
      yield* CassandraSession.fromClient(client)
      yield* Effect.promise(() => client.execute("INSERT INTO app.t (id) VALUES (1)"))
      const [request] = node.requests
      assert.strictEqual(request?._tag === "Query" ? request.parameters.timestamp : 0n, 7n)
    }).pipe(Effect.scoped))

  it.live("gives a plan of nodes, with connections that can be borrowed", () =>
    withClient((client) =>
      Effect.sync(() => {
        const profile = profileOf(client, undefined) ?? assert.fail("no default profile")
        assert.isUndefined(profileOf(client, "nowhere"))
        let plans = 0
        Plan.make(client, profile, new OverdueNodes(), null, (plan) => {
          plans++
          const next = plan?.next() ?? assert.fail("no node")
          assert.strictEqual(next.host, hostsOf(client)[0])
          assert.strictEqual(next.connection.protocolVersion, 4)
          assert.isUndefined(plan?.next())
        })
        assert.strictEqual(plans, 1)
      })
    ))

  it.live("reports changes of the schema on its control connection", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client)
        let prepares = 0
        node.reply((request) => {
          if (request._tag === "Prepare") prepares++
          return resulting(request._tag === "Prepare" ? preparedBody(Buffer.of(7), ids, { table: "t" }) : int(1))
        })
        yield* session.execute([select, [1]])
        yield* session.execute([select, [1]])
        assert.strictEqual(prepares, 1)
        node.changeTable("app", "another")
        yield* Effect.sleep("50 millis")
        yield* session.execute([select, [1]])
        assert.strictEqual(prepares, 1)
        node.changeTable("app", "t")
        yield* Effect.sleep("50 millis")
        yield* session.execute([select, [1]])
        assert.strictEqual(prepares, 2)
      }).pipe(Effect.scoped)
    ))

  it.live("gives back the stream of a request that is not written any more", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client)
        node.reply(() => resulting(int(1)))
        for (let round = 0; round < 50; round++) {
          yield* session.execute(["SELECT 1"]).pipe(Effect.timeoutOption(0))
        }
        yield* Effect.sleep("50 millis")
        const state = client.getState()
        assert.deepStrictEqual(
          state.getConnectedHosts().map((host) => state.getInFlightQueries(host)),
          [0]
        )
        yield* session.execute(["SELECT 1"])
      }).pipe(Effect.scoped)
    ))

  it.live("says that an answer is an error of the server, whose fields the adapter reads", () =>
    withClient((client, node) =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.fromClient(client, { defaults: { retry: "none" } })
        node.reply(() => failing(0x2200))
        const error = yield* Effect.flip(session.execute(["SELECT 1"]))
        assert.strictEqual(error.reason._tag, "InvalidQuery")
        // As it is defined for this code: its fields are not there.
        node.reply(() => failing(0x1000))
        const cut = yield* Effect.flip(session.execute(["SELECT 1"]))
        assert.strictEqual(cut.reason._tag, "Unavailable")
      }).pipe(Effect.scoped)
    ))
})

describe("a client without one of those parts", () => {
  it.effect("is refused when a session is opened on it, by one clear error", () =>
    Effect.gen(function*() {
      const { client } = fakeClient()
      Object.assign(hostsOf(client)[Symbol.iterator]().next().value ?? {}, { removeFromPool: undefined })
      const error = yield* Effect.flip(Effect.scoped(CassandraSession.fromClient(client)))
      assert.strictEqual(error.reason._tag, "ConnectFailed")
      assert.match(error.message, /expected cassandra-driver 4\.10, got a release without host\.removeFromPool/)
    }))

  it.effect("is refused where its parser takes frames in another form", () =>
    Effect.gen(function*() {
      const { client } = fakeClient()
      for (const host of hostsOf(client)) {
        const { parser } = host.borrowConnection()
        Object.assign(host.borrowConnection(), { parser: { parseBody: parser.parseBody, push: parser.push } })
      }
      const error = yield* Effect.flip(Effect.scoped(CassandraSession.fromClient(client)))
      assert.match(error.message, /hand-over of frames/)
    }))
})

it.effect("a session on a client with all of them opens", () =>
  Effect.scoped(Effect.gen(function*() {
    const session = yield* CassandraSession.fromClient(fakeClient().client)
    yield* Statement.make("SELECT 1").pipe(Effect.provideService(Session, session))
  })))
