import { Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { policies } from "cassandra-driver"
import { Effect, Schedule } from "effect"
import { createServer } from "node:net"
import { CassandraSession } from "../src/index.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"

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

/** Counts the attempts to connect to a node that is down. */
const attemptsAt = (node: CqlNode) => {
  const attempts = { count: 0 }
  const server = createServer((socket) => {
    attempts.count++
    socket.on("error", () => {}).destroy()
  })
  return Effect.as(
    Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen({ host: node.host, port: node.port }, () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
        })
    ),
    attempts
  )
}

const policyOf = (newSchedule: () => Iterator<number>) =>
  Object.assign(new policies.reconnection.ConstantReconnectionPolicy(1), { newSchedule })

const delays = (...all: ReadonlyArray<number>) => () => all.values()

describe("a reconnection policy", () => {
  const fail = (): never => {
    throw new TypeError("no delay")
  }
  const schedules: ReadonlyArray<readonly [name: string, newSchedule: () => Iterator<number>, most: number]> = [
    ["whose schedule ends keeps the last delay", delays(100, 200), 20],
    ["without any delay waits a second", delays(), 6],
    ["of no numbers waits a second", delays(Number.NaN, -1), 6],
    ["of endless delays waits as long as it can", delays(Number.POSITIVE_INFINITY), 4],
    ["that throws waits a second", fail, 6],
    ["whose schedule throws keeps the last delay", function*() {
      yield 200
      fail()
    }, 20]
  ]
  for (const [name, newSchedule, most] of schedules) {
    it.live(`${name}, and never connects in a loop`, () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        const session = yield* connect([node!.address], {
          clientOptions: { policies: { reconnection: policyOf(newSchedule) } }
        })
        yield* session.execute(write)
        yield* node!.stop
        const attempts = yield* Effect.scoped(
          Effect.tap(attemptsAt(node!), Effect.sleep("1500 millis"))
        )
        assert.isAtMost(attempts.count, most)
        if (most < 5) return
        yield* node!.start
        yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("20 millis"), times: 150 })
      }).pipe(Effect.scoped))
  }
})

describe("a load-balancing policy", () => {
  for (const [name, fails] of [["gives no plan", false], ["throws", true]] as const) {
    it.live(`that ${name} while the control connection is lost keeps it from no return`, () =>
      Effect.gen(function*() {
        const [node] = yield* cqlNodes({})
        let isBroken = false
        const policy = new policies.loadBalancing.RoundRobinPolicy()
        const newQueryPlan: typeof policy.newQueryPlan = (keyspace, options, callback) => {
          if (!isBroken || options !== null) return policy.newQueryPlan(keyspace, options, callback)
          if (fails) throw new TypeError("no plan")
        }
        const loadBalancing = Object.assign(new policies.loadBalancing.RoundRobinPolicy(), { newQueryPlan })
        const init: typeof policy.init = (client, hosts, callback) => policy.init(client, hosts, callback)
        Object.assign(loadBalancing, { init })
        yield* connect([node!.address], { clientOptions: { policies: { loadBalancing } } })
        isBroken = true
        const before = node!.registrations
        node!.cut()
        yield* Effect.retry(
          Effect.suspend(() => node!.registrations > before ? Effect.void : Effect.fail("not registered")),
          { schedule: Schedule.spaced("50 millis"), times: 100 }
        )
      }).pipe(Effect.scoped))
  }
})
