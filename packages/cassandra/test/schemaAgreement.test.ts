import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule, Scope } from "effect"
import process from "node:process"
import { CassandraSession } from "../src/index.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { schemaChangeBody } from "./support/resultFrames.ts"
import { ownVersion, resulting, scriptedNode } from "./support/scriptedNode.ts"
import { until } from "./support/until.ts"

const another = "1da3b4d4-9a0a-4f0e-9d3c-1234567890ab"

const opened = Effect.gen(function*() {
  const node = yield* scriptedNode
  const session = yield* CassandraSession.make({ contactPoints: [node.address], localDataCenter: "datacenter1" })
  node.reply(() => resulting(schemaChangeBody("CREATED", "app", "t")))
  return { node, session }
})

const create = "CREATE TABLE app.t (id int PRIMARY KEY)"

it.live("a change of the schema returns once the nodes agree, and says so", () =>
  Effect.gen(function*() {
    const { node, session } = yield* opened
    node.peersHave([ownVersion])
    const { info } = yield* session.execute([create])
    assert.isTrue(info.schemaInAgreement)
    assert.isTrue(yield* session.schemaAgreement())
  }).pipe(Effect.scoped))

it.live("a change of the schema was applied, also where the nodes do not agree within half of its time", () =>
  Effect.gen(function*() {
    const { node } = yield* opened
    node.peersHave([another])
    const session = yield* CassandraSession.make({
      contactPoints: [node.address],
      localDataCenter: "datacenter1",
      requestTimeout: "3 seconds"
    })
    const begin = performance.now()
    const { info } = yield* session.execute([create])
    assert.isFalse(info.schemaInAgreement)
    assert.isAbove(performance.now() - begin, 1_400)
    assert.isBelow(performance.now() - begin, 2_000)
    assert.isFalse(yield* session.schemaAgreement("100 millis"))
    node.peersHave([ownVersion, ownVersion])
    assert.isTrue(yield* session.schemaAgreement("5 seconds"))
  }).pipe(Effect.scoped))

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

it.live("a change of the schema that was interrupted keeps no process from its end", () =>
  Effect.gen(function*() {
    const node = yield* scriptedNode
    const before = timers()
    node.peersHave([another])
    node.reply(() => resulting(schemaChangeBody("CREATED", "app", "t")))
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(
      CassandraSession.make({ contactPoints: [node.address], localDataCenter: "datacenter1" }),
      scope
    )
    const change = yield* Effect.forkChild(session.execute([create]), { startImmediately: true })
    yield* Effect.sleep("300 millis")
    yield* Fiber.interrupt(change)
    yield* Scope.close(scope, Exit.void)
    // The driver ends its own within a second.
    yield* Effect.sleep("1500 millis")
    assert.isAtMost(timers(), before)
  }).pipe(Effect.scoped))

it.live("a node that is down keeps the others from no agreement", () =>
  Effect.gen(function*() {
    const [first, second, third] = yield* cqlNodes({}, {}, { schemaVersion: another })
    const session = yield* CassandraSession.make({ contactPoints: [first!.address], localDataCenter: "dc1" })
    assert.isFalse(yield* session.schemaAgreement("300 millis"))
    yield* third!.stop
    // The others keep the version that it had.
    assert.include(second!.peers, third)
    const agreed = Effect.flatMap(session.schemaAgreement("300 millis"), (isAgreed) =>
      isAgreed ? Effect.void : Effect.fail("no agreement"))
    yield* Effect.retry(agreed, { schedule: Schedule.spaced("50 millis"), times: 10 })
  }).pipe(Effect.scoped))

const ways: ReadonlyArray<readonly [name: string, lose: (node: CqlNode) => Effect.Effect<void>]> = [
  ["dies", (node) => node.stop],
  ["hangs", (node) => Effect.sync(() => node.silence({ newOnes: true }))]
]
for (const [name, lose] of ways) {
  it.live(`a change of the schema goes on with another node where its coordinator ${name}`, () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, { schemaVersion: another })
      for (const node of nodes) node.result = () => schemaChangeBody("CREATED", "app", "t")
      const [first, , third] = nodes
      const session = yield* CassandraSession.make({
        contactPoints: [first!.address],
        localDataCenter: "dc1",
        closeTimeout: 500,
        requestTimeout: "20 seconds"
      })
      const change = yield* Effect.forkChild(session.execute([create]), { startImmediately: true })
      yield* Effect.sleep("300 millis")
      const coordinator = nodes.find(({ statements }) => statements.length > 0)!
      yield* lose(coordinator)
      const begin = performance.now()
      third!.schemaVersion = first!.schemaVersion
      const { info } = yield* Fiber.join(change)
      assert.isTrue(info.schemaInAgreement)
      assert.isBelow(performance.now() - begin, 2_500)
      assert.strictEqual(info.coordinator, coordinator.address)
    }).pipe(Effect.scoped))
}

it.live("a node that hangs delays one question for agreement, and none after it", () =>
  Effect.gen(function*() {
    const nodes = yield* cqlNodes({}, {}, {})
    const session = yield* CassandraSession.make({ contactPoints: [nodes[0]!.address], localDataCenter: "dc1" })
    yield* until("a connection to each node", () => nodes.every(({ open }) => open > 0))
    nodes[1]!.silence({ newOnes: false })
    const begin = performance.now()
    for (let at = 0; at < 15; at++) assert.isTrue(yield* session.schemaAgreement("5 seconds"))
    // Every third question waited for a second.
    assert.isBelow(performance.now() - begin, 3_000)
  }).pipe(Effect.scoped))

it.live("a change of the schema returns at once where its coordinator dies, and no other node is left", () =>
  Effect.gen(function*() {
    const [node, away] = yield* cqlNodes({}, { schemaVersion: another })
    node!.result = () => schemaChangeBody("CREATED", "app", "t")
    yield* away!.stop
    const session = yield* CassandraSession.make({
      contactPoints: [node!.address],
      localDataCenter: "dc1",
      closeTimeout: 500,
      requestTimeout: "20 seconds"
    })
    // A node that is not known to be down disagrees.
    away!.hostId = another
    const change = yield* Effect.forkChild(session.execute([create]), { startImmediately: true })
    yield* Effect.sleep("300 millis")
    assert.isUndefined(change.pollUnsafe())
    yield* node!.stop
    const begin = performance.now()
    const { info } = yield* Fiber.join(change)
    assert.isFalse(info.schemaInAgreement)
    assert.isBelow(performance.now() - begin, 1_000)
  }).pipe(Effect.scoped))

for (const timeout of ["30 days", "Infinity"] as const) {
  it.live(`agreement is awaited for as long as ${timeout}`, () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, { schemaVersion: another })
      const session = yield* CassandraSession.make({ contactPoints: [first!.address], localDataCenter: "dc1" })
      const waiting = yield* Effect.forkChild(session.schemaAgreement(timeout), { startImmediately: true })
      yield* Effect.sleep("300 millis")
      assert.isUndefined(waiting.pollUnsafe())
      second!.schemaVersion = first!.schemaVersion
      assert.isTrue(yield* Fiber.join(waiting))
    }).pipe(Effect.scoped))
}

it.live("agreement that no node can be asked for fails with their reasons, and has written nothing", () =>
  Effect.gen(function*() {
    const [node] = yield* cqlNodes({})
    const session = yield* CassandraSession.make({ contactPoints: [node!.address], localDataCenter: "dc1" })
    yield* node!.stop
    yield* Effect.sleep("100 millis")
    const error = yield* Effect.flip(session.schemaAgreement("1 second"))
    assert.deepStrictEqual([error.outcome, error.attempts, error.reason._tag], ["NotApplied", 0, "NoHostAvailable"])
    assert.include(error.message, node!.address)
  }).pipe(Effect.scoped))
