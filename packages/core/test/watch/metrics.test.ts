import {
  Batch,
  CqlError,
  executeConcurrent,
  Limiter,
  PageState,
  Reason,
  RetryPolicy,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { overloaded, statements } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Metric, Schedule, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

/** Gives an effect metrics of its own. */
const measured = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

type Attributes = Readonly<Record<string, string>>

/** The states of a metric, by the values of the attributes that are asked for. */
const states = (id: string, ...names: ReadonlyArray<string>) =>
  Effect.map(
    Metric.snapshot,
    (metrics) =>
      metrics.filter((metric) => metric.id === id).map(({ attributes = {}, state }) => {
        const of: Attributes = attributes as Attributes
        const value = "count" in state ? Number(state.count) : "value" in state ? Number(state.value) : Number.NaN
        return [...names.map((name) => of[name]), value]
      })
  )

const insert = Statement.make("INSERT INTO app.users (id) VALUES (?)", [1])
const select = Statement.make("SELECT id FROM app.users")

const session = MockSession.layer({
  name: "mine",
  latency: "20 millis",
  defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1 }) }) },
  otherwise: MockSession.rows([{ id: 1 }, { id: 2 }]),
  answers: [MockSession.when(/broken/, MockSession.fail(overloaded), { optional: true })]
})

/** Runs an effect for ten seconds of the virtual clock. */
const run = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })

describe("metrics", () => {
  it.effect("time calls by operation, table and reason, on the bounds of the conventions", () =>
    measured(Effect.gen(function*() {
      yield* run(
        Effect.gen(function*() {
          yield* select
          yield* select
          yield* insert
          yield* Batch.make([insert, insert, insert])
          yield* Effect.exit(Statement.make("SELECT id FROM broken"))
        }).pipe(Effect.provide(session))
      )
      assert.deepStrictEqual(
        yield* states(
          "db.client.operation.duration",
          "cql.session.name",
          "db.operation.name",
          "db.namespace",
          "db.collection.name",
          "error.type"
        ),
        [
          ["mine", "SELECT", "app", "users", undefined, 2],
          ["mine", "INSERT", "app", "users", undefined, 1],
          ["mine", "BATCH INSERT", "app", "users", undefined, 1],
          ["mine", "SELECT", undefined, "broken", "Overloaded", 1]
        ]
      )
      const duration = (yield* Metric.snapshot).find(({ id }) => id === "db.client.operation.duration")
      assert.isTrue(duration?.type === "Histogram")
      if (duration?.type !== "Histogram") return
      assert.deepStrictEqual(duration.state.buckets.map(([bound]) => bound), [
        0.001,
        0.005,
        0.01,
        0.05,
        0.1,
        0.5,
        1,
        5,
        10
      ])
      assert.closeTo(duration.state.sum, 0.04, 1e-6)
      assert.deepStrictEqual(yield* states("db.client.response.returned_rows"), [[2]])
      assert.deepStrictEqual(yield* states("cql.batch.size"), [[1]])
    })))

  it.effect("count results by outcome and reason, retries and pages, also of runs", () =>
    measured(Effect.gen(function*() {
      const broken = Statement.make("INSERT INTO broken (id) VALUES (1)")
      yield* run(
        Effect.andThen(
          executeConcurrent([...statements(10), broken, broken], { raiseOnFirstError: false }),
          Session.use((session) =>
            Stream.runDrain(session.stream(Statement.make("SELECT id FROM t", [], { pageSize: 1 })))
          )
        ).pipe(Effect.provide(session))
      )
      assert.sameDeepMembers(yield* states("cql.concurrent.results", "cql.result", "cql.outcome", "error.type"), [
        ["failure", "Unknown", "Overloaded", 2],
        ["success", "Applied", undefined, 12]
      ])
      assert.deepStrictEqual(yield* states("cql.concurrent.retries", "error.type"), [["Overloaded", 2]])
      assert.deepStrictEqual(yield* states("cql.pages"), [[12]])
    })))

  it.effect("count the pages of calls that fail or are interrupted behind them", () =>
    measured(Effect.gen(function*() {
      const session = yield* Session.make({
        send: (request, pageState, done) => {
          const text = request._tag === "Statement" ? request.text : ""
          if (pageState === undefined) done(Exit.succeed({ rows: [], pageState: PageState("next") }))
          else if (text === "SELECT id FROM broken") done(Exit.fail(new CqlError({ reason: overloaded, query: text })))
          return () => done(Exit.succeed({ rows: [] }))
        }
      })
      const broken = Statement.make("SELECT id FROM broken", [], { retry: "none" })
      yield* Effect.exit(session.execute(broken))
      assert.deepStrictEqual(yield* states("cql.pages"), [[1]])
      const fiber = yield* Effect.forkChild(session.execute(select))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* states("cql.pages"), [[2]])
    })))

  it.effect("are complete whenever they are read, without a timer", () =>
    measured(
      Effect.gen(function*() {
        for (let count = 1; count <= 5; count++) {
          yield* insert
          assert.deepStrictEqual(yield* states("cql.concurrent.results"), [[count]])
        }
      }).pipe(Effect.provide(MockSession.layer()))
    ))

  it.effect("show what is in flight, and the results that wait for their consumer", () =>
    measured(
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.all([insert, insert, insert], { concurrency: 3 }))
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* states("cql.concurrent.in_flight"), [[3]])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(yield* states("cql.concurrent.in_flight"), [[0]])
        const slow = streamConcurrent(statements(50), { concurrency: 10, bufferSize: 20 }).pipe(
          Stream.runForEach(() => Effect.sleep("1 minute"))
        )
        const consumer = yield* Effect.forkChild(slow)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* states("cql.concurrent.reorder.buffered"), [[30]])
        yield* Fiber.interrupt(consumer)
        assert.deepStrictEqual(yield* states("cql.concurrent.reorder.buffered"), [[0]])
      }).pipe(Effect.provide(session))
    ))

  it.effect("show the limit, its moves, and the waits for permits", () =>
    measured(Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 2 })
        yield* executeConcurrent(statements(2_000), { limiter, concurrency: 64 })
        const { limit } = yield* limiter.state
        assert.deepStrictEqual(yield* states("cql.concurrent.limit"), [[limit]])
      })
      const fiber = yield* Effect.forkChild(Effect.provide(program, session))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(fiber)
      const moves = yield* states("cql.concurrent.limit.moves", "cql.limit.reason")
      assert.isTrue(
        moves.some(([reason, count]) => reason === "LatencyLow" && Number(count) > 0),
        JSON.stringify(moves)
      )
      const [[waits] = [0]] = yield* states("cql.concurrent.queue.wait")
      assert.isAbove(Number(waits), 1_000)
    })))

  it.effect("distinguish two sessions, and add no series when a session follows another", () =>
    measured(Effect.gen(function*() {
      const both = Effect.gen(function*() {
        const one = yield* MockSession.make()
        const other = yield* MockSession.make()
        for (const { session } of [one, other, other]) yield* session.execute(insert)
      })
      yield* Effect.scoped(both)
      const counts = yield* states("cql.concurrent.results")
      assert.deepStrictEqual(counts, [[1], [2]])
      const names = (yield* states("cql.concurrent.results", "cql.session.name")).map(([name]) => name)
      assert.lengthOf(new Set(names), 2)
      for (let count = 0; count < 10; count++) yield* Effect.scoped(both)
      assert.deepStrictEqual(yield* states("cql.concurrent.results"), [[11], [22]])
      const same = Effect.gen(function*() {
        for (const { session } of [yield* MockSession.make({ name: "x" }), yield* MockSession.make({ name: "x" })]) {
          yield* session.execute(insert)
        }
        assert.deepInclude(yield* states("cql.concurrent.results", "cql.session.name"), ["x", 2])
      })
      yield* Effect.scoped(same)
    })))

  it.effect("have a bounded number of series, whatever a program makes of its texts", () =>
    measured(Effect.gen(function*() {
      yield* Effect.gen(function*() {
        for (let table = 0; table < 1_000; table++) yield* Statement.make(`SELECT id FROM ks${table}.t${table}`)
        for (let value = 0; value < 300; value++) yield* Statement.make(`nonsense${value}`)
      }).pipe(Effect.provide(MockSession.layer()))
      const series = yield* states("db.client.operation.duration", "db.operation.name")
      assert.isBelow(series.length, 210)
      assert.strictEqual(series.reduce((sum, [, count]) => sum + Number(count), 0), 1_300)
      assert.sameMembers([...new Set(series.map(([name]) => name))], ["SELECT", "_OTHER"])
    })))

  it.effect("have the attributes that a program gives to the metrics of its calls", () =>
    measured(
      Effect.gen(function*() {
        yield* insert
        yield* Effect.provideService(insert, Metric.CurrentMetricAttributes, { job: "import" })
        assert.deepStrictEqual(yield* states("cql.concurrent.results", "job"), [[undefined, 1], ["import", 1]])
      }).pipe(Effect.provide(MockSession.layer()))
    ))

  it.effect("do not exist where they are off", () =>
    measured(Effect.gen(function*() {
      const off = MockSession.layer({ metrics: false })
      yield* Effect.andThen(insert, executeConcurrent([insert])).pipe(Effect.provide(off))
      assert.deepStrictEqual(yield* Metric.snapshot, [])
    })))
})

describe("the nodes of a port", () => {
  it.effect("have gauges of their connections, and their events are counted", () =>
    measured(Effect.gen(function*() {
      let emit = (_event: string): void => {}
      let listeners = 0
      const nodes = [
        { address: "10.0.0.1:9042", isUp: true, connections: 2, inFlight: 1 },
        { address: "10.0.0.2:9042", isUp: false, connections: 0, inFlight: 0 }
      ]
      const health = {
        nodes: () => nodes,
        node: (address: string) => address === "10.0.0.1:9042" ? { id: "a", dataCenter: "dc1" } : undefined,
        onEvent: (listener: (event: string) => void) => {
          emit = listener
          listeners++
          return () => {
            listeners--
          }
        }
      }
      yield* Effect.gen(function*() {
        yield* MockSession.make({ health, name: "n" })
        // Before the first call.
        assert.deepStrictEqual(yield* states("cql.node.up", "server.address"), [["10.0.0.1", 1], ["10.0.0.2", 0]])
        emit("node_down")
        emit("node_down")
        nodes.pop()
        assert.deepStrictEqual(yield* states("cql.driver.events", "cql.event"), [["node_down", 2]])
        assert.deepStrictEqual(yield* states("cql.node.in_flight", "server.port"), [["9042", 1], ["9042", 0]])
        assert.deepStrictEqual(
          yield* states("db.client.connection.count", "db.client.connection.pool.name", "db.client.connection.state"),
          [["n", "idle", 1], ["n", "used", 1]]
        )
      }).pipe(Effect.scoped)
      assert.strictEqual(listeners, 0)
    })))
})

describe("the history of an error", () => {
  it.effect("has each failed attempt, with its latency and the wait behind it", () =>
    Effect.gen(function*() {
      const unavailable = new Reason.Unavailable({
        message: "x",
        coordinator: "10.0.0.1:9042",
        consistency: "ALL",
        required: 3,
        alive: 2
      })
      const failing = MockSession.layer({
        latency: "1 second",
        defaults: { retry: RetryPolicy.standard },
        otherwise: MockSession.inTurn(MockSession.fail(unavailable), MockSession.fail(overloaded))
      })
      const error = yield* run(Effect.flip(Effect.provide(select, failing)))
      assert.deepStrictEqual(error.history.map(({ node, reason }) => [node, reason._tag]), [
        ["10.0.0.1:9042", "Unavailable"],
        [undefined, "Overloaded"],
        [undefined, "Overloaded"]
      ])
      assert.strictEqual(error.history.length, error.attempts)
    }))

  it.effect("is bounded, and empty where there was no attempt", () =>
    Effect.gen(function*() {
      const busy = MockSession.layer({
        defaults: {
          retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 50 }), budget: { minimum: 99, share: 1 } })
        },
        otherwise: MockSession.fail(overloaded)
      })
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(select, busy)))
      yield* TestClock.adjust("10 minutes")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.attempts, 51)
      assert.lengthOf(error.history, 21)
      assert.deepStrictEqual(error.history.map(({ delay }) => delay === undefined), [
        ...Array.from({ length: 20 }, () => false),
        true
      ])
      const refused = Statement.make("SELECT id FROM t WHERE a = ?", [])
      assert.deepStrictEqual((yield* Effect.flip(Effect.provide(refused, busy))).history, [])
    }))

  it.effect("does not have the refusal of a session that was closed meanwhile", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { session } = yield* Scope.provide(MockSession.make({ otherwise: MockSession.fail(overloaded) }), scope)
      const retried = Statement.withOptions(select, { retry: RetryPolicy.standard })
      const fiber = yield* Effect.forkChild(Effect.flip(session.execute(retried)))
      const rounds = executeConcurrent([select], {
        raiseOnFirstError: false,
        rounds: Schedule.recurs(1).pipe(Schedule.addDelay(() => Effect.succeed("1 second"))),
        statement: { retry: "none" }
      })
      const run = yield* Effect.forkChild(Effect.provideService(rounds, Session, session))
      yield* TestClock.adjust(0)
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      const [result] = yield* Fiber.join(run)
      for (const error of [yield* Fiber.join(fiber), result!.error!]) {
        assert.strictEqual(error.reason._tag, "SessionClosed")
        assert.strictEqual(error.attempts, 1)
        assert.deepStrictEqual(error.history.map(({ reason }) => reason._tag), ["Overloaded"])
      }
      const { attempts, history } = yield* Effect.flip(session.execute(select))
      assert.deepStrictEqual([attempts, history], [0, []])
    }))
})
