import { executeConcurrent, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { CassandraSession } from "../src/index.ts"
import { answerTo, int, opcode } from "./support/frames.ts"
import { rowsBody, scalar } from "./support/resultFrames.ts"
import { type Reply, type ScriptedNode, scriptedNode } from "./support/scriptedNode.ts"

const open = (node: ScriptedNode) =>
  CassandraSession.make({
    contactPoints: [node.address],
    localDataCenter: "datacenter1",
    defaults: { retry: "none" },
    clientOptions: { pooling: { coreConnectionsPerHost: { 0: 1, 1: 1 } } }
  })

const rows = (id: number): Buffer => rowsBody([{ name: "id", type: scalar("int") }], [[int(id)]])

const answer = (body: Buffer, rest: Partial<Exclude<Reply, "none">> = {}): Reply => ({
  opcode: opcode.result,
  body,
  ...rest
})

/** An answer on a stream. The driver takes the lowest hundreds. */
const on = (stream: number) => answerTo({ stream }, opcode.result, rows(666))

/** An answer on each stream that the driver may have in use. */
const onAll = Buffer.concat(Array.from({ length: 128 }, (_, stream) => on(stream)))

const textOf = (request: { readonly _tag: string }): string =>
  "text" in request && typeof request.text === "string" ? request.text : ""

describe("an answer for which no request waits", () => {
  it.live("ends the connection with all that is in flight on it, and the next request has another", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      node.reply((request) => {
        const text = textOf(request)
        if (text.includes("waits") || text.startsWith("INSERT")) return "none"
        return text.includes("wrong") ? answer(rows(1), { behind: on(300) }) : answer(rows(2))
      })
      const opened = node.opened()
      const waiting = yield* Effect.forkScoped(
        Effect.provideService(
          executeConcurrent([["SELECT id FROM app.waits"], ["INSERT INTO app.t (id) VALUES (1)"]], {
            raiseOnFirstError: false
          }),
          Session,
          session
        )
      )
      yield* Effect.sleep("50 millis")
      const { rows: read } = yield* session.execute(["SELECT id FROM app.wrong"])
      assert.deepStrictEqual(read, [{ id: 1 }])
      const results = yield* Fiber.join(waiting)
      assert.deepStrictEqual(results.map(({ error }) => error?.reason._tag), ["ConnectionClosed", "ConnectionClosed"])
      assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["NotApplied", "Unknown"])
      yield* Effect.eventually(session.execute(["SELECT id FROM app.t"]))
      assert.isAbove(node.opened(), opened)
    }).pipe(Effect.scoped))

  it.live("is followed by none that is taken for that of another statement", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      node.reply((request) =>
        textOf(request).includes("wrong") ? answer(rows(1), { behind: Buffer.concat([on(300), onAll]) }) : "none"
      )
      const waiting = yield* Effect.forkScoped(Effect.flip(session.execute(["SELECT id FROM app.waits"])))
      yield* Effect.sleep("50 millis")
      yield* session.execute(["SELECT id FROM app.wrong"])
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "ConnectionClosed")
    }).pipe(Effect.scoped))

  it.live("is not the late one of a request that has ended: interrupted, or not in time", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      node.reply((request) => textOf(request).includes("late") ? answer(rows(1), { after: 150 }) : answer(rows(2)))
      const opened = node.opened()
      const late = Statement.make("SELECT id FROM app.late", [], { requestTimeout: "50 millis" })
      for (let round = 0; round < 3; round++) {
        assert.strictEqual((yield* Effect.flip(session.execute(late))).reason._tag, "RequestTimeout")
        yield* Effect.timeoutOption(session.execute(["SELECT id FROM app.late"]), "20 millis")
        yield* session.execute(["SELECT id FROM app.t"])
      }
      yield* Effect.sleep("200 millis")
      assert.deepStrictEqual((yield* session.execute(["SELECT id FROM app.t"])).rows, [{ id: 2 }])
      assert.strictEqual(node.opened(), opened)
    }).pipe(Effect.scoped))

  it.live("is not an event", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      node.reply(() => answer(rows(2)))
      const opened = node.opened()
      node.changeTable("app", "t")
      yield* Effect.sleep("50 millis")
      yield* session.execute(["SELECT id FROM app.t"])
      assert.strictEqual(node.opened(), opened)
    }).pipe(Effect.scoped))
})
