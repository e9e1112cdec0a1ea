/** Only the parameters themselves show what is bound, whatever fails. */
import {
  Batch,
  cql,
  executeConcurrent,
  executeConcurrentWithArgs,
  InvalidOptions,
  Query,
  Reason,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { type RequestOptions, withoutValues } from "@effect-cql/core/Port"
import { Random } from "@effect-cql/test-support/random"
import { leaks, listening, type Secret, secrets, type Told } from "@effect-cql/test-support/secrecy"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Formatter, Redacted, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { format, inspect } from "node:util"

type Bind = (secret: unknown) => Statement.Input

const insert = "INSERT INTO t (a, b) VALUES (?, ?)"
const named = "INSERT INTO t (a, b) VALUES (:a, :b)"
const keyOf = (secret: unknown): string => secret instanceof Uint8Array ? "key" : String(secret)

/** Where in a statement a value can stand. */
const places: Readonly<Record<string, Bind>> = {
  "by position": (secret) => Statement.make(insert, [1, secret]),
  "in a tuple": (secret) => [insert, [1, secret]],
  "by name": (secret) => Statement.make(named, { a: 1, b: secret }),
  "in a list": (secret) => Statement.make(insert, [1, [[secret]]]),
  "in a set": (secret) => Statement.make(insert, [1, new Set([secret])]),
  "in a map": (secret) => Statement.make(insert, [1, new Map([["key", secret]])]),
  "as the key of a map": (secret) => Statement.make(insert, [1, new Map([[secret, 1]])]),
  "in a record": (secret) => Statement.make(insert, [1, { field: { inner: secret } }]),
  "in a template": (secret) => cql`INSERT INTO t (a, b) VALUES (${1}, ${secret})`,
  "in a batch": (secret) => Batch.make([[insert, [1, 2]], [insert, [1, secret]]]),
  "in a query": (secret) => Query.make(insert)(1, secret),
  "through a schema": (secret) => Query.make(insert, { params: Schema.Tuple([Schema.Int, Schema.Any]) })(1, secret),
  "as the routing key": (secret) => Statement.make(insert, [1, 2], { routing: { key: Buffer.from(keyOf(secret)) } }),
  "as one of several routing keys": (secret) =>
    Batch.make([[insert, [1, 2]]], { routing: { key: [Buffer.from(keyOf(secret)), Buffer.of(1)] } })
}

type Failing = (input: Statement.Input, secret: unknown) => Effect.Effect<unknown, unknown, Session>

const timeout = new Reason.WriteTimeout({
  message: "1 of 2 replicas answered",
  consistency: "QUORUM",
  received: 1,
  blockFor: 2,
  writeType: "SIMPLE"
})

const failingAt = (reply: MockSession.Reply, defaults?: Statement.Options) =>
  Effect.provide(MockSession.layer({ otherwise: reply, defaults }))

/** Runs a query with schemas on what need not fit them. */
const through = <Params, Row>(options: Query.Options<Params, Row>, params: ReadonlyArray<unknown>) =>
  Session.use((session) => session.execute([Query.make(insert, options), params]))

const three = (input: Statement.Input) => [input, input, input]

/** How a run of a statement can fail. Each is given the statement, and the secret for what is no statement. */
const failures: Readonly<Record<string, Failing>> = {
  "an answer of the server, alone": (input) =>
    Session.use((session) => session.execute(input)).pipe(failingAt(MockSession.fail(timeout))),
  "an answer of the server, collected": (input) =>
    executeConcurrent(three(input), { raiseOnFirstError: false }).pipe(failingAt(MockSession.fail(timeout))),
  "an answer of the server that stops a run": (input) =>
    executeConcurrent(three(input)).pipe(failingAt(MockSession.fail(timeout))),
  "what an interrupted statement reports": (input) =>
    runConcurrent(three(input)).pipe(failingAt(MockSession.inTurn(MockSession.never, MockSession.fail(timeout)))),
  "an exhausted budget of errors": (input) =>
    executeConcurrent(three(input), { raiseOnFirstError: false, errorBudget: { failures: 2 } }).pipe(
      failingAt(MockSession.fail(timeout))
    ),
  "retries, and what is reported of those that are not made": (input) =>
    executeConcurrent(three(input)).pipe(
      failingAt(MockSession.fail(timeout), {
        retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 2, initial: 0, max: 0 }) })
      })
    ),
  "a retry policy that throws": (input) =>
    executeConcurrent(three(input)).pipe(failingAt(MockSession.fail(timeout), {
      idempotent: true,
      retry: RetryPolicy.make({
        while: () => {
          throw new Error("mine")
        }
      })
    })),
  "a row that does not decode": (input) =>
    Effect.suspend(() => {
      const row = Schema.Struct({ c: Schema.Int })
      const statements = three(input).map((each) =>
        Statement.isStatement(each) ? Statement.withRow(each, row) : Statement.make(insert, [1, 2]).pipe(
          Statement.withRow(row)
        )
      )
      return executeConcurrent(statements, { raiseOnFirstError: false })
    }).pipe(failingAt(MockSession.rows([{ c: "text" }]))),
  "a defect of the session": (input) =>
    executeConcurrent(three(input)).pipe(failingAt(MockSession.die(new Error("broken")))),
  "a session without an answer": (input) => executeConcurrent(three(input)).pipe(failingAt(MockSession.strict)),
  "a session that is closed": (input) =>
    Effect.flatMap(
      Effect.scoped(Effect.map(MockSession.make(), ({ session }) => session)),
      (session) => session.execute(input)
    ),
  "too few values": (_, secret) => Session.use((session) => session.execute([insert, [secret]])),
  "a value that is undefined": (_, secret) => Session.use((session) => session.execute([insert, [secret, undefined]])),
  "a name that is missing": (_, secret) => Session.use((session) => session.execute([named, { a: secret }])),
  "a record where a list is due": (_, secret) =>
    Session.use((session) => session.execute([insert, { [keyOf(secret)]: secret }])),
  "a batch with a refused member": (_, secret) =>
    Batch.make([[insert, [1, secret]], [insert, { [keyOf(secret)]: secret }]]),
  "a schema that refuses": (_, secret) =>
    through({ params: Schema.Tuple([Schema.Int, Schema.Literals(["x"])]) }, [1, secret]),
  "a schema that refuses the value of a map": (_, secret) => {
    const params = Schema.Tuple([Schema.Int, Schema.Record(Schema.String, Schema.Struct({ x: Schema.Boolean }))])
    return through({ params }, [1, { [keyOf(secret)]: { x: secret } }])
  },
  "a check that quotes": (_, secret) => {
    const quoting = Schema.Any.check(
      Schema.makeFilter((value) => `"${String(value)}" will not do: ${JSON.stringify(String(value))}`)
    )
    return through({ params: Schema.Tuple([Schema.Int, quoting]) }, [1, secret])
  },
  "a check that throws": (_, secret) => {
    const throwing = Schema.Any.check(Schema.makeFilter((value) => {
      throw new RangeError(`what is ${String(value)}?`)
    }))
    return through({ params: Schema.Tuple([Schema.Int, throwing]) }, [1, secret])
  },
  "an item that is no statement, in an array": (_, secret) => executeConcurrent([secret as never]),
  "an item that is no statement, in an iterable": (input, secret) =>
    executeConcurrent(new Set([input, secret]) as never, { raiseOnFirstError: false }),
  "an item that is no statement, in a stream": (input, secret) => runConcurrent(Stream.make(input, secret as never)),
  "parameters that are none": (_, secret) => executeConcurrentWithArgs(insert, [secret as never]),
  "a tuple of too much": (_, secret) => executeConcurrent([[insert, [1, 2], secret] as never]),
  "a tuple of something else": (_, secret) => executeConcurrent([[[secret], secret] as never]),
  "a source that is none": (_, secret) => executeConcurrent({ secret } as never, {}),
  "a query that is none": (_, secret) => executeConcurrentWithArgs({ secret } as unknown as string, [[1]]),
  "a source that throws": (input) =>
    runConcurrent({
      *[Symbol.iterator]() {
        yield input
        throw new Error("mine")
      }
    }),
  "a stream of results whose consumer fails": (input) =>
    Stream.runForEach(streamConcurrent(three(input)), () => Effect.fail("mine")),
  "an option in place of another": (input, secret) =>
    executeConcurrent([input], { statement: { requestTimeout: { secret } as never } }),
  "a statement in place of an option": (input) => executeConcurrent([input], { limiter: input as never })
}

/** Runs what fails, and gives all that a program gets to see of it. */
const seen = (input: Statement.Input, failing: Failing, secret: unknown) =>
  Effect.gen(function*() {
    const told: Told = { lines: [], spans: [] }
    const run = Effect.suspend(() => failing(input, secret)).pipe(
      Effect.timeout("1 minute"),
      Effect.tapCause((cause) => Effect.logError("it failed", cause)),
      Effect.tapCause((cause) => Effect.logError(Cause.squash(cause), "it failed", { cause })),
      Effect.tap((results) => Effect.logInfo(results)),
      Effect.exit
    )
    const exit = yield* listening(run, told)
    const values = Exit.isSuccess(exit)
      ? [exit.value]
      : [
        exit,
        exit.cause,
        ...exit.cause.reasons.map((each) =>
          Cause.isFailReason(each) ? each.error : Cause.isDieReason(each) ? each.defect : undefined
        )
      ]
    const parts = values.flatMap((value) => [value, ...Object.values(Object(value))])
    return { exit, told, values: Array.isArray(input) ? parts : [input, ...parts] }
  }).pipe(Effect.provide(MockSession.layer()))

const checked = (place: string, failure: string, secret: Secret) =>
  Effect.gen(function*() {
    const input = places[place]!(secret.value)
    const { told, values } = yield* seen(input, failures[failure]!, secret.value)
    assert.deepStrictEqual(leaks(secret, values, told), [], `${secret.kind} ${place}: ${failure}`)
  })

const nothing = (): Told => ({ lines: [], spans: [] })

describe("nothing exposes what is bound", () => {
  for (const [at, failure] of Object.keys(failures).entries()) {
    it.live(`${failure}`, () =>
      Effect.forEach(Object.keys(places), (place, index) => {
        const all = secrets(new Random(at))
        return checked(place, failure, all[(at + index) % all.length]!)
      }))
  }

  it.effect.prop("any value, anywhere, whatever fails", [Schema.Int], ([seed]) =>
    Effect.gen(function*() {
      const random = new Random(seed)
      const pick = <A>(all: ReadonlyArray<A>): A => all[random.between(0, all.length - 1)]!
      yield* checked(pick(Object.keys(places)), pick(Object.keys(failures)), pick(secrets(random)))
    }).pipe(TestClock.withLive), { arbitrary: { runs: 60 } })

  it.effect("and what does expose it is found, in every form of every value", () =>
    Effect.gen(function*() {
      for (const secret of secrets(new Random(1))) {
        assert.isNotEmpty(leaks(secret, [{ nested: [secret.value] }], nothing()), secret.kind)
        assert.isNotEmpty(leaks(secret, [new Error("outer", { cause: new Error(secret.forms[0]) })], nothing()))
        const told = nothing()
        yield* listening(Effect.annotateCurrentSpan("value", secret.forms[0]), told)
        assert.isNotEmpty(leaks(secret, [], told), secret.kind)
        const logged = nothing()
        yield* listening(Effect.logTrace(secret.forms[0]), logged)
        assert.lengthOf(leaks(secret, [], logged), 4, secret.kind)
      }
    }))
})

describe("a schema that throws", () => {
  const throwing = Schema.Int.check(Schema.makeFilter((value: number) => {
    if (value === 2) throw new RangeError("what is 2?")
    return true
  }))
  const query = Query.make("INSERT INTO t (a) VALUES (?)", {
    params: Schema.Tuple([throwing]),
    row: Schema.Struct({ a: throwing })
  })

  it.effect("refuses its statement, and the run goes on", () =>
    Effect.gen(function*() {
      const results = yield* executeConcurrentWithArgs(query, [[1], [2], [3]], { raiseOnFirstError: false })
      assert.deepStrictEqual(results.map(({ success }) => success), [true, false, true])
      const failure = results[1]!
      assert.isTrue(failure._tag === "Failure")
      if (failure._tag !== "Failure") return
      assert.deepInclude(failure.error.reason, {
        _tag: "ParametersRefused",
        message: "the params schema threw RangeError instead of failing"
      })
      assert.deepStrictEqual([failure.outcome, failure.error.isRetryable], ["NotApplied", false])
      const { cause } = failure.error.reason
      assert.isTrue(Redacted.isRedacted(cause))
      assert.instanceOf(Redacted.isRedacted(cause) ? Redacted.value(cause) : undefined, RangeError)
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("on a row leaves the write applied", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(query(1))
      assert.strictEqual(error.reason.message, "row 0: the row schema threw RangeError instead of failing")
      assert.deepStrictEqual([error.reason._tag, error.outcome], ["RowDecoding", "Applied"])
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ a: 2 }]) }))))
})

describe("a refusal", () => {
  const refusalOf = (schema: Query.Options<unknown, unknown>, text: string, params: Statement.Params) =>
    Effect.flip(Session.use((session) => session.execute([Query.make(text, schema), params]))).pipe(
      Effect.map(({ reason }) => reason.message),
      Effect.provide(MockSession.layer())
    )

  it.effect("names fields and markers, and no key of a map", () =>
    Effect.gen(function*() {
      const address = Schema.Struct({ street: Schema.String, flats: Schema.Record(Schema.String, Schema.Int) })
      const at = (params: Statement.Params) =>
        refusalOf({ params: Schema.Struct({ a: address }) }, "INSERT INTO t (a) VALUES (:a)", params)
      const expected = "Expected number, given: string"
      assert.strictEqual(
        yield* at({ a: { street: "x", flats: { s3cret: "y" } } }),
        `parameter a (at a.flats.<key>): ${expected}`
      )
      assert.strictEqual(
        yield* at({ a: { street: 5, flats: {} } }),
        "parameter a (at a.street): Expected string, given: number"
      )
      const record = { params: Schema.Record(Schema.String, Schema.Int) }
      assert.strictEqual(
        yield* refusalOf(record, "INSERT INTO t (a) VALUES (:a)", { a: "x" }),
        `parameter a: ${expected}`
      )
      assert.strictEqual(
        yield* refusalOf(record, "INSERT INTO t (a) VALUES (?)", { s3cret: "x" }),
        `parameter <key>: ${expected}`
      )
    }))
})

describe("a message without values", () => {
  const options: RequestOptions = {
    consistency: undefined,
    serialConsistency: undefined,
    pageSize: undefined,
    requestTimeout: undefined,
    idempotent: false,
    timestamp: undefined,
    tracing: false,
    executionProfile: undefined,
    routing: undefined
  }
  const reported = (message: string, values: ReadonlyArray<unknown>, text = "INSERT INTO t (a) VALUES (?)") =>
    withoutValues(message, { _tag: "Statement", text, kind: "write", conditional: false, params: values, options })

  it("says where it quoted one, and keeps the rest", () => {
    assert.strictEqual(reported("ttl 8675309 is above 630720000", [8_675_309]), "ttl <value> is above 630720000")
    assert.strictEqual(reported("bad 'it''s mine'", ["it's mine"]), "bad 'it''<value>'")
    assert.strictEqual(reported("bad ab12ff", [Uint8Array.of(0xab, 0x12, 0xff)]), "bad <value>")
    assert.strictEqual(reported("in grace", [{ name: "grace" }, [new Map([["ada", 1]])]]), "in <value>")
    assert.strictEqual(reported("in ada", [[new Map([["ada", 1]])]]), "in <value>")
    assert.strictEqual(reported("needs -5432", [-5_432n]), "needs <value>")
    assert.strictEqual(reported("not before 2020-01-31", [new Date("2020-01-31T12:00:00Z")]), "not before <value>")
    const uuid = "6AB09BEC-E68E-48D9-A5F8-97E6FB4C9B47"
    assert.strictEqual(reported(`no ${uuid.toLowerCase()}`, [uuid]), "no <value>")
  })

  it("hides the other values where one cannot be read", () => {
    const detached = Uint8Array.of(1, 2, 3)
    structuredClone(detached, { transfer: [detached.buffer] })
    const refuse = (): never => {
      throw new TypeError("unreadable")
    }
    const throwing = {
      get name() {
        return refuse()
      }
    }
    const trapped = new Proxy({}, { ownKeys: refuse, getPrototypeOf: refuse })
    for (const unreadable of [detached, throwing, trapped, [detached], new Map([[throwing, trapped]])]) {
      // With and without the eight hexadecimal digits that make it look at bytes.
      assert.strictEqual(reported("no grace", [unreadable, "grace"]), "no <value>")
      assert.strictEqual(reported("no 6772616365 of grace", ["grace", unreadable]), "no <value> of <value>")
    }
  })

  it("takes no part of a word for a value, nor what is very short, nor the words of the query", () => {
    assert.strictEqual(reported("internal error", ["inter"]), "internal error")
    assert.strictEqual(reported("at 1 of 2", [1, 2]), "at 1 of 2")
    assert.strictEqual(reported("no table users", ["users"], "SELECT * FROM users WHERE a = ?"), "no table users")
  })

  it("leaves out the words of what the server parses", () => {
    const insertJson = "INSERT INTO t JSON ?"
    assert.strictEqual(reported("unknown column: s3cret", ["{\"S3cret\": 1}"], insertJson), "unknown column: <value>")
    assert.strictEqual(reported("unknown column: s3cret", ["{\"S3cret\": 1}"]), "unknown column: s3cret")
    const escaped = JSON.stringify({ a: "first\nhunter2", b: 98_765_432.5, c: ["\tdeep"] })
    assert.strictEqual(reported("no uuid: 'first\nhunter2'", [escaped], insertJson), "no uuid: '<value>'")
    assert.strictEqual(
      reported("got a Double: 9.87654325E7, deep", [escaped], insertJson),
      "got a Double: <value>, <value>"
    )
  })

  it("knows the bytes of a value, as which it may be quoted", () => {
    const uuid = "6ab09bec-e68e-48d9-a5f8-97e6fb4c9b47"
    const values: ReadonlyArray<readonly [value: unknown, hex: string]> = [
      ["hunter2", "68756e74657232"],
      [1_234_567n, "000000000012d687"],
      [1_234_567, "0012d687"],
      [1.5, "3ff8000000000000"],
      [uuid, uuid.replaceAll("-", "")],
      [{ name: ["hunter2"] }, "68756e74657232"]
    ]
    for (const [value, hex] of values) {
      assert.strictEqual(reported(`value 0x${hex} is no int`, [value]), "value 0x<value> is no int")
      assert.strictEqual(reported(`value ${hex.toUpperCase()} is no int`, [value]), "value <value> is no int")
    }
  })

  it("takes any value for what it is", () => {
    const circle: Array<unknown> = []
    circle.push(circle)
    const odd = [
      circle,
      Symbol("x"),
      null,
      undefined,
      new Date(Number.NaN),
      () => 1,
      "(*[\\",
      "-",
      "$&",
      new Set(["$1"])
    ]
    assert.strictEqual(reported("(*[\\ and $& of -", odd), "<value> and $& of -")
  })
})

it.effect("a request can be logged, spread and sent on by a port that wraps another", () =>
  Effect.gen(function*() {
    const options: Statement.Options = {
      consistency: "ALL",
      serialConsistency: "LOCAL_SERIAL",
      pageSize: 7,
      requestTimeout: "5 seconds",
      executionProfile: "olap",
      routing: { key: Uint8Array.of(7) }
    }
    yield* executeConcurrent([
      Statement.make("INSERT INTO t (a) VALUES (?)", ["s3cret"], options),
      Batch.make([["INSERT INTO t (a) VALUES (?)", ["s3cret"]]], options)
    ])
    const [single, batch] = (yield* (yield* MockSession.MockSession).calls).map(({ request }) => request)
    assert(single?._tag === "Statement" && batch?._tag === "Batch")
    const printed = (value: unknown) =>
      inspect(value, { depth: 9 }) + JSON.stringify(value) + Formatter.format(value) +
      format("%s %o %O %j", value, value, value, value) +
      String(value)
    const { params, text } = single
    for (
      const value of [
        single,
        batch,
        { ...single },
        { ...batch, statements: batch.statements.map((one) => ({ ...one })) },
        single.options,
        batch.options,
        params,
        { params },
        { ...batch.statements[0] },
        [text, params]
      ]
    ) assert.notInclude(printed(value), "s3cret")
    const copy = { ...single, options: { ...single.options, tracing: true } }
    assert.deepStrictEqual([...copy.params], ["s3cret"])
    assert.isTrue(Array.isArray(copy.params))
    assert.strictEqual(JSON.stringify(copy.params), "1")
    const { timestamp, ...others } = copy.options
    assert.strictEqual(typeof timestamp, "bigint")
    assert.deepStrictEqual(others, {
      consistency: "ALL",
      serialConsistency: "LOCAL_SERIAL",
      pageSize: 7,
      requestTimeout: 5_000,
      idempotent: true,
      sentAt: timestamp,
      tracing: true,
      executionProfile: "olap",
      routing: single.options.routing
    })
    assert.deepStrictEqual([...single.options.routing!.key!], [7])
    const batchOptions = { ...batch.options }
    assert.deepInclude(batchOptions, { consistency: "ALL", timestamp: batch.options.timestamp, idempotent: true })
  }).pipe(Effect.provide(MockSession.layer())))

describe("options that cannot be", () => {
  it("are shown where an option can have them, and otherwise only by their kind", () => {
    for (const name of ["initial", "max"] as const) {
      assert.throws(
        () => RetryPolicy.backoff({ [name]: "x" as never }),
        InvalidOptions,
        new RegExp(`^${name}: .* got "x"$`)
      )
    }
    assert.throws(
      () => Statement.make("SELECT 1", [], { "ada@example.org": 1 } as never),
      InvalidOptions,
      /^<key>: expected/
    )
    const { given, value } = new InvalidOptions({ option: "a", value: { inner: "s3cret" }, expected: "a text" })
    assert.deepStrictEqual([given, value], ["an object", undefined])
    const long = new InvalidOptions({ option: "a", value: "x".repeat(1_000), expected: "a text" })
    assert.isBelow(long.message.length, 120)
  })
})

it.effect("the cause of an error is there for the program, and shown by nothing", () =>
  Effect.gen(function*() {
    const [secret] = secrets(new Random(1))
    const thrown = Object.assign(new Error(secret!.forms[0]), { query: { params: [secret!.value] } })
    const reason = new Reason.ServerError({ message: "it failed", cause: Redacted.make(thrown) })
    const told = nothing()
    const exits = yield* Effect.forEach(
      [
        Statement.make("SELECT a FROM t"),
        executeConcurrent([["SELECT a FROM t"]]),
        runConcurrent([["INSERT INTO t (a) VALUES (1)"]], { deadline: "1 minute" })
      ],
      (run: Effect.Effect<unknown, unknown, Session>) =>
        Effect.exit(run.pipe(Effect.tapCause((cause) => Effect.logError("it failed", cause)))).pipe((run) =>
          listening(run, told)
        )
    ).pipe(failingAt(MockSession.fail(reason), { retry: "none" }))
    for (const exit of exits) {
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.deepStrictEqual(leaks(secret!, [exit, error, Exit.isFailure(exit) && Cause.pretty(exit.cause)], told), [])
    }
    const first = exits[0]!
    const cause = Exit.isFailure(first) ? (Cause.squash(first.cause) as Error).cause : undefined
    assert.strictEqual(Redacted.isRedacted(cause) && Redacted.value(cause), thrown)
  }))
