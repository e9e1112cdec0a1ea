import { type Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { ExecutionProfile, policies } from "cassandra-driver"
import { Effect, Result } from "effect"
import { CassandraSession } from "../src/index.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { fakeClient, nothing, unprepared } from "./support/fakeClient.ts"
import { scalar } from "./support/resultFrames.ts"
import { until } from "./support/until.ts"

const connect = (nodes: ReadonlyArray<CqlNode>, clientOptions: CassandraSession.Options["clientOptions"] = {}) =>
  Effect.tap(
    CassandraSession.make({
      contactPoints: [nodes[0]!.address],
      localDataCenter: "dc1",
      keyspace: "app",
      closeTimeout: 500,
      clientOptions: {
        ...clientOptions,
        policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(50) }
      }
    }),
    (session) => connected(session, nodes)
  )

/** Waits until the driver has a connection to each node. */
const connected = (session: Session["Service"], nodes: ReadonlyArray<CqlNode>) =>
  Effect.andThen(
    until("connections to all", () => nodes.every(({ open }) => open > 0)),
    until(
      "the capacity of them",
      Effect.map(session.capacity, (capacity) => (capacity ?? 0) > 2_000 * nodes.length)
    )
  )

const write = Statement.make("INSERT INTO t (id) VALUES (1)", [], { requestTimeout: "400 millis", retry: "none" })

/** Writes one after the other, and returns the outcomes of those that failed. */
const failures = (session: Session["Service"], count: number) =>
  Effect.gen(function*() {
    const outcomes: Array<string> = []
    for (let written = 0; written < count; written++) {
      const result = yield* Effect.result(session.execute(write))
      if (Result.isFailure(result)) outcomes.push(result.failure.outcome)
    }
    return outcomes
  })

/** The first failure finds the node. A busy machine may add another. Without a mark each turn of the node would fail. */
const assertAvoided = (outcomes: ReadonlyArray<string>) => {
  assert.isAtMost(outcomes.length, 2)
  assert.isTrue(outcomes.every((outcome) => outcome === "NotApplied"))
}

describe("a node that hangs before a request on it is written", () => {
  it.live(
    "because its connection has no keyspace yet is asked last, and in its turn once it answers",
    () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {}, {})
        const hung = nodes[1]!
        const session = yield* connect(nodes)
        const { opened } = hung
        hung.cut()
        yield* until("another connection", () => hung.opened > opened)
        yield* connected(session, nodes)
        hung.silence({ newOnes: false })
        assertAvoided(yield* failures(session, 18))
        hung.speak()
        yield* Effect.sleep("100 millis")
        assert.deepStrictEqual(hung.statements, [])
        yield* failures(session, 6)
        assert.isAbove(hung.statements.length, 0)
      }).pipe(Effect.scoped),
    20_000
  )

  it.live("because it reads nothing is asked last", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {})
      const hung = nodes[1]!
      const loadBalancing = new policies.loadBalancing.AllowListPolicy(
        new policies.loadBalancing.RoundRobinPolicy(),
        [hung.address]
      )
      const session = yield* connect(nodes, { profiles: [new ExecutionProfile("hung", { loadBalancing })] })
      yield* failures(session, 6)
      hung.stopReading()
      // More than the buffers of both sockets take.
      const text = `INSERT INTO t (id, v) VALUES (1, '${"v".repeat(24 << 20)}')`
      const large = Statement.make(text, [], { executionProfile: "hung", requestTimeout: "1 minute", retry: "none" })
      yield* Effect.forkScoped(Effect.ignore(session.execute(large)))
      yield* Effect.sleep("200 millis")
      assertAvoided(yield* failures(session, 12))
    }).pipe(Effect.scoped), 20_000)

  it.live("because a statement has to be prepared on it again is not asked again by the retries of that statement", () => {
    const insert = "INSERT INTO app.users (id) VALUES (?)"
    let prepares = 0
    const fake = fakeClient({
      columns: { [insert]: [{ name: "id", type: scalar("int") }] },
      hosts: ["a:9042", "b:9042"],
      answer: (seen) => seen.host === "a:9042" && seen._tag === "Execute" ? unprepared(seen.id) : nothing,
      prepare: () => prepares++ === 0 ? undefined : "none"
    })
    return Effect.gen(function*() {
      const session = yield* CassandraSession.fromClient(fake.client, { requestTimeout: "200 millis" })
      yield* session.execute([insert, [1]])
      assert.deepStrictEqual(fake.seen.map(({ host }) => host), ["a:9042", "b:9042"])
    }).pipe(Effect.scoped)
  })
})
