import { Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { CassandraSession } from "../src/index.ts"
import { CqlNode, cqlNodes } from "./support/cqlNodes.ts"

const write = Statement.make("INSERT INTO app.t (id) VALUES (1)", [], { retry: "none" })

/** Until a statement was executed by a node, for ten seconds. */
const coordinates = (session: Service, node: CqlNode) =>
  session.execute(write).pipe(
    Effect.flatMap(({ info }) => info.coordinator === node.address ? Effect.void : Effect.fail("another node")),
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 500 })
  )

/** Opens a session whose control connection is to a node, once another one has executed a statement. */
const openedBy = Effect.fnUntraced(function*(first: CqlNode, second: CqlNode) {
  const session = yield* CassandraSession.make({
    contactPoints: [first.address],
    localDataCenter: "dc1",
    closeTimeout: 500
  })
  yield* coordinates(session, second)
  return session
})

describe("a node that comes back with another address", () => {
  for (const [how, isReported] of [["reported to be up", true], ["without a report", false]] as const) {
    it.live(`is found there, ${how}`, () =>
      Effect.gen(function*() {
        const [first, second, third] = yield* cqlNodes({}, {}, {})
        const session = yield* openedBy(first!, second!)
        yield* second!.stop
        const moved = new CqlNode(7, { port: first!.port, hostId: second!.hostId, tokens: second!.tokens })
        yield* Effect.acquireRelease(moved.start, () => moved.stop)
        first!.peers = [moved, third!]
        third!.peers = [first!, moved]
        if (isReported) first!.emit("STATUS_CHANGE", "UP", moved)
        yield* coordinates(session, moved)
        const ring = yield* session.ring("app")
        const replicas = new Set(ring?.ranges.flatMap(({ replicas }) => replicas))
        assert.deepStrictEqual(replicas, new Set([first!.address, moved.address, third!.address]))
      }).pipe(Effect.scoped), 30_000)
  }

  it.live("and with the address of another one, is found there", () =>
    Effect.gen(function*() {
      const [first, second, third] = yield* cqlNodes({}, {}, {})
      const session = yield* openedBy(first!, second!)
      yield* Effect.all([second!.stop, third!.stop])
      const swapped = [[2, second!], [1, third!]] as const
      const [newSecond, newThird] = swapped.map(([index, { hostId, tokens }]) =>
        new CqlNode(index, { port: first!.port, hostId, tokens })
      )
      for (const node of [newSecond!, newThird!]) yield* Effect.acquireRelease(node.start, () => node.stop)
      first!.peers = [newSecond!, newThird!]
      yield* coordinates(session, newSecond!)
      yield* coordinates(session, newThird!)
    }).pipe(Effect.scoped), 30_000)
})
