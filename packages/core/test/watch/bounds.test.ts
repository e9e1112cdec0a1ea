/** Metrics under hostile inputs, and over the lives of sessions. */
import {
  Batch,
  CqlError,
  executeConcurrent,
  Limiter,
  Reason,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { statements } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Stream } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"

const measured = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

/** The values of a metric by an attribute: of a histogram, the number of its observations. */
const values = (id: string, name = "") =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics.filter((metric) => metric.id === id).map(({ attributes, state }) => {
      const value = "count" in state ? Number(state.count) : "value" in state ? Number(state.value) : Number.NaN
      return [new Map(Object.entries(attributes ?? {})).get(name), value] as const
    }))

const sum = (values: ReadonlyArray<readonly [unknown, number]>) => values.reduce((sum, [, value]) => sum + value, 0)

const insert = Statement.make("INSERT INTO app.users (id) VALUES (?)", [1])

describe("series", () => {
  it.effect("are bounded for texts, names, operations and batches that a program builds from values", () =>
    measured(Effect.gen(function*() {
      const cases = (word: string, index: number) =>
        Array.from(word, (letter, bit) => (index >> bit) % 2 === 1 ? letter.toLowerCase() : letter).join("")
      yield* Effect.gen(function*() {
        for (let index = 0; index < 2_500; index++) {
          yield* Statement.make(`SELECT id FROM "ks${index}"."t${index}"`)
          yield* Statement.make(`${cases("CREATE MATERIALIZED", index)} VIEW v`)
          yield* Statement.make(`${cases("UPDATE", index)} t${index} SET a = 1 WHERE b = 2`)
          yield* Batch.make([Statement.make(`${cases("DELETE", index)} FROM t${index} WHERE a = 1`), insert])
        }
      }).pipe(Effect.provide(MockSession.layer({ record: false })))
      const series = yield* values("db.client.operation.duration", "db.operation.name")
      assert.isBelow(series.length, 300)
      assert.strictEqual(sum(series), 10_000)
      assert.includeMembers(series.map(([name]) => name), ["CREATE MATERIALIZED", "UPDATE"])
    })))

  it.effect("have names of a bounded length, and so do spans", () =>
    measured(Effect.gen(function*() {
      const long = "😀".repeat(100_000)
      yield* Statement.make(`SELECT id FROM "${long}"."x${long}"`).pipe(Effect.provide(MockSession.layer()))
      const duration = (yield* Metric.snapshot).find(({ id }) => id === "db.client.operation.duration")
      for (const value of Object.values(duration?.attributes ?? {})) {
        assert.isAtMost(String(value).length, 255)
        assert.isTrue(String(value).isWellFormed())
      }
    })))

  it.effect("are bounded for reasons and events that this version does not know", () =>
    measured(Effect.gen(function*() {
      let emit = (_event: string): void => {}
      const health = {
        nodes: () => [],
        node: () => undefined,
        onEvent: (listener: (event: string) => void) => {
          emit = listener
          return () => {}
        }
      }
      let count = 0
      const later = () =>
        Effect.suspend(() => {
          const reason = Object.assign(new Reason.Overloaded({ message: "x" }), { _tag: `Later${count++}` })
          return Effect.fail(new CqlError({ query: "", reason }))
        })
      yield* Effect.gen(function*() {
        for (let index = 0; index < 10_000; index++) emit(`event${index}`)
        yield* executeConcurrent(statements(1_000), { raiseOnFirstError: false })
      }).pipe(Effect.provide(MockSession.layer({ health, otherwise: later, record: false })))
      const results = yield* values("cql.concurrent.results", "error.type")
      assert.deepStrictEqual(results.filter(([type]) => type !== undefined), [["_OTHER", 1_000]])
      const events = yield* values("cql.driver.events", "cql.event")
      assert.strictEqual(sum(events), 10_000)
      assert.isAtMost(events.length, 51)
    })))

  it.effect("exist when they are first read, and count from zero", () =>
    measured(Effect.gen(function*() {
      const failing = MockSession.layer({
        answers: [
          MockSession.when(/broken/, MockSession.fail(new Reason.Overloaded({ message: "busy" })), { optional: true })
        ],
        otherwise: MockSession.rows([])
      })
      yield* Effect.gen(function*() {
        yield* Effect.exit(Statement.make("SELECT a FROM broken"))
        yield* insert
        assert.sameDeepMembers(yield* values("cql.concurrent.results", "cql.result"), [["success", 1], ["failure", 1]])
        assert.deepStrictEqual(yield* values("cql.pages"), [[undefined, 1]])
      }).pipe(Effect.provide(failing))
    })))

  it.effect("are those of equal attributes, whichever object holds them", () =>
    measured(
      Effect.gen(function*() {
        for (let index = 0; index < 100; index++) {
          yield* Effect.provideService(insert, Metric.CurrentMetricAttributes, { job: "import" })
        }
        const slow = Statement.make("SELECT slow FROM t")
        const fiber = yield* Effect.forkChild(
          Effect.provideService(slow, Metric.CurrentMetricAttributes, { job: "import" })
        )
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* values("cql.concurrent.in_flight", "job"), [["import", 1]])
        assert.deepStrictEqual(yield* values("cql.concurrent.results", "job"), [["import", 100]])
        yield* Fiber.interrupt(fiber)
      }).pipe(
        Effect.provide(MockSession.layer({
          answers: [MockSession.when(/slow/, MockSession.never)],
          otherwise: MockSession.rows([])
        }))
      )
    ))

  it.effect("of requests in flight add up over the attributes of calls", () =>
    measured(
      Effect.gen(function*() {
        const of = (job: string, call: Effect.Effect<unknown, unknown, Session>) =>
          Effect.forkChild(Effect.provideService(call, Metric.CurrentMetricAttributes, { job }))
        const one = yield* of("one", Effect.all([insert, insert], { concurrency: 2 }))
        const other = yield* of("other", executeConcurrent(statements(9), { concurrency: 3 }))
        const third = yield* Effect.forkChild(insert)
        yield* TestClock.adjust(1)
        const inFlight = values("cql.concurrent.in_flight", "job")
        assert.sameDeepMembers(yield* inFlight, [["one", 2], ["other", 3], [undefined, 1]])
        yield* Effect.forEach([one, other], Fiber.interrupt)
        assert.sameDeepMembers(yield* inFlight, [["one", 0], ["other", 0], [undefined, 1]])
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(third)
        assert.strictEqual(sum(yield* inFlight), 0)
      }).pipe(Effect.provide(MockSession.layer({ latency: "1 second" })))
    ))

  it.effect("stay right for more sets of attributes than a session keeps counts for", () =>
    measured(
      Effect.gen(function*() {
        for (let round = 0; round < 3; round++) {
          for (let job = 0; job < 30; job++) {
            yield* Effect.provideService(insert, Metric.CurrentMetricAttributes, { job: String(job) })
          }
        }
        const results = yield* values("cql.concurrent.results", "job")
        assert.isTrue(results.every(([, count]) => count === 3), JSON.stringify(results))
        assert.lengthOf(results, 30)
      }).pipe(Effect.provide(MockSession.layer()))
    ))
})

describe("the gauges of a session", () => {
  const health = {
    nodes: () => [{ address: "10.0.0.1:9042", isUp: true, connections: 3, inFlight: 1 }],
    node: () => undefined,
    onEvent: () => () => {}
  }
  const gauges = [
    "cql.concurrent.in_flight",
    "cql.concurrent.limit",
    "cql.concurrent.reorder.buffered",
    "cql.node.up",
    "cql.node.in_flight",
    "db.client.connection.count"
  ]

  it.effect("are zero once it has closed, and right again when it is opened once more", () =>
    measured(Effect.gen(function*() {
      const sizes = new Set<number>()
      for (let round = 0; round < 3; round++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const { session } = yield* MockSession.make({ health, name: "app", otherwise: MockSession.rows([{ a: 1 }]) })
          const limiter = yield* Limiter.fixed(2)
          yield* Stream.runDrain(streamConcurrent(statements(20), { limiter })).pipe(session.provide)
          assert.deepStrictEqual(yield* values("cql.node.up"), [[undefined, 1]])
          assert.deepStrictEqual(yield* values("cql.concurrent.limit"), [[undefined, 2]])
          assert.strictEqual(sum(yield* values("db.client.connection.count")), 3)
        }))
        for (const gauge of gauges) {
          const found = yield* values(gauge)
          assert.isNotEmpty(found, gauge)
          assert.isTrue(found.every(([, value]) => value === 0), gauge)
        }
        sizes.add((yield* Metric.snapshot).length)
      }
      assert.strictEqual(sizes.size, 1)
      assert.deepStrictEqual(yield* values("cql.concurrent.results"), [[undefined, 60]])
    })))

  it.effect("stay those of a node that is up, whichever attributes calls have", () =>
    measured(
      Effect.gen(function*() {
        for (let job = 0; job < 30; job++) {
          yield* Effect.provideService(insert, Metric.CurrentMetricAttributes, { job: String(job) })
        }
        assert.deepStrictEqual(yield* values("cql.node.up", "job"), [[undefined, 1]])
      }).pipe(Effect.provide(MockSession.layer({ health })))
    ))

  it.effect("of nodes are not read at the end of each run", () =>
    measured(Effect.gen(function*() {
      let reads = 0
      const counting = {
        ...health,
        nodes: () => {
          reads++
          return health.nodes()
        }
      }
      const session = MockSession.layer({ health: counting, record: false })
      yield* Effect.provide(Effect.forEach(Array.from({ length: 100 }), () => runConcurrent([insert])), session)
      assert.isBelow(reads, 5)
    })))

  it.effect("count what comes after the end of the session, and keep nothing of it", () =>
    measured(Effect.gen(function*() {
      const { session } = yield* Effect.scoped(MockSession.make({ name: "app" }))
      for (let count = 1; count <= 3; count++) {
        const call = Effect.exit(session.execute(insert))
        yield* count === 2 ? Effect.provideService(call, Metric.CurrentMetricAttributes, { job: "late" }) : call
      }
      assert.deepInclude(yield* values("cql.concurrent.results", "error.type"), ["SessionClosed", 2])
    })))
})

describe("counts", () => {
  it.effect("are exact after an interruption, and for runs of no statements", () =>
    measured(Effect.gen(function*() {
      let answered = 0
      const session = MockSession.layer({
        name: "app",
        otherwise: () => answered++ < 7 ? Effect.succeed({ rows: [] }) : Effect.never
      })
      yield* Effect.gen(function*() {
        yield* executeConcurrent([])
        yield* runConcurrent(new Set<Statement.Input>())
        yield* Stream.runDrain(streamConcurrent([]))
        const fiber = yield* Effect.forkChild(
          executeConcurrent(statements(20).map((each) => Statement.withOptions(each, { idempotent: true })), {
            concurrency: 5
          })
        )
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* values("cql.concurrent.in_flight"), [[undefined, 5]])
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* values("cql.concurrent.in_flight"), [[undefined, 0]])
        assert.deepStrictEqual(yield* values("cql.concurrent.results", "cql.result"), [
          ["success", 7],
          ["interrupted", 5]
        ])
      }).pipe(Effect.provide(session))
    })))
})

describe("the text for Prometheus", () => {
  it.effect("escapes names, has buckets that add up, and one type for each name", () =>
    measured(Effect.gen(function*() {
      const session = MockSession.layer({ name: "a \"quoted\"\\\nname", otherwise: MockSession.rows([{ a: 1 }]) })
      const hostile = Statement.make("SELECT a FROM \"t\\ \"\"x\"\"\n}\"")
      yield* Effect.provide(
        Session.use((session) => Effect.forEach([hostile, hostile, insert], (each) => session.execute(each))),
        session
      )
      const lines = (yield* PrometheusMetrics.format()).split("\n").filter((line) => line !== "")
      const sample = /^[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (?:[\d.e+-]+|\+Inf|NaN)$/
      for (const line of lines) assert.isTrue(line.startsWith("# ") || sample.test(line), line)
      const types = lines.filter((line) => line.startsWith("# TYPE"))
      assert.strictEqual(new Set(types).size, types.length)
      const buckets = lines.filter((line) =>
        line.startsWith("db_client_operation_duration_bucket") && line.includes("SELECT")
      )
      const counts = buckets.map((line) => Number(line.split(" ").at(-1)))
      assert.lengthOf(buckets, 10)
      assert.deepStrictEqual(counts, counts.toSorted((a, b) => a - b))
      assert.include(buckets.at(-1), "le=\"+Inf\"")
      assert.strictEqual(counts.at(-1), 2)
    })))
})
