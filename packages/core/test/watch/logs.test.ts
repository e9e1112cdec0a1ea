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
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, Metric, Redacted, References } from "effect"

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
  return Layer.effect(
    Session,
    Session.make({
      send: (_request, _pageState, done) => {
        done(Exit.succeed({ rows: [], info: info(index++) }))
        return () => {}
      }
    })
  )
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
      assert.deepStrictEqual(lines[0]!.annotations, { "cql.server.warnings": 50_000 })
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

describe("the errors of runs", () => {
  const failing = (cause: unknown) =>
    Layer.effect(
      Session,
      Session.make({
        execute: (request) =>
          Effect.fail(
            new CqlError({
              query: request._tag === "Statement" ? request.text : "",
              reason: new Reason.ServerError({ message: "the server failed", cause })
            })
          ),
        defaults: { retry: "none" }
      })
    )

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
