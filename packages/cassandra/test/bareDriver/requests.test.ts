/** Claims of the README about the requests of the bare driver. If a test fails, the README is out of date. */
import { assert, describe, it } from "@effect/vitest"
import type { Client } from "cassandra-driver"
import { Effect, Fiber } from "effect"
import { bareClient } from "../support/bareClient.ts"
import { cqlNodes } from "../support/cqlNodes.ts"
import { short } from "../support/frames.ts"
import { preparedBody, scalar, schemaChangeBody, voidBody } from "../support/resultFrames.ts"
import { failing, resulting, scriptedNode } from "../support/scriptedNode.ts"

const insert = "INSERT INTO app.t (id) VALUES (?)"
const markers = [{ name: "id", type: scalar("int") }]
const localDataCenter = "datacenter1"

const execute = (client: Client, text: string) => Effect.tryPromise(() => client.execute(text, [1], { prepare: true }))

describe("the driver alone", () => {
  it.live(
    "waits with a new text for every node, so that one that hangs costs all of the time limit",
    () =>
      Effect.gen(function*() {
        const [good, hung] = yield* cqlNodes({}, {})
        const options = { protocolOptions: { port: good!.port }, socketOptions: { readTimeout: 1_000 } }
        const client = yield* bareClient(good!.address, options)
        hung!.silence({ newOnes: true })
        for (let index = 0; index < 3; index++) {
          const begin = performance.now()
          yield* Effect.exit(Effect.tryPromise(() => client.execute(`SELECT ${index}`, [], { prepare: true })))
          assert.isAbove(performance.now() - begin, 900)
        }
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("fails without an outcome where its cache has dropped a statement that a node forgot", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      node.reply((request) => {
        if (request._tag === "Prepare") return resulting(preparedBody(Buffer.from(request.text), markers))
        if (request._tag !== "Execute" || request.id.toString() !== insert) return resulting(voidBody)
        return { ...forgotten(request.id), after: 300 }
      })
      const client = yield* bareClient(node.address, { localDataCenter, maxPrepared: 2 })
      const running = yield* Effect.forkChild(Effect.flip(execute(client, insert)), { startImmediately: true })
      yield* Effect.sleep("50 millis")
      for (let index = 0; index < 4; index++) yield* execute(client, `${insert} /* ${index} */`)
      const { cause } = yield* Fiber.join(running)
      assert.include(String(cause), "DriverInternalError: Unprepared response invalid")
    }).pipe(Effect.scoped))

  it.live("sends a request for ever that a node prepares under another id", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      let id = Buffer.from("id 0")
      node.reply((request) => {
        if (request._tag === "Prepare") return resulting(preparedBody(id, markers))
        if (request._tag !== "Execute" || request.id.equals(id)) return resulting(voidBody)
        return forgotten(request.id)
      })
      const client = yield* bareClient(node.address, { localDataCenter, socketOptions: { readTimeout: 300 } })
      yield* execute(client, insert)
      id = Buffer.from("id 1")
      const running = yield* Effect.forkChild(execute(client, insert), { startImmediately: true })
      yield* Effect.sleep("1 second")
      assert.isUndefined(running.pollUnsafe())
      const executions = node.requests.filter(({ _tag }) => _tag === "Execute").length
      assert.isAbove(executions, 100)
      yield* Effect.sleep("200 millis")
      assert.isAbove(node.requests.filter(({ _tag }) => _tag === "Execute").length, executions)
    }).pipe(Effect.scoped))

  it.live(
    "returns a change of the schema only after the nodes agree or ten seconds, whatever its time limit",
    () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, { schemaVersion: "1da3b4d4-9a0a-4f0e-9d3c-1234567890ab" })
        for (const node of nodes) node.result = () => schemaChangeBody("CREATED", "app", "t")
        const client = yield* bareClient(nodes[0]!.address)
        const begin = performance.now()
        yield* Effect.promise(() => client.execute("CREATE TABLE app.t (id int PRIMARY KEY)", [], { readTimeout: 500 }))
        assert.isAbove(performance.now() - begin, 9_500)
      }).pipe(Effect.scoped),
    30_000
  )
})

const forgotten = (id: Buffer) => {
  const reply = failing(0x2500, Buffer.concat([short(id.length), id]))
  return reply === "none" ? assert.fail("an error is a reply") : reply
}
