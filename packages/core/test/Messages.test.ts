/** Messages of mistakes that programs make in their first hour. */
import {
  executeConcurrent,
  executeConcurrentWithArgs,
  type InvalidOptions,
  Query,
  Reason,
  RetryPolicy,
  runConcurrent,
  type Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { defectOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  Cause,
  DateTime,
  Duration,
  Effect,
  Exit,
  Option,
  Redacted,
  Result,
  Schedule,
  Schema,
  Stream
} from "effect"

const insert = Query.make("INSERT INTO t (id, name)\n  VALUES (:id, :name)", {
  params: Schema.Struct({ id: Schema.Int, name: Schema.String })
})
const byId = Query.make("SELECT *\n  FROM t\n  WHERE id = ?", { params: Schema.Tuple([Schema.Int]) })

/** A value that the compiler would refuse. */
const given = (value: unknown) => value as ReadonlyArray<Statement.Input>

const mistakeOf = (run: Effect.Effect<unknown, unknown, Session>) =>
  Effect.map(Effect.exit(run), (exit) => String(defectOf(exit)))
const messageOf = (run: Effect.Effect<unknown, { readonly message: string }, Session>) =>
  Effect.map(Effect.flip(run), ({ message }) => message)
const failingWith = (reason: Reason.Reason) =>
  MockSession.layer({ otherwise: MockSession.fail(reason), defaults: { retry: "none" } })

describe("a message says what to do", () => {
  it.effect("about a query that is not called, and a statement that stands alone", () =>
    Effect.gen(function*() {
      assert.include(yield* mistakeOf(executeConcurrent(given([byId]))), "a Query that is not bound: call it with")
      assert.include(yield* mistakeOf(executeConcurrent(given(byId(1)))), "yield* it, or put it into an array")
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("about a parameter whose name is misspelt", () =>
    Effect.gen(function*() {
      const message = yield* messageOf(insert({ id: 1, nmae: "ada" } as never))
      assert.include(
        message,
        "parameter name: Missing key, given: undefined. No parameter is called nmae: correct the name."
      )
      assert.include(yield* messageOf(insert({ id: 1 } as never)), "parameter name: Missing key, given: undefined [")
      const hidden = yield* messageOf(insert({ id: 1, "ada@example.org": "x" } as never))
      assert.include(hidden, "No parameter is called <key>")
      assert.notInclude(hidden, "ada@")
      const wrong = yield* messageOf(insert({ id: 1, name: 5, other: "x" } as never))
      assert.notInclude(wrong, "other")
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("about a value of Effect in place of a plain one", () =>
    Effect.gen(function*() {
      const values = {
        DateTime: DateTime.makeUnsafe(0),
        Option: Option.some("ada"),
        Duration: Duration.seconds(1),
        BigDecimal: BigDecimal.fromNumberUnsafe(1),
        Redacted: Redacted.make("ada"),
        Result: Result.succeed("ada"),
        Effect: Effect.succeed("ada"),
        Object: { name: "ada" },
        Date: new Date(0)
      }
      for (const [kind, value] of Object.entries(values)) {
        const message = yield* messageOf(insert({ id: 1, name: value } as never))
        assert.match(message, new RegExp(`, given: ${kind} `))
        assert.notInclude(message, "ada")
      }
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("with 0 attempts where nothing was sent, on one line, and without an outcome for a read", () =>
    Effect.gen(function*() {
      const refused = yield* messageOf(insert({ id: 1, name: 5 } as never))
      assert.include(refused, "(NotApplied, 0 attempts)")
      const read = yield* messageOf(byId(1)).pipe(
        Effect.provide(failingWith(new Reason.Overloaded({ message: "a\nb" })))
      )
      assert.match(read, /\[SELECT \* FROM t WHERE id = \?\] \(1 attempt\)$/)
      assert.match(yield* messageOf(byId("1" as never)), /given: string \[SELECT .*\] \(0 attempts\)$/)
      // An adapter knows the types of the columns, and which nodes are there.
      const unsent = [
        new Reason.ParametersRefused({ message: "parameter 1 (column name): expected text, given: number" }),
        new Reason.NoHostAvailable({ message: "no host is connected", hosts: [] }),
        new Reason.NoHostAvailable({ message: "no host answered", hosts: [{ host: "a:9042" }] }),
        new Reason.ConnectionClosed({ message: "closed", written: false }),
        new Reason.InvalidPageState({ message: "page state: expected one of this statement" })
      ]
      const retry = RetryPolicy.make({ schedule: Schedule.recurs(2), while: () => true })
      for (const reason of unsent) {
        const error = yield* Effect.flip(insert({ id: 1, name: "ada" }).pipe(Statement.withOptions({ retry }))).pipe(
          Effect.provide(failingWith(reason))
        )
        assert.deepInclude(error, { attempts: 0, outcome: "NotApplied" }, reason._tag)
      }
      const sent = new Reason.NoHostAvailable({
        message: "no host answered",
        hosts: [{ host: "a:9042", reason: new Reason.IsBootstrapping({ message: "x" }) }]
      })
      const tried = yield* Effect.flip(insert({ id: 1, name: "ada" })).pipe(Effect.provide(failingWith(sent)))
      assert.strictEqual(tried.attempts, 1)
      for (const message of [refused, read]) assert.notInclude(message, "\n")
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("about a count and an empty collection that a schema did not expect", () =>
    Effect.gen(function*() {
      const row = (schema: Schema.Codec<unknown, unknown>, value: unknown) =>
        messageOf(Statement.make("SELECT c FROM t").pipe(Statement.withRow(Schema.Struct({ c: schema })))).pipe(
          Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ c: value }]) }))
        )
      assert.include(yield* row(Schema.Int, 1n), "given: bigint. A bigint, counter or count(*) is a bigint")
      assert.include(yield* row(Schema.ReadonlySet(Schema.String), null), "An empty collection reads as null")
    }))

  it.effect("with the call of the verb in the stack of an invalid option or source", () =>
    Effect.gen(function*() {
      function inMyProgram(): ReadonlyArray<Effect.Effect<unknown, unknown, Session>> {
        return [
          executeConcurrent([], { concurrency: 0 }),
          runConcurrent([], { concurrencyLevel: 5 } as object),
          Stream.runDrain(streamConcurrent([], { bufferSize: -1 })),
          executeConcurrentWithArgs(5 as never, []),
          executeConcurrent(given("SELECT 1")),
          executeConcurrent({ concurrency: 0 })([])
        ]
      }
      for (const run of inMyProgram()) {
        const exit = yield* Effect.exit(run)
        const defect = defectOf(exit) as InvalidOptions
        assert.strictEqual(defect._tag, "InvalidOptions")
        assert.include(defect.stack ?? "", "inMyProgram")
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "inMyProgram")
      }
    }).pipe(Effect.provide(MockSession.layer())))
})
