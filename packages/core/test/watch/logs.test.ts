import {
  Batch,
  CqlError,
  executeConcurrent,
  Reason,
  type ResultSet,
  runConcurrent,
  Session,
  Statement
} from "@effect-cql/core"
import type { ExecutePort, Port, SendPort } from "@effect-cql/core/Port"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Effect, Exit, Fiber, Layer, Logger, Metric, Redacted, References } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"

/** Runs an effect, and gives the lines that it logged with their annotations. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const lines: Array<{ readonly text: string; readonly level: string; readonly annotations: unknown }> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      lines.push({
        text: String(message),
        level: logLevel,
        annotations: fiber.getRef(References.CurrentLogAnnotations)
      })
    })
    const exit = yield* Effect.exit(Effect.provide(effect, Logger.layer([logger])))
    return { exit, lines }
  })

/** A session that answers with this information. */
const answering = (info: (index: number) => ResultSet.Info) => {
  let index = 0
  return MockSession.layer({
    name: "app",
    record: false,
    otherwise: () => Effect.succeed({ rows: [], info: info(index++) })
  })
}

describe("warnings of the server", () => {
  it.effect("of 50,000 batches are one line at the end of the run, and a metric", () =>
    Effect.gen(function*() {
      const batches = Array.from({ length: 50_000 }, (_, id) =>
        Batch.make([["INSERT INTO app.t (id) VALUES (?)", [id]]], { type: "unlogged" }))
      const session = answering((index) => ({
        warnings: [`Unlogged batch covering ${1 + index % 90} partitions detected against table [app.t]`]
      }))
      const { exit, lines } = yield* logged(runConcurrent(batches).pipe(Effect.provide(session)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.lengthOf(lines, 1)
      assert.include(lines[0]!.text, "50000 warnings")
      assert.strictEqual(lines[0]!.level, "Warn")
      assert.deepStrictEqual(lines[0]!.annotations, { "cql.session.name": "app", "cql.server.warnings": 50_000 })
      const metric = (yield* Metric.snapshot).find(({ id }) =>
        id === "cql.server.warnings"
      )
      assert.isTrue(metric?.type === "Counter" && metric.state.count === 50_000)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("of many kinds are one line as well", () =>
    Effect.gen(function*() {
      const statements = Array.from({ length: 1_000 }, () => Statement.make("SELECT 1"))
      const kinds = "abcdefghijklmnopqrstuvwxyz"
      const session = answering((index) => ({ warnings: [`${kinds[index % 26]!}${kinds[index % 25]!} is large`] }))
      const { lines } = yield* logged(executeConcurrent(statements).pipe(Effect.provide(session)))
      assert.lengthOf(lines, 1)
      assert.include(lines[0]!.text, "1000 warnings")
    }))
})

describe("events of the driver", () => {
  /** A session whose driver has these events when the first statement is sent. */
  const having = (events: ReadonlyArray<string>, options?: MockSession.Options) => {
    let emit = (_event: string): void => {}
    return MockSession.layer({
      ...options,
      name: "app",
      health: {
        nodes: () => [],
        node: () => undefined,
        onEvent: (listener) => {
          emit = listener
          return () => {}
        }
      },
      otherwise: (_, { attempt }) =>
        Effect.sync(() => {
          for (const event of attempt === 1 ? events : []) emit(event)
          return { rows: [] }
        })
    })
  }
  const run = executeConcurrent([Statement.make("SELECT a FROM t")])

  it.effect("during a run are one line at its end", () =>
    Effect.gen(function*() {
      const events = ["node_down", "node_up", "node_down"]
      for (const metrics of [true, false]) {
        const { lines } = yield* logged(run.pipe(Effect.provide(having(events, { metrics }))))
        assert.deepStrictEqual(lines, [{
          text: "The driver had 3 events during the run: 2 x node_down, 1 x node_up",
          level: "Warn",
          annotations: { "cql.session.name": "app", "cql.driver.events": 3 }
        }])
      }
      const { lines } = yield* logged(run.pipe(Effect.provide(having(["node_up"]))))
      assert.deepStrictEqual(lines.map(({ level }) => level), ["Info"])
    }))

  it.effect("are logged by one of several runs at once, and by none where none is under way", () =>
    Effect.gen(function*() {
      const session = having(["node_down"])
      const twice = Effect.all([run, run], { concurrency: 2 })
      const fiber = yield* Effect.forkChild(
        logged(twice.pipe(Effect.provide(having(["node_down"], { latency: 5 }))))
      )
      yield* TestClock.adjust("1 second")
      assert.lengthOf((yield* Fiber.join(fiber)).lines, 1)
      const alone = Effect.andThen(Statement.make("SELECT a FROM t"), Statement.make("SELECT b FROM t"))
      assert.lengthOf((yield* logged(alone.pipe(Effect.provide(session)))).lines, 0)
    }))
})

describe("log lines", () => {
  /** A port of its own, for a scripted session has no keyspace: it answers reads, and fails writes. */
  const broken: ExecutePort = {
    name: "app",
    keyspace: "shop",
    capacity: Effect.succeed(1),
    closeTimeout: 0,
    execute: (request) =>
      request._tag === "Statement" && request.text.startsWith("SELECT")
        ? Effect.succeed({ rows: [] })
        : Effect.fail(
          new CqlError({
            query: "",
            reason: new Reason.Overloaded({ message: "busy", coordinator: "10.0.0.1:9043" })
          })
        )
  }
  const own = { "cql.session.name": "app", "db.namespace": "shop" }
  const linesOf = <A, E>(effect: Effect.Effect<A, E, Session>, port: Port = broken) =>
    Effect.map(
      logged(Effect.provide(effect, Layer.effect(Session, Session.make(port)))),
      ({ lines }) => lines.map(({ annotations, level, text }) => [level, annotations, text.slice(0, 40)])
    )

  it.effect("name the session, its keyspace, the statement, the node and the code", () =>
    Effect.gen(function*() {
      const counter = Statement.make("UPDATE other.hits SET n = n + 4711 WHERE id = 's3cret'")
      const lines = yield* linesOf(Effect.exit(counter))
      assert.deepStrictEqual(lines.map(([level, annotations]) => [level, annotations]), [["Info", {
        "cql.session.name": "app",
        "db.operation.name": "UPDATE",
        "db.namespace": "other",
        "db.collection.name": "hits",
        "error.type": "Overloaded",
        "db.response.status_code": "0x1001",
        "server.address": "10.0.0.1",
        "server.port": 9043
      }]])
      const whole = (yield* logged(Effect.provide(Effect.exit(counter), Layer.effect(Session, Session.make(broken)))))
        .lines.map(({ text }) => text).join()
      assert.include(whole, "UPDATE other.hits SET n = n + ? WHERE id = ?")
      const mixed = Statement.make(`UPDATE hits SET n = n + ?, a = '${"s3cret ".repeat(9_999)}' WHERE id = 471147`, [1])
      const { lines: [line] } = yield* logged(
        Effect.provide(Effect.exit(mixed), Layer.effect(Session, Session.make(broken)))
      )
      assert.include(line?.text, "UPDATE hits SET n = n + ?, a = ? WHERE id = ?")
    }))

  it.effect("of runs name the session", () =>
    Effect.gen(function*() {
      const select = Statement.make("SELECT a FROM t")
      const closingBadly: Iterable<typeof select> = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: 1 as never }),
          return: () => {
            throw new Error("closed badly")
          }
        })
      }
      const runs: ReadonlyArray<readonly [Effect.Effect<unknown, unknown, Session>, string]> = [
        [executeConcurrent([select], { concurrency: 5 }), "concurrency 5 is above the capacity of the sessi"],
        [Effect.exit(runConcurrent(closingBadly)), "closing the source of a run failed"],
        [executeConcurrent([select], { onProgress: () => Effect.die("mine") }), "onProgress failed"]
      ]
      for (const [run, text] of runs) {
        assert.deepStrictEqual(yield* linesOf(run), [["Warn", own, text.slice(0, 40)]])
      }
      const throwing: SendPort = {
        name: "app",
        keyspace: "shop",
        closeTimeout: 0,
        send: () => () => {
          throw new Error("mine")
        }
      }
      const lines = yield* linesOf(
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(executeConcurrent([select]))
          yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
        }),
        throwing
      )
      assert.deepStrictEqual(lines[0], ["Warn", own, "a port could not abandon a request"])
    }))
})

describe("lines that would repeat", () => {
  it.effect("are logged once for a handler of progress that always fails, and counted at the end", () =>
    Effect.gen(function*() {
      const slow = MockSession.layer({ latency: "1 second" })
      const selects = Array.from({ length: 10 }, () => Statement.make("SELECT a FROM t"))
      const run = executeConcurrent(selects, { concurrency: 1, onProgress: () => Effect.die("mine") })
      const fiber = yield* Effect.forkChild(logged(Effect.provide(run, slow)))
      yield* TestClock.adjust("1 minute")
      const { exit, lines } = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(lines.map(({ level, text }) => `${level}: ${text}`), [
        "Warn: onProgress failed",
        "Warn: onProgress failed 11 times during the run"
      ])
    }))

  it.effect("are logged once for a concurrency above the capacity, however many runs there are", () =>
    Effect.gen(function*() {
      const run = (concurrency: number) => runConcurrent([Statement.make("SELECT a FROM t")], { concurrency })
      const runs = Effect.forEach([5, 6, 5, 6, 5, 1], run)
      const { lines } = yield* logged(Effect.provide(runs, MockSession.layer({ capacity: 2 })))
      assert.deepStrictEqual(
        lines.map(({ text }) => text),
        [5, 6].map((concurrency) => `concurrency ${concurrency} is above the capacity of the session: running at 2`)
      )
    }))

  it.effect("are logged once for a port that cannot abandon its requests", () =>
    Effect.gen(function*() {
      const throwing: SendPort = {
        closeTimeout: 0,
        send: () => () => {
          throw new Error("mine")
        }
      }
      const run = Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(
          executeConcurrent(Array.from({ length: 50 }, () => Statement.make("SELECT a FROM t")))
        )
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      })
      const { lines } = yield* logged(Effect.provide(run, Layer.effect(Session, Session.make(throwing))))
      assert.lengthOf(lines.filter(({ text }) => text === "a port could not abandon a request"), 1)
    }))
})

describe("the errors of runs", () => {
  const failing = (cause: unknown) =>
    MockSession.layer({ otherwise: MockSession.fail(new Reason.ServerError({ message: "the server failed", cause })) })

  const insert = Statement.make("INSERT INTO t (a) VALUES (?)", ["s3cret"])
  const runs: ReadonlyArray<Effect.Effect<unknown, unknown, Session>> = [
    executeConcurrent([insert]),
    runConcurrent([insert]),
    executeConcurrent([insert], { raiseOnFirstError: false, errorBudget: { failures: 1 } })
  ]

  it.effect("show the error of the driver, in Cause.pretty and in a log", () =>
    Effect.gen(function*() {
      const driver = Object.assign(new Error("from the driver"), { name: "ResponseError" })
      for (const run of runs) {
        const exit = yield* Effect.exit(Effect.provide(run, failing(driver)))
        assert.isTrue(Exit.isFailure(exit))
        if (Exit.isSuccess(exit)) continue
        const shown = Cause.pretty(exit.cause)
        assert.include(shown, "[cause]: ResponseError: from the driver")
        assert.notInclude(shown, "s3cret")
        const loggers: ReadonlyArray<Logger.Logger<unknown, unknown>> = [
          Logger.formatSimple,
          Logger.formatLogFmt,
          Logger.formatJson,
          Logger.formatStructured,
          Logger.defaultLogger,
          Logger.consolePretty({ mode: "tty" })
        ]
        for (const [index, logger] of loggers.entries()) {
          const written: Array<unknown> = []
          const write = (...line: ReadonlyArray<unknown>) => written.push(...line)
          const capture = Logger.make((options) => written.push(logger.log(options)))
          const console = { ...globalThis.console, log: write, group: write, groupEnd: () => {} }
          yield* Effect.logError("the run failed", exit.cause).pipe(
            Effect.provide(Logger.layer([capture])),
            Effect.provideService(Console.Console, console)
          )
          const line = written.map((part) => typeof part === "string" ? part : inspect(part, { depth: 9 })).join(" ")
          assert.include(line, "from the driver", `logger ${index}`)
          assert.notInclude(line, "s3cret", `logger ${index}`)
        }
      }
    }))

  it.effect("show no driver's error that quotes a value", () =>
    Effect.gen(function*() {
      for (const run of runs) {
        const exit = yield* Effect.exit(Effect.provide(run, failing(Redacted.make(new Error("s3cret")))))
        if (Exit.isSuccess(exit)) assert.fail("expected a failure")
        else assert.notInclude(Cause.pretty(exit.cause), "s3cret")
      }
    }))
})
