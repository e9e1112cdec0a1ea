import { Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { CassandraSession } from "../src/index.ts"
import { cqlNodes } from "./support/cqlNodes.ts"

const connect = (contactPoints: ReadonlyArray<string>, options: Partial<CassandraSession.Options> = {}) =>
  CassandraSession.make({ contactPoints, localDataCenter: "dc1", closeTimeout: 500, ...options })

const write = Statement.make("INSERT INTO app.t (id) VALUES (1)", [], { retry: "none" })

const soon = { schedule: Schedule.spaced("20 millis"), times: 2_000 }

describe("a lost control connection", () => {
  for (const how of ["close", "reset"] as const) {
    it.live(`comes back, at whatever step of that another ${how} meets it`, () =>
      Effect.forEach(
        Array.from({ length: 16 }, (_, index) => index + 1),
        (frame) =>
          Effect.gen(function*() {
            const [node] = yield* cqlNodes({})
            const session = yield* connect([node!.address], { requestTimeout: "1 minute" })
            yield* session.execute(write)
            node!.endAtFrame(frame, how)
            node!.cut()
            const begin = performance.now()
            yield* Effect.retry(session.execute(write), soon)
            const took = performance.now() - begin
            // The driver waits one second before the second attempt, and two before the third.
            assert.isBelow(took, 5_000, `frame ${frame}`)
          }).pipe(Effect.scoped),
        { concurrency: "unbounded", discard: true }
      ), 60_000)
  }

  it.live("leaves no node without a connection, whatever step of reconnecting fails", () =>
    Effect.forEach(
      Array.from({ length: 12 }, (_, index) => index + 1),
      (frame) =>
        Effect.gen(function*() {
          const nodes = yield* cqlNodes({}, {})
          const session = yield* connect(nodes.map(({ address }) => address), { requestTimeout: "1 minute" })
          yield* session.execute(write)
          nodes[0]!.endAtFrame(frame, "close")
          const before = nodes.map(({ statements }) => statements.length)
          for (const node of nodes) node.cut()
          const isUsed = nodes.map(({ statements }, index) => () => statements.length > before[index]!)
          const waiting = Effect.suspend(() =>
            Effect.andThen(
              Effect.ignore(session.execute(write)),
              () => isUsed.every((holds) => holds()) ? Effect.void : Effect.fail(`unused after frame ${frame}`)
            )
          )
          yield* Effect.retry(waiting, { schedule: Schedule.spaced("20 millis"), times: 250 })
        }).pipe(Effect.scoped),
      { concurrency: "unbounded", discard: true }
    ), 60_000)

  it.live("is replaced by one, however many outages there were", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const session = yield* connect([node!.address])
      yield* session.execute(write)
      for (let outage = 1; outage <= 8; outage++) {
        const before = node!.registrations
        node!.cut()
        yield* Effect.retry(session.execute(write), soon)
        yield* Effect.sleep("100 millis")
        assert.isAtMost(node!.registrations - before, 2, `outage ${outage}`)
        assert.strictEqual(node!.open, 1, `outage ${outage}`)
      }
    }).pipe(Effect.scoped), 60_000)
})
