import { Batch, executeConcurrent, Query, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Effect, Exit, Fiber, pipe, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { MockSession } from "../src/index.ts"

const byId = Query.make("SELECT name FROM app.users WHERE id = ?", { params: Schema.Tuple([Schema.Int]) })
const insert = Query.make("INSERT INTO app.users (id, name) VALUES (?, ?)")
const users = "CREATE TABLE app.users (id int PRIMARY KEY, name text)"
const ada = MockSession.rows([{ name: "ada" }])

/** The defect that an effect with a mock session ends with. */
const defectOf = <A, E>(
  options: MockSession.Options,
  use: Effect.Effect<A, E, Session | MockSession.MockSession>
): Effect.Effect<string> =>
  Effect.map(
    Effect.exit(Effect.scoped(Effect.flatMap(MockSession.make(options), ({ mock, session }) =>
      Effect.provideService(Effect.provideService(use, Session, session), MockSession.MockSession, mock)))),
    (exit) =>
      Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "none"
  )

describe("a strict session", () => {
  it.effect("dies of a statement that nothing answers, with the nearest text and what differs", () =>
    Effect.gen(function*() {
      const answers = [
        MockSession.when(byId, ada),
        MockSession.when("DELETE FROM app.posts WHERE id = ?", MockSession.rows([]))
      ]
      const message = yield* defectOf({ answers }, Statement.make("SELECT name FROM app.users WHERE uid = ?", [1]))
      assert.include(message, "no answer for: SELECT name FROM app.users WHERE uid = ?")
      assert.include(message, "The nearest scripted text is: SELECT name FROM app.users WHERE id = ?")
      assert.include(message, "expected \"id = ?\", got \"uid = ?\"")
    }))

  it.effect("says which parameters differ where the text is the same, and not their values", () =>
    Effect.gen(function*() {
      const message = yield* defectOf({ answers: [MockSession.when(byId, ada, { params: [4321] })] }, byId(1234))
      assert.include(message, "An answer with this text binds other parameters: parameter 0 differs")
      assert.notMatch(message, /4321|1234/)
    }))

  it.effect("dies at the end of its scope of answers that nothing asked for", () =>
    Effect.gen(function*() {
      const answers = [MockSession.when(byId, ada), MockSession.when(insert, MockSession.rows([]))]
      assert.include(yield* defectOf({ answers }, byId(1)), "INSERT INTO app.users (id, name) VALUES (?, ?)")
      const optional = [MockSession.when(byId, ada), MockSession.when(insert, MockSession.rows([]), { optional: true })]
      assert.strictEqual(yield* defectOf({ answers: optional }, byId(1)), "none")
      assert.strictEqual(yield* defectOf({ answers, lenient: true }, byId(1)), "none")
      assert.notInclude(yield* defectOf({ answers }, Effect.fail("of its own")), "scripted with answers")
    }))

  it.effect("normalises white space, commas and semicolons of texts", () =>
    Effect.gen(function*() {
      const answers = [MockSession.when("SELECT a,b FROM t WHERE k IN ( ?,? ) ;", ada)]
      assert.strictEqual(
        yield* defectOf({ answers }, Statement.make("SELECT a, b FROM t WHERE k IN (?, ?)", [1, 2])),
        "none"
      )
    }))

  it.effect("holds statements against tables", () =>
    Effect.gen(function*() {
      const options = { tables: [users], otherwise: ada }
      assert.strictEqual(yield* defectOf(options, byId(1)), "none")
      assert.include(yield* defectOf(options, Statement.make("SELECT nam FROM app.users")), "Undefined column name nam")
      assert.include(yield* defectOf(options, insert("one", "ada")), "expected int")
      assert.include(
        yield* defectOf(options, Statement.make("SELECT * FROM app.users WHERE name = 'x'")),
        "ALLOW FILTERING"
      )
      assert.include(
        yield* defectOf(options, Batch.make([insert(1, "a"), ["DELETE FROM app.users WHERE name = 'x'"]])),
        "Non PRIMARY KEY columns"
      )
    }))
})

describe("replies", () => {
  const three = Effect.all([Effect.exit(byId(1)), Effect.exit(byId(1)), Effect.exit(byId(1))])
  const succeeded = (answer: MockSession.Reply) =>
    Effect.map(three, (exits) => exits.map(Exit.isSuccess)).pipe(
      Effect.provide(MockSession.layer({ answers: [MockSession.when(byId, answer)], otherwise: ada }))
    )

  it.effect("stand for the nth request, and for every nth", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* succeeded(MockSession.nth(MockSession.overloaded(), 2)), [true, false, true])
      assert.deepStrictEqual(yield* succeeded(MockSession.every(MockSession.readTimeout(), 2)), [true, false, true])
      const piped = [MockSession.nth(2), MockSession.every(2), MockSession.sometimes(1, { seed: 7 })]
      const answers = yield* Effect.forEach(piped, (when) => succeeded(pipe(MockSession.overloaded(), when)))
      assert.deepStrictEqual(answers, [[true, false, true], [true, false, true], [false, false, false]])
    }))

  it.effect("stand for a share of them that follows from the seed", () =>
    Effect.gen(function*() {
      const failing = (seed: number) =>
        Effect.map(
          executeConcurrent(Array.from({ length: 100 }, (_, id) => byId(id)), { raiseOnFirstError: false }),
          (results) => results.flatMap(({ _tag, index }) => _tag === "Failure" ? [index] : [])
        ).pipe(Effect.provide(MockSession.layer({
          answers: [MockSession.when(byId, MockSession.sometimes(MockSession.serverError(), 0.2, { seed }))],
          otherwise: ada
        })))
      const first = yield* failing(1)
      assert.deepStrictEqual(first, yield* failing(1))
      assert.isTrue(first.length > 5 && first.length < 40)
      assert.notDeepEqual(first, yield* failing(2))
    }))

  it.effect("fail with every short reason", () =>
    Effect.gen(function*() {
      const replies = {
        WriteTimeout: MockSession.writeTimeout(),
        ReadTimeout: MockSession.readTimeout(),
        Unavailable: MockSession.unavailable(),
        Overloaded: MockSession.overloaded(),
        ServerError: MockSession.serverError(),
        WriteFailure: MockSession.writeFailure(),
        ReadFailure: MockSession.readFailure(),
        CasWriteUnknown: MockSession.casWriteUnknown(),
        RequestTimeout: MockSession.requestTimeout(),
        ConnectionClosed: MockSession.connectionClosed(),
        InvalidQuery: MockSession.invalidQuery()
      }
      for (const [tag, otherwise] of Object.entries(replies)) {
        const error = yield* Effect.flip(insert(1, "a")).pipe(Effect.provide(MockSession.layer({ otherwise })))
        assert.strictEqual(error.reason._tag, tag)
      }
    }))

  it.effect("go on when their request has been given up", () =>
    Effect.gen(function*() {
      const all = Statement.make("SELECT * FROM app.users")
      const write = Statement.make("INSERT INTO app.users (id) VALUES (1)", [], { requestTimeout: "1 second" })
      const fiber = yield* Effect.forkChild(Effect.flip(write))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "RequestTimeout")
      assert.strictEqual((yield* all).length, 0)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* all).length, 1)
    }).pipe(Effect.provide(MockSession.memory([users], {
      answers: [MockSession.when(/^INSERT/, MockSession.late("1 minute"))]
    }))))

  it.effect("take times of a distribution, the same for the same seed", () =>
    Effect.gen(function*() {
      const latency = MockSession.randomLatency({ mean: 10, min: 5, seed: 1 })
      const order = Effect.gen(function*() {
        const mock = yield* MockSession.MockSession
        const fiber = yield* Effect.forkChild(executeConcurrent(Array.from({ length: 50 }, (_, id) => byId(id))))
        yield* TestClock.adjust(4)
        assert.strictEqual(yield* mock.inFlight, 50)
        yield* TestClock.adjust(16)
        const half = yield* mock.inFlight
        assert.isTrue(half > 3 && half < 30)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
      })
      yield* order.pipe(Effect.provide(MockSession.layer({ latency })))
    }))
})

describe("rows of a query", () => {
  const Name = Schema.Struct({ first: Schema.String, seen: Schema.DateTimeUtcFromDate })
  const named = Query.make("SELECT first_name, seen FROM app.users WHERE id = ?", {
    params: Schema.Tuple([Schema.Int]),
    row: Name.pipe(Schema.encodeKeys({ first: "first_name" }))
  })
  const row = { first: "ada", seen: DateTime.makeUnsafe(0) }

  it.effect("are given as the program gets them", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      assert.deepStrictEqual((yield* named(1)).rows, [row, row])
      assert.strictEqual((yield* mock.calls).length, 2)
      assert.strictEqual((yield* named(2)).length, 0)
    }).pipe(Effect.provide(MockSession.layer({
      defaults: { pageSize: 1 },
      answers: [
        MockSession.whenRows(named, [row, row], { params: [1] }),
        MockSession.whenRows(named, [], { params: [2] })
      ]
    }))))

  it.effect("are given so as well where the query makes results of its rows, and as they are without a schema", () =>
    Effect.gen(function*() {
      const results = Query.make("SELECT seen FROM app.users", {
        row: Schema.Struct({ seen: Schema.DateTimeUtcFromDate }),
        onInvalidRow: "result"
      })
      const plain = Query.make("SELECT a FROM app.users")
      const session = MockSession.layer({
        answers: [MockSession.whenRows(results, [{ seen: row.seen }]), MockSession.whenRows(plain, [{ a: 1 }])]
      })
      yield* Effect.gen(function*() {
        assert.deepStrictEqual((yield* results()).rows, [Result.succeed({ seen: row.seen })])
        assert.deepStrictEqual((yield* plain()).rows, [{ a: 1 }])
      }).pipe(Effect.provide(session))
    }))

  it.effect("have to fit its schema", () =>
    Effect.gen(function*() {
      const wrong = { first: "ada", seen: "yesterday" }
      const message = yield* defectOf(
        { answers: [MockSession.whenRows(named, [row, wrong as never])] },
        named(1)
      )
      assert.include(message, "expected rows of the row type of the query, got another at index 1")
      assert.include(message, "a row of a class is an instance of it")
      assert.notInclude(message, "yesterday")
      const raw = MockSession.when(named, MockSession.rows([{ first_name: "ada", seen: "yesterday" }]))
      const error = yield* Effect.flip(named(1)).pipe(Effect.provide(MockSession.layer({ answers: [raw] })))
      assert.strictEqual(error.reason._tag, "RowDecoding")
    }))
})

describe("the record", () => {
  it.effect("gives the calls of one query with what they bound, also within a batch", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      yield* insert(1, "ada")
      yield* byId(1)
      yield* Batch.make([insert(2, "eve"), ["DELETE FROM app.users WHERE id = 3"]])
      assert.deepStrictEqual((yield* mock.callsOf(insert)).map(({ index, params }) => [index, ...params]), [
        [0, 1, "ada"],
        [2, 2, "eve"]
      ])
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("knows when calls came, and how many were in flight", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      yield* TestClock.adjust("1 second")
      const fiber = yield* Effect.forkChild(executeConcurrent([byId(1), byId(2), byId(3)], { concurrency: 2 }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual((yield* mock.calls).map(({ at, inFlight }) => [at, inFlight]), [[1000, 0], [1000, 1], [
        1010,
        1
      ]])
      yield* MockSession.expectAtMostInFlight(2)
    }).pipe(Effect.provide(MockSession.layer({ latency: 10 }))))

  it.effect("forgets replies on reset as well, and takes answers while the session lives", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const name = Effect.map(byId(1), ({ first }) => first?.["name"])
      assert.deepStrictEqual([yield* name, yield* name], ["first", "second"])
      yield* mock.answer(MockSession.when(byId, MockSession.rows([{ name: "added" }])))
      assert.strictEqual(yield* name, "added")
      yield* mock.reset
      assert.deepStrictEqual([yield* name, (yield* mock.calls).length], ["first", 1])
    }).pipe(Effect.provide(MockSession.layer({
      answers: [
        MockSession.when(
          byId,
          MockSession.inTurn(MockSession.rows([{ name: "first" }]), MockSession.rows([{ name: "second" }]))
        )
      ]
    }))))

  it.effect("is held against expectations, which say what happened instead", () =>
    Effect.gen(function*() {
      const failing = (expectation: Effect.Effect<void, never, MockSession.MockSession>) =>
        Effect.map(Effect.exit(expectation), (exit) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "none")
      yield* insert(1, "ada")
      yield* byId(1)
      yield* MockSession.expectCalls(byId, 1)
      yield* MockSession.expectCalledWith(insert, [1, "ada"])
      yield* MockSession.expectOrder([insert, byId])
      assert.include(yield* failing(MockSession.expectCalls(byId, 2)), "expected 2 calls of SELECT name")
      const differs = yield* failing(MockSession.expectCalledWith(insert, [1, "secret"]))
      assert.include(differs, "call 1 differs in parameter 1")
      assert.include(differs, "1  INSERT INTO app.users(id, name)VALUES(?, ?) (number, string)")
      assert.notInclude(differs, "secret")
      assert.include(yield* failing(MockSession.expectOrder([byId, insert])), "as number 2 of the order")
      assert.include(
        yield* failing(MockSession.expectAtMostInFlight(0)),
        "expected at most 0 requests in flight, got 1"
      )
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("has a form for golden tests", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      yield* insert(1, "ada")
      yield* TestClock.adjust("5 seconds")
      yield* Statement.make("SELECT name FROM app.users", [], { consistency: "QUORUM", pageSize: 10 })
      assert.strictEqual(
        yield* MockSession.golden,
        "+0ms INSERT INTO app.users(id, name)VALUES(?, ?) (number, string) idempotent=true\n" +
          "+5000ms SELECT name FROM app.users () consistency=QUORUM pageSize=10 idempotent=true"
      )
    }).pipe(Effect.provide(MockSession.layer())))
})
