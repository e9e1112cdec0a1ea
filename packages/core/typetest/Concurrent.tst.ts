import {
  Batch,
  type CqlError,
  type DeadlineExceeded,
  type ErrorBudget,
  type ErrorBudgetExhausted,
  executeConcurrent,
  executeConcurrentBy,
  executeConcurrentWithArgs,
  type ExecutionResult,
  Query,
  type ResultSet,
  runConcurrent,
  runConcurrentBy,
  type Session,
  type SourceError,
  Statement,
  StatementFailed,
  streamConcurrent,
  streamConcurrentBy,
  streamConcurrentWithArgs,
  type Summary
} from "@effect-cql/core"
import type * as Concurrent from "@effect-cql/core/Concurrent"
import { type Duration, type Effect, Schedule, Schema, Stream } from "effect"
import { describe, expect, test } from "tstyche"

interface User {
  readonly name: string
}
interface Mine {
  readonly _tag: "Mine"
}
interface Needed {
  readonly _: unique symbol
}
type Untyped = Record<string, unknown>
type Success<Row, Item = Statement.Statement<Row>> = ExecutionResult.Success<Row, Item>
type Result<Row, Item = Statement.Statement<Row>> = ExecutionResult.ExecutionResult<Row, Item>
type ValueOf<Run> = Run extends Effect.Effect<ReadonlyArray<{ readonly value?: infer Value }>, infer _E, infer _R> ?
  Value
  : never

const nameById = Query.make("SELECT name FROM app.users WHERE id = ?", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ name: Schema.String })
})
const insert = Query.make("INSERT INTO app.users (id, name) VALUES (:id, :name)", {
  params: Schema.Struct({ id: Schema.Int, name: Schema.String })
})
declare const array: ReadonlyArray<Statement.Statement<User>>
declare const iterable: Iterable<Statement.Statement<User>>
declare const asyncIterable: AsyncIterable<Statement.Statement<User>>
declare const stream: Stream.Stream<Statement.Statement<User>, Mine, Needed>
declare const parameters: ReadonlyArray<readonly [number]>
declare const ids: Stream.Stream<{ readonly id: number }, Mine, Needed>
declare const someday: boolean
declare const failed: StatementFailed
declare const mixed: StatementFailed | Mine
declare const soon: Duration.Input | undefined
declare const maybe: ErrorBudget | undefined

describe("executeConcurrent", () => {
  test("an array fails with StatementFailed, or cannot fail", () => {
    expect(executeConcurrent(array)).type.toBe<Effect.Effect<Array<Success<User>>, StatementFailed, Session>>()
    expect(executeConcurrent(array, { concurrency: 5 })).type.toBe<
      Effect.Effect<Array<Success<User>>, StatementFailed, Session>
    >()
    expect(executeConcurrent(array, { raiseOnFirstError: true })).type.toBe<
      Effect.Effect<Array<Success<User>>, StatementFailed, Session>
    >()
    expect(executeConcurrent(array, { raiseOnFirstError: false })).type.toBe<
      Effect.Effect<Array<Result<User>>, never, Session>
    >()
  })

  test("a boolean not known at compile time gives results and StatementFailed", () => {
    expect(executeConcurrent(array, { raiseOnFirstError: someday })).type.toBe<
      Effect.Effect<Array<Result<User>>, StatementFailed, Session>
    >()
  })

  test("an error budget adds that it may be exhausted", () => {
    const errorBudget = { failures: 5 }
    expect(executeConcurrent(array, { raiseOnFirstError: false, errorBudget })).type.toBe<
      Effect.Effect<Array<Result<User>>, ErrorBudgetExhausted<User>, Session>
    >()
    expect(executeConcurrent(iterable, { raiseOnFirstError: false, errorBudget: { share: 0.1, window: 100 } })).type
      .toBe<Effect.Effect<Array<Result<User>>, ErrorBudgetExhausted<User> | SourceError, Session>>()
    expect(streamConcurrent(array, { raiseOnFirstError: false, errorBudget, ordered: false })).type.toBe<
      Stream.Stream<Result<User>, ErrorBudgetExhausted<User>, Session>
    >()
    expect(runConcurrent(array, { raiseOnFirstError: false, errorBudget: { failures: 5 } })).type.toBe<
      Effect.Effect<Summary, ErrorBudgetExhausted<User>, Session>
    >()
    expect(executeConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: false, errorBudget: { share: 1 } })
    expect(executeConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: false, errorBudget: 5 })
    expect(executeConcurrent).type.not.toBeCallableWith(array, { errorBudget })
    expect<Concurrent.OptionsOf<"array", true, { failures: number }, undefined>["errorBudget"]>().type
      .toBeAssignableTo<Concurrent.BudgetNeedsCollectMode>()
    expect(executeConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: someday, errorBudget })
    expect(executeConcurrent(array, { raiseOnFirstError: false, errorBudget: undefined })).type.toBe<
      Effect.Effect<Array<Result<User>>, never, Session>
    >()
    expect(executeConcurrent(array, { raiseOnFirstError: false, errorBudget: maybe })).type.toBe<
      Effect.Effect<Array<Result<User>>, ErrorBudgetExhausted<User>, Session>
    >()
  })

  test("a deadline adds that it may be exceeded", () => {
    expect(executeConcurrent(array, { raiseOnFirstError: false, deadline: "5 minutes" })).type.toBe<
      Effect.Effect<Array<Result<User>>, DeadlineExceeded<User>, Session>
    >()
    expect(streamConcurrent(iterable, { deadline: soon })).type.toBe<
      Stream.Stream<Success<User>, StatementFailed | DeadlineExceeded<User> | SourceError, Session>
    >()
    expect(runConcurrent({ deadline: 5_000 })(array)).type.toBe<
      Effect.Effect<Summary, StatementFailed | DeadlineExceeded<User>, Session>
    >()
    expect(executeConcurrent(array, { deadline: undefined })).type.toBe<
      Effect.Effect<Array<Success<User>>, StatementFailed, Session>
    >()
    expect(executeConcurrent).type.not.toBeCallableWith(array, { deadline: "soon" })
  })

  test("rounds are for arrays of results in collect mode", () => {
    const rounds = Schedule.spaced("1 second")
    expect(executeConcurrent(array, { raiseOnFirstError: false, rounds })).type.toBe<
      Effect.Effect<Array<Result<User>>, never, Session>
    >()
    expect(executeConcurrent).type.not.toBeCallableWith(array, { rounds })
    expect(executeConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: someday, rounds })
    expect(streamConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: false, rounds })
    expect(runConcurrent).type.not.toBeCallableWith(array, { raiseOnFirstError: false, rounds })
  })

  test("other sources add what they can fail with, and need", () => {
    expect(executeConcurrent(iterable)).type.toBe<
      Effect.Effect<Array<Success<User>>, StatementFailed | SourceError, Session>
    >()
    expect(executeConcurrent(asyncIterable, { raiseOnFirstError: false })).type.toBe<
      Effect.Effect<Array<Result<User>>, SourceError, Session>
    >()
    expect(executeConcurrent(stream, { raiseOnFirstError: false })).type.toBe<
      Effect.Effect<Array<Result<User>>, Mine, Session | Needed>
    >()
  })

  test("inline tuples are inputs, and bring the row type of their query", () => {
    const texts = executeConcurrent([["SELECT now() FROM system.local"], ["SELECT a FROM b WHERE c = ?", [1]]])
    expect<ValueOf<typeof texts>>().type.toBe<ResultSet.ResultSet<Untyped>>()
    const queries = executeConcurrent([[nameById, [1]]])
    expect<ValueOf<typeof queries>>().type.toBe<ResultSet.ResultSet<User>>()
    expect(executeConcurrent([nameById(1), nameById(2)])).type.toBe<
      Effect.Effect<Array<Success<User>>, StatementFailed, Session>
    >()
    expect(executeConcurrent([Batch.make([insert({ id: 1, name: "ada" })])])).type.toBe<
      Effect.Effect<Array<Success<Untyped, Batch.Batch>>, StatementFailed, Session>
    >()
  })

  test("misspelt options and things that are no statements are refused", () => {
    expect(executeConcurrent).type.not.toBeCallableWith(array, { concurency: 5 })
    expect(executeConcurrent).type.not.toBeCallableWith(array, { ordered: true })
    expect(executeConcurrent).type.not.toBeCallableWith("SELECT 1")
    expect(executeConcurrent).type.not.toBeCallableWith([1, 2])
  })
})

describe("data-last forms", () => {
  test("take options, and then the source", () => {
    expect(stream.pipe(streamConcurrent({ concurrency: 50 }))).type.toBe<
      Stream.Stream<Success<User>, StatementFailed | Mine, Session | Needed>
    >()
    expect(stream.pipe(streamConcurrent({ raiseOnFirstError: false, ordered: false }))).type.toBe<
      Stream.Stream<Result<User>, Mine, Session | Needed>
    >()
    expect(executeConcurrent({ raiseOnFirstError: false })(array)).type.toBe<
      Effect.Effect<Array<Result<User>>, never, Session>
    >()
    expect(runConcurrent({ raiseOnFirstError: false, errorBudget: { failures: 5 } })(iterable)).type.toBe<
      Effect.Effect<Summary, ErrorBudgetExhausted<User> | SourceError, Session>
    >()
    expect(executeConcurrent({ concurrency: 50 })).type.not.toBeCallableWith("SELECT 1")
    expect(executeConcurrent).type.not.toBeCallableWith({ concurency: 5 })
    expect(executeConcurrent).type.not.toBeCallableWith({ errorBudget: { failures: 5 } })
    expect(executeConcurrent).type.not.toBeCallableWith(Promise.resolve([]))
  })

  test("results narrow when they are destructured", () => {
    const { error, value } = {} as Result<User>
    if (error === undefined) expect(value).type.toBe<ResultSet.ResultSet<User>>()
    else expect(error).type.toBe<CqlError>()
  })
})

describe("executeConcurrentWithArgs", () => {
  test("parameters have the type of the query's schema, and rows that of its rows", () => {
    expect(executeConcurrentWithArgs(nameById, parameters)).type.toBe<
      Effect.Effect<Array<Success<User, readonly [number]>>, StatementFailed, Session>
    >()
    expect(executeConcurrentWithArgs(nameById, [[1], [2]])).type.toBeAssignableTo<
      Effect.Effect<Array<Success<User, readonly [number]>>, StatementFailed, Session>
    >()
    expect(executeConcurrentWithArgs(insert, [{ id: 1, name: "ada" }], { raiseOnFirstError: false })).type
      .toBeAssignableTo<Effect.Effect<Array<Result<Untyped, { readonly id: number }>>, never, Session>>()
    expect(executeConcurrentWithArgs).type.not.toBeCallableWith(nameById, [["one"]])
    expect(executeConcurrentWithArgs).type.not.toBeCallableWith(insert, [{ id: 1 }])
  })

  test("a text takes anything that can be bound", () => {
    expect(executeConcurrentWithArgs("INSERT INTO t (a) VALUES (?)", [[1], ["x"], null])).type.toBeAssignableTo<
      Effect.Effect<Array<Success<Untyped, unknown>>, StatementFailed, Session>
    >()
  })
})

describe("items and a function", () => {
  test("results have the type of their item, and the rows of the statement made of it", () => {
    expect(streamConcurrentBy(ids, ({ id }) => nameById(id))).type.toBe<
      Stream.Stream<Success<User, { readonly id: number }>, StatementFailed | Mine, Session | Needed>
    >()
    expect(executeConcurrentBy(parameters, ([id], index) => [nameById, [id + index]], { raiseOnFirstError: false }))
      .type
      .toBe<Effect.Effect<Array<Result<User, readonly [number]>>, never, Session>>()
    expect(runConcurrentBy(ids, ({ id }) => ["SELECT a FROM b WHERE c = ?", [id]])).type.toBe<
      Effect.Effect<Summary, StatementFailed | Mine, Session | Needed>
    >()
    expect(executeConcurrentBy).type.not.toBeCallableWith(ids, () => "SELECT 1")
    expect(executeConcurrentBy).type.not.toBeCallableWith(5, () => nameById(1))
    expect(executeConcurrentBy).type.not.toBeCallableWith([1], (text: string) => nameById(text.length))
  })
})

describe("streams and counts", () => {
  test("streamConcurrent", () => {
    expect(streamConcurrent(array, { ordered: false })).type.toBe<
      Stream.Stream<Success<User>, StatementFailed, Session>
    >()
    expect(streamConcurrent(stream, { raiseOnFirstError: false, bufferSize: 0 })).type.toBe<
      Stream.Stream<Result<User>, Mine, Session | Needed>
    >()
    expect(streamConcurrentWithArgs(nameById, Stream.make([1] as const))).type.toBe<
      Stream.Stream<Success<User, readonly [1]>, StatementFailed, Session>
    >()
  })

  test("runConcurrent", () => {
    expect(runConcurrent(array, { raiseOnFirstError: false })).type.toBe<Effect.Effect<Summary, never, Session>>()
    expect(runConcurrent(asyncIterable)).type.toBe<
      Effect.Effect<Summary, StatementFailed | SourceError, Session>
    >()
  })
})

describe("statements", () => {
  test("a query is called with its parameters", () => {
    expect(nameById(1)).type.toBe<Statement.Statement<User>>()
    expect(insert({ id: 1, name: "ada" })).type.toBe<Statement.Statement<Untyped>>()
    expect(nameById).type.not.toBeCallableWith("one")
    expect(insert).type.not.toBeCallableWith({ id: 1 })
    const count = Query.make("SELECT count(*) AS n FROM app.users", { params: Schema.Tuple([]) })
    expect(count).type.toBeCallableWith()
    expect(count).type.not.toBeCallableWith(1)
    expect(count).type.not.toBeCallableWith({ id: 1 })
  })

  test("an error of a run becomes that of its statement", () => {
    expect(StatementFailed.toCqlError(failed)).type.toBe<CqlError>()
    expect(StatementFailed.toCqlError(mixed)).type.toBe<CqlError | Mine>()
  })

  test("parameters of two shapes are a union, and tuples of two lengths as well", () => {
    const either = Query.make("SELECT 1", {
      params: Schema.Union([Schema.Tuple([Schema.Int]), Schema.Tuple([Schema.Int, Schema.String])])
    })
    expect(either).type.toBeCallableWith(1)
    expect(either).type.toBeCallableWith(1, "ada")
    expect(either).type.not.toBeCallableWith("ada")
  })

  test("a row type comes from a schema", () => {
    const statement = Statement.make("SELECT name FROM app.users")
    expect(statement).type.toBe<Statement.Statement<Untyped>>()
    expect(Statement.withRow(statement, Schema.Struct({ name: Schema.String }))).type.toBe<Statement.Statement<User>>()
  })
})

describe("a query that is made within the call", () => {
  class Account extends Schema.Class<Account>("Account")({ id: Schema.Int, name: Schema.String }) {}
  const accounts: ReadonlyArray<Account> = []

  test("has the types of its schemas, as one that has a name", () => {
    const named = Query.make("INSERT", { params: Account, row: Account })
    expect(executeConcurrentWithArgs(Query.make("INSERT", { params: Account, row: Account }), accounts)).type.toBe(
      executeConcurrentWithArgs(named, accounts)
    )
    expect(executeConcurrentWithArgs(Query.make("INSERT", { params: Account }), accounts)).type.toBe<
      Effect.Effect<Array<Success<Untyped, Account>>, StatementFailed, Session>
    >()
    expect(
      streamConcurrentWithArgs(Query.make("SELECT", { params: Account, row: Account }), Stream.fromIterable(accounts))
    )
      .type.toBe<Stream.Stream<Success<Account, Account>, StatementFailed, Session>>()
    expect(executeConcurrentWithArgs(Query.make("SELECT"), [[1]])).type.not.toRaiseError()
  })
})
