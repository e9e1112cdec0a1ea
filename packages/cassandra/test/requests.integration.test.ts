import { Batch, PageState, Session, Statement } from "@effect-cql/core"
import * as Simulacron from "@effect-cql/test-server/Simulacron"
import { integration } from "@effect-cql/test-support/server"
import { assert, layer } from "@effect/vitest"
import cassandra from "cassandra-driver"
import { Context, Effect, Layer } from "effect"
import { CassandraSession } from "../src/index.ts"

class Cluster extends Context.Service<Cluster, Simulacron.Cluster>()("test/Cluster") {}

const insert = "INSERT INTO app.t (id, name) VALUES (?, ?)"
const select = "SELECT name FROM app.t WHERE id = ?"

const ClusterLive = Layer.effect(
  Cluster,
  Effect.gen(function*() {
    const cluster = yield* Simulacron.make({ nodes: 2 })
    const nothing = { result: "success", rows: [], column_types: {} }
    yield* cluster.prime({ query: insert, params: { id: "int", name: "ascii" } }, nothing)
    yield* cluster.prime({ query: select, params: { id: "int" } }, nothing)
    return cluster
  })
)

const careful = new cassandra.ExecutionProfile("careful", {
  consistency: cassandra.types.consistencies.eachQuorum,
  serialConsistency: cassandra.types.consistencies.localSerial
})
const { speculativeExecution } = cassandra.policies

// Longer than a busy machine takes for an answer that is not slow on purpose.
const slowness = 2_000

const SessionLive = Layer.unwrap(Effect.map(Cluster, ({ contactPoints, localDataCenter }) =>
  CassandraSession.layer({
    contactPoints,
    localDataCenter,
    clientOptions: {
      profiles: [careful],
      policies: { speculativeExecution: new speculativeExecution.ConstantSpeculativeExecutionPolicy(slowness, 1) }
    }
  }))).pipe(Layer.provideMerge(ClusterLive))

/** Requests of one statement that arrived at the servers, without PREPARE. */
const arrivedOf = Effect.fnUntraced(function*(run: Effect.Effect<unknown, unknown, Session>) {
  const { log } = yield* Cluster
  const before = (yield* log).length
  yield* Effect.exit(run)
  return (yield* log).slice(before).filter(({ type }) => type !== "PREPARE")
})

const theOne = Effect.fnUntraced(function*(run: Effect.Effect<unknown, unknown, Session>) {
  const [only, ...others] = yield* arrivedOf(run)
  assert.isDefined(only)
  assert.lengthOf(others, 0)
  return { ...only!, sent: { ...only!.frame.message, ...only!.frame.message.options } as Record<string, unknown> }
})

const write = (options: Statement.Options) => Statement.make(insert, [1, "x"], options)
const read = (options: Statement.Options) => Statement.make(select, [1], options)

/** An option, the field of the request in which it arrives, and what stands there. */
const table: ReadonlyArray<readonly [Statement.Options, field: string, value: unknown]> = [
  ...(["ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM", "LOCAL_ONE"] as const).map((
    consistency
  ) => [{ consistency }, "consistency", consistency] as const),
  [{}, "consistency", "LOCAL_ONE"],
  [{ serialConsistency: "LOCAL_SERIAL" }, "serial_consistency", "LOCAL_SERIAL"],
  [{ serialConsistency: "SERIAL" }, "serial_consistency", "SERIAL"],
  [{ pageSize: 17 }, "page_size", 17],
  [{}, "page_size", 5_000],
  [{ timestamp: 1_234_567_890_123_456n }, "default_timestamp", 1_234_567_890_123_456],
  [{ timestamp: -5n }, "default_timestamp", -5],
  [{ executionProfile: "careful" }, "consistency", "EACH_QUORUM"],
  [{ executionProfile: "careful" }, "serial_consistency", "LOCAL_SERIAL"],
  [{ executionProfile: "careful", consistency: "TWO" }, "consistency", "TWO"]
]

integration("what arrives at the server", () => {
  layer(SessionLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    for (const [options, field, value] of table) {
      const named = Object.entries(options).map(([name, value]) => `${name} ${value}`).join(", ") || "no option"
      it.effect(`${named}: ${field} ${value}`, () =>
        Effect.gen(function*() {
          assert.strictEqual((yield* theOne(write(options))).sent[field], value)
          if (options.timestamp === undefined) {
            assert.strictEqual((yield* theOne(read(options))).sent[field], value)
            const simple = Statement.make("SELECT name FROM app.t", [], options)
            assert.strictEqual((yield* theOne(simple)).sent[field], value)
          }
          if (field === "page_size") return
          const batch = Batch.make([write({}), write({})], { type: "unlogged", ...options })
          assert.strictEqual((yield* theOne(batch)).sent[field], value)
        }))
    }

    it.effect("values are bytes by the types of the columns, and null is null", () =>
      Effect.gen(function*() {
        const { sent, type } = yield* theOne(Statement.make(insert, [258, "x"]))
        assert.strictEqual(type, "EXECUTE")
        assert.deepStrictEqual(sent["positional_values"], [
          Buffer.from([0, 0, 1, 2]).toString("base64"),
          Buffer.from("x").toString("base64")
        ])
        const other = yield* theOne(Statement.make(insert, [2, null]))
        assert.deepStrictEqual(other.sent["positional_values"], [Buffer.from([0, 0, 0, 2]).toString("base64"), null])
      }))

    it.effect("a page state is where the request goes on", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const { sent } = yield* theOne(session.executePage(read({}), PageState("0a0b")))
        assert.strictEqual(sent["paging_state"], Buffer.from([10, 11]).toString("base64"))
      }))

    it.effect("batches contain their type", () =>
      Effect.gen(function*() {
        for (const type of ["logged", "unlogged", "counter"] as const) {
          const { sent } = yield* theOne(Batch.make([write({})], { type }))
          assert.strictEqual(sent["type"], type === "logged" ? "LOGGED" : type === "unlogged" ? "UNLOGGED" : "COUNTER")
        }
      }))

    it.effect("requestTimeout is how long an answer may take", () =>
      Effect.gen(function*() {
        const { prime } = yield* Cluster
        const slow = "SELECT name FROM app.slow"
        yield* prime({ query: slow }, { result: "success", delay_in_ms: 1_000, rows: [], column_types: {} })
        const begin = performance.now()
        const error = yield* Effect.flip(Statement.make(slow, [], { requestTimeout: "200 millis", retry: "none" }))
        assert.deepInclude(error.reason, { _tag: "RequestTimeout", timeout: 200 })
        assert.isBelow(performance.now() - begin, 900)
      }))

    it.effect("only a read that is idempotent is sent a second time for its slowness", () =>
      Effect.gen(function*() {
        const { prime } = yield* Cluster
        const slow = (query: string) =>
          prime({ query }, { result: "success", delay_in_ms: 2 * slowness, rows: [], column_types: {} })
        const [readText, writeText] = ["SELECT name FROM app.slow2", "INSERT INTO app.slow (id) VALUES (1)"]
        yield* slow(readText)
        yield* slow(writeText)
        const nodesOf = (text: string, idempotent: boolean) =>
          Effect.map(arrivedOf(Statement.make(text, [], { idempotent })), (all) => new Set(all.map(({ node }) => node)))
        assert.strictEqual((yield* nodesOf(readText, true)).size, 2)
        assert.strictEqual((yield* nodesOf(readText, false)).size, 1)
        assert.strictEqual((yield* nodesOf(writeText, true)).size, 1)
      }))
  })
})
