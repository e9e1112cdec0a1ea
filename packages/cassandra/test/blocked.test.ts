import { Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { policies } from "cassandra-driver"
import { Effect, Fiber } from "effect"
import dns from "node:dns"
import { CassandraSession } from "../src/index.ts"
import { cqlNodes } from "./support/cqlNodes.ts"
import { preparedBody, scalar, voidBody } from "./support/resultFrames.ts"
import { resulting, scriptedNode } from "./support/scriptedNode.ts"

const block = (millis: number) =>
  Effect.sync(() => {
    const end = performance.now() + millis
    while (performance.now() < end);
  })

describe("an event loop that is blocked beyond every time limit", () => {
  for (const begun of [0, 2, 5, 10]) {
    it.live(`${begun} ms after a session began to open keeps it from nothing`, () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        const opening = yield* Effect.forkChild(
          Effect.scoped(CassandraSession.make({
            contactPoints: [node!.address],
            localDataCenter: "dc1",
            connectTimeout: "500 millis"
          })),
          { startImmediately: true }
        )
        yield* Effect.sleep(begun)
        yield* block(800)
        yield* Fiber.join(opening)
      }).pipe(Effect.scoped))
  }

  it.live("while a statement is prepared and executed keeps it from nothing", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      node.reply(({ _tag }) =>
        _tag === "Prepare"
          ? resulting(preparedBody(Buffer.from("id"), [{ name: "id", type: scalar("int") }]))
          : resulting(voidBody)
      )
      const session = yield* CassandraSession.make({
        contactPoints: [node.address],
        localDataCenter: "datacenter1",
        requestTimeout: "1 second",
        clientOptions: { socketOptions: { readTimeout: 300 } }
      })
      const insert = Statement.make("INSERT INTO app.t (id) VALUES (?)", [1], { retry: "none" })
      const running = yield* Effect.forkChild(session.execute(insert), { startImmediately: true })
      yield* Effect.sleep(1)
      yield* block(500)
      yield* Fiber.join(running)
      assert.deepStrictEqual(node.requests.map(({ _tag }) => _tag), ["Prepare", "Execute"])
    }).pipe(Effect.scoped))

  it.live("while addresses are translated leaves out no node", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, {})
      const [first] = nodes
      const addressResolution = Object.assign(policies.defaultAddressTranslator(), {
        translate: (address: string, port: number, callback: (endpoint: string) => void) => {
          // An answer of another part of the process, which comes when the event loop goes on.
          dns.lookup("localhost", () => callback(`${address}:${port}`))
          if (address === nodes[1]!.host) setImmediate(() => Effect.runSync(block(1_500)))
        }
      })
      const session = yield* CassandraSession.make({
        contactPoints: [first!.address],
        localDataCenter: "dc1",
        connectTimeout: "10 seconds",
        clientOptions: { policies: { addressResolution }, protocolOptions: { port: first!.port } }
      })
      assert.lengthOf((yield* session.ring("app"))?.ranges ?? [], 3)
    }).pipe(Effect.scoped))

  it.live("while the nodes are asked for their agreement denies none", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({}, {})
      const session = yield* CassandraSession.make({ contactPoints: [node!.address], localDataCenter: "dc1" })
      for (let times = 0; times < 5; times++) {
        const agreement = yield* Effect.forkChild(session.schemaAgreement("200 millis"), { startImmediately: true })
        for (let turns = 0; turns < times; turns++) yield* Effect.promise(() => new Promise(setImmediate))
        yield* block(400)
        assert.isTrue(yield* Fiber.join(agreement))
      }
    }).pipe(Effect.scoped))
})
