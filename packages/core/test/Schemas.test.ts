/** Transfer between processes: through JSON and back, with rows by a schema, and never with parameters. */
import {
  Batch,
  Consistency,
  CqlError,
  executeConcurrent,
  ExecutionResult,
  Outcome,
  PageState,
  Reason,
  Settlement,
  Statement
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const secret = "s3cret-value"
const throughJson = <A, E>(schema: Schema.Codec<A, E>, value: A) =>
  Effect.gen(function*() {
    const json = JSON.stringify(yield* Schema.encodeEffect(schema)(value))
    assert.notInclude(json, secret)
    return yield* Schema.decodeUnknownEffect(schema)(JSON.parse(json))
  })

const reasons = Schema.Struct({
  message: Schema.String,
  coordinator: Schema.optional(Schema.String),
  consistency: Consistency,
  received: Schema.Int,
  blockFor: Schema.Int,
  dataPresent: Schema.Boolean,
  written: Schema.optional(Schema.Boolean),
  outcome: Outcome.Outcome,
  attempts: Schema.Int,
  isRetryable: Schema.Boolean,
  name: Schema.String
})

/** A reason of every kind, with the fields that an arbitrary record has. */
const reasonsOf = (a: typeof reasons.Type): ReadonlyArray<Reason.Reason> => {
  const { blockFor, consistency, coordinator, dataPresent, message, name, received } = a
  const common = { message, coordinator, cause: new Error(secret) }
  const replicas = { ...common, consistency, received, blockFor }
  const failures = { ...replicas, failures: received, failuresByNode: { [name]: 1 } }
  const simple = [
    Reason.ServerError,
    Reason.ProtocolError,
    Reason.AuthenticationFailed,
    Reason.Overloaded,
    Reason.IsBootstrapping,
    Reason.TruncateError,
    Reason.SyntaxError,
    Reason.Unauthorized,
    Reason.InvalidQuery,
    Reason.ConfigError,
    Reason.Unprepared,
    Reason.InvalidPageState,
    Reason.SessionClosed,
    Reason.UnknownError
  ].map((Class) => new Class(common))
  const closed = new Reason.ConnectionClosed({ ...common, host: name, written: a.written })
  return [
    ...simple,
    new Reason.Unavailable({ ...common, consistency, required: blockFor, alive: received }),
    new Reason.WriteTimeout({ ...replicas, writeType: name }),
    new Reason.ReadTimeout({ ...replicas, dataPresent }),
    new Reason.ReadFailure({ ...failures, dataPresent }),
    new Reason.WriteFailure({ ...failures, writeType: "CAS" }),
    new Reason.FunctionFailure({ ...common, keyspace: name, function: name, argTypes: [name] }),
    new Reason.CdcWriteFailure(replicas),
    new Reason.CasWriteUnknown(replicas),
    new Reason.AlreadyExists({ ...common, keyspace: name, table: name }),
    new Reason.RequestTimeout({ ...common, host: name, timeout: received }),
    closed,
    new Reason.Busy({ ...common, inFlight: received }),
    new Reason.NoHostAvailable({ ...common, hosts: [{ host: name, reason: closed }, { host: name }] }),
    new Reason.ParametersRefused({ ...common, parameter: received, given: name }),
    new Reason.RowDecoding({ ...common, row: received, column: name, issue: name }),
    new Reason.RowDecoding({ ...common, row: received, issue: name, applied: false }),
    new Reason.ConnectFailed({ ...common, hosts: [{ host: name, reason: closed }], check: name })
  ]
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("a schema of this package", () => {
  it.effect.prop("takes every reason through JSON", [reasons], ([fields]) =>
    Effect.gen(function*() {
      for (const reason of reasonsOf(fields)) {
        const back = yield* throughJson(Reason.schema, reason)
        assert.strictEqual(back.constructor, reason.constructor)
        assert.deepStrictEqual(plain(back), plain(reason))
        assert.isUndefined(back.cause)
      }
    }), { arbitrary: { runs: 30 } })

  it.effect.prop(
    "takes every error through JSON, with its outcome and timestamp",
    [reasons],
    ([fields]) =>
      Effect.gen(function*() {
        const statement = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [1, secret])
        for (const reason of reasonsOf(fields)) {
          const error = yield* Effect.flip(statement).pipe(
            Effect.provide(MockSession.layer({ otherwise: MockSession.fail(reason) }))
          )
          const back = yield* throughJson(CqlError.schema, error)
          assert.instanceOf(back, CqlError)
          assert.deepStrictEqual([plain(back), back.timestamp], [plain(error), error.timestamp])
          assert.strictEqual(back.message, error.message)
        }
      }),
    { arbitrary: { runs: 5 } }
  )

  const Row = Schema.Struct({ id: Schema.Int, at: Schema.BigIntFromString })
  const select = Statement.make("SELECT id, at FROM app.users WHERE name = ?", [secret], { pageSize: 5 }).pipe(
    Statement.withRow(Row)
  )
  const batch = Batch.make([["INSERT INTO app.users (name) VALUES (?)", [secret]]], { type: "unlogged" })
  const failing = Statement.make("INSERT INTO app.broken (name) VALUES (?)", [secret])
  const session = MockSession.layer({
    lenient: true,
    answers: [
      MockSession.when(/SELECT/, MockSession.rows([{ id: 1, at: "5" }, { id: 2, at: "6" }])),
      MockSession.when(/broken/, MockSession.fail(new Reason.RequestTimeout({ message: "no answer", timeout: 5 })))
    ]
  })

  it.effect("takes results through JSON: rows by the schema, statements without their parameters", () =>
    Effect.gen(function*() {
      const [first] = yield* executeConcurrent([select], { raiseOnFirstError: false })
      const back = yield* throughJson(ExecutionResult.schema(Row), first!)
      assert.strictEqual(back._tag, "Success")
      assert.deepStrictEqual(back.value?.rows, first?.value?.rows)
      assert.deepStrictEqual([back.statement.text, back.statement.options.pageSize], [select.text, 5])
      const refused = yield* Effect.flip(back.statement)
      assert.deepStrictEqual([refused.reason._tag, refused.attempts], ["ParametersRefused", 0])
      assert.include(refused.message, "decoded without its parameters")
    }).pipe(Effect.provide(session)))

  it.effect("takes failures and batches through JSON", () =>
    Effect.gen(function*() {
      const Untyped = ExecutionResult.schema(Schema.Record(Schema.String, Schema.Unknown))
      const results = yield* executeConcurrent([failing, batch], { raiseOnFirstError: false })
      const [failed, done] = yield* Effect.forEach(results, (result) => throughJson(Untyped, result))
      assert.deepStrictEqual([failed?._tag, failed?.outcome, failed?.error?.reason._tag], [
        "Failure",
        "Unknown",
        "RequestTimeout"
      ])
      assert.deepStrictEqual([done?.statement._tag, done?.statement.text], ["Batch", batch.text])
    }).pipe(Effect.provide(session)))

  it.effect("takes settlements through JSON, parts of batches included", () =>
    Effect.gen(function*() {
      const lost = Batch.make([failing, failing])
      const results = yield* executeConcurrent([lost], { raiseOnFirstError: false })
      const [settlement] = yield* Settlement.settle(results)
      const back = yield* throughJson(Settlement.schema, settlement!)
      assert.isTrue(Settlement.isSettlement(back))
      assert.deepStrictEqual(plain(back), plain(settlement))
      assert.lengthOf(back.parts, 2)
    }).pipe(Effect.provide(session)))

  it.effect("refuses what is none", () =>
    Effect.gen(function*() {
      for (const json of [undefined, {}, { _tag: "Overloaded" }, { _tag: "Nothing", message: "x" }]) {
        assert.isTrue((yield* Effect.result(Schema.decodeUnknownEffect(Reason.schema)(json)))._tag === "Failure")
      }
      assert.strictEqual(yield* Schema.decodeUnknownEffect(PageState.schema)("abc"), PageState("abc"))
      assert.strictEqual((yield* Effect.result(Schema.decodeUnknownEffect(PageState.schema)("")))._tag, "Failure")
    }))
})
