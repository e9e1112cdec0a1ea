import { executeConcurrent, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { policies } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { fakeClient, nothing, type Script, unprepared } from "./support/fakeClient.ts"
import { scalar } from "./support/resultFrames.ts"
import { until } from "./support/until.ts"

const speculativeExecution = Object.assign(new policies.speculativeExecution.NoSpeculativeExecutionPolicy(), {
  newPlan: () => ({ nextExecution: () => 20 })
})

/** Opens a session and replaces its connections. The driver sends `USE` on the first ones only. */
const reconnect = (nodes: ReadonlyArray<CqlNode>) =>
  Effect.gen(function*() {
    const session = yield* CassandraSession.make({
      contactPoints: [nodes[0]!.address],
      localDataCenter: "dc1",
      keyspace: "app",
      closeTimeout: 500,
      clientOptions: {
        policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(50), speculativeExecution }
      }
    })
    yield* until("connections to all", () => nodes.every(({ open }) => open > 0))
    const before = nodes.map(({ opened }) => opened)
    for (const node of nodes) node.cut()
    yield* until("other connections", () => nodes.every(({ opened }, index) => opened > before[index]!))
    yield* until(
      "the driver's notice of them",
      Effect.map(session.capacity, (capacity) => (capacity ?? 0) > 2_000 * nodes.length)
    )
    return session
  })

const read = Statement.make("SELECT id FROM t", [], { retry: "none" })

/** Reads at once, and returns the names of their errors. */
const readAll = (session: Session["Service"], count: number) =>
  Effect.provideService(
    executeConcurrent(Array.from({ length: count }, () => read), { concurrency: count, raiseOnFirstError: false }),
    Session,
    session
  ).pipe(Effect.map((results) => results.flatMap(({ error }) => error === undefined ? [] : [error.message])))

describe("a request under speculative executions", () => {
  it.live("waits for the keyspace of its connection where no further node is left", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({})
      const [node] = nodes
      const session = yield* reconnect(nodes)
      node!.delay = 100
      assert.deepStrictEqual(yield* readAll(session, 50), [])
      assert.lengthOf(node!.statements, 50)
    }).pipe(Effect.scoped))

  it.live("waits for the keyspace of its connection where the next node refuses it", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {})
      const session = yield* reconnect(nodes)
      nodes[0]!.delay = 150
      nodes[1]!.ignores = (query) => {
        if (!query.startsWith("USE ")) return false
        nodes[1]!.cut()
        return true
      }
      assert.deepStrictEqual(yield* readAll(session, 10), [])
      assert.lengthOf(nodes[0]!.statements, 10)
      assert.lengthOf(nodes[1]!.statements, 0)
    }).pipe(Effect.scoped))
})

const select = "SELECT name FROM app.users WHERE id = ?"

const withFake = <A, E>(
  script: Script,
  use: (fake: ReturnType<typeof fakeClient>) => Effect.Effect<A, E, Session>
) => {
  const fake = fakeClient({
    columns: { [select]: [{ name: "id", type: scalar("int") }] },
    hosts: ["a:9042", "b:9042"],
    options: { policies: { speculativeExecution } },
    ...script
  })
  return Effect.scoped(
    Effect.flatMap(
      CassandraSession.fromClient(fake.client, { defaults: { retry: "none" } }),
      (session) => Effect.provideService(use(fake), Session, session)
    )
  )
}

const later = <A>(value: A, millis: number) => new Promise<A>((resolve) => setTimeout(() => resolve(value), millis))

const closed = { driver: Object.assign(new Error("Socket was closed"), { isSocketError: true }) }

describe("a speculative execution", () => {
  it.live("that finds no node, because the plan throws, leaves the first copy on its way", () =>
    withFake({ answer: () => later(nothing, 100) }, ({ hosts, profile, seen }) =>
      Effect.gen(function*() {
        let given = 0
        const next = () => {
          if (given === 1) throw new TypeError("no rack")
          return { done: false, value: hosts[given++] }
        }
        profile.loadBalancing.newQueryPlan = (_keyspace, options, done) =>
          done(undefined, options === null ? hosts.values() : { next } as Iterator<unknown>)
        yield* Statement.make(select, [1])
        assert.deepStrictEqual(seen.map(({ host }) => host), ["a:9042"])
      })))

  it.live("that cannot be prepared on its node leaves the first copy on its way", () => {
    let prepares = 0
    const script: Script = {
      answer: (seen) => seen.host === "b:9042" && seen._tag === "Execute" ? unprepared(seen.id) : later(nothing, 100),
      prepare: () => prepares++ === 0 ? undefined : closed
    }
    return withFake(script, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(select, [1])
        assert.deepStrictEqual(seen.map(({ host }) => host), ["a:9042", "b:9042"])
      }))
  })
})
