import { Batch, type CqlError, executeConcurrent, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"
import { executeFrame, mostBytes, noValues, prepareFrame, TooLarge } from "../src/internal/protocol/frames.ts"
import { opcode } from "./support/frames.ts"
import { preparedBody, scalar, voidBody } from "./support/resultFrames.ts"
import { resulting, scriptedNode } from "./support/scriptedNode.ts"

const insert = "INSERT INTO app.t (b) VALUES (?)"
const blobs = [{ name: "b", type: scalar("blob") }]

const parameters = {
  consistency: 1,
  serialConsistency: undefined,
  pageSize: undefined,
  pageState: undefined,
  timestamp: undefined,
  tracing: false,
  payload: undefined
}

describe("a request beyond the size of a frame", () => {
  it("is one byte more than 256 MiB behind the header", () => {
    const frame = (length: number) =>
      executeFrame(
        { version: 4, stream: 1 },
        { id: Buffer.alloc(16), resultId: undefined },
        parameters,
        Buffer.alloc(length)
      )
    const others = executeFrame(
      { version: 4, stream: 1 },
      { id: Buffer.alloc(16), resultId: undefined },
      parameters,
      noValues
    ).length - 9
    assert.strictEqual(frame(mostBytes - others).length, 9 + mostBytes)
    assert.throws(() => frame(mostBytes - others + 1), TooLarge)
    assert.throws(() => prepareFrame({ version: 4, stream: 1 }, "x".repeat(mostBytes)), TooLarge)
  })

  it.live("is refused with its size before anything of it is sent, and its neighbours are executed", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      node.reply((request) =>
        request._tag === "Prepare"
          ? resulting(preparedBody(Buffer.from(request.text.slice(0, 20)), blobs))
          : { opcode: opcode.result, body: voidBody, after: 20 }
      )
      const session = yield* CassandraSession.make({ contactPoints: [node.address], localDataCenter: "datacenter1" })
      const opened = node.opened()
      const small = Array.from({ length: 20 }, (_, index) => [insert, [Buffer.from([index])]] as const)
      const refusedOf = (statement: Effect.Effect<unknown, CqlError, Session>) => Effect.flip(statement)
      const half = new Uint8Array(mostBytes / 2)
      const large = [
        Statement.make(insert, [new Uint8Array(mostBytes)]),
        Batch.make([[insert, [half]], [insert, [half]]])
      ]
      for (const statement of large) {
        const [results, error] = yield* Effect.all([
          executeConcurrent(small),
          refusedOf(statement as Effect.Effect<unknown, CqlError, Session>)
        ], { concurrency: 2 }).pipe(Effect.provideService(Session, session))
        assert.isTrue(results.every(({ success }) => success))
        assert.deepInclude(error, { outcome: "NotApplied", attempts: 0, isRetryable: false })
        assert.strictEqual(error.reason._tag, "ParametersRefused")
        assert.match(error.reason.message, /^the request has 268435\d\d\d bytes, and the protocol allows 268435456/)
      }
      assert.strictEqual(node.opened(), opened)
    }).pipe(Effect.scoped))
})
