import { Batch, type CqlError, Session, Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { assert, describe, it } from "@effect/vitest"
import { auth, errors, policies, types } from "cassandra-driver"
import { Effect, Fiber, Layer, Logger, Redacted, type Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { toClientOptions } from "../src/internal/client/clientOptions.ts"
import { waitsOnceConnected } from "../src/internal/client/waits.ts"
import { type Answer, type Columns, fakeClient, nothing } from "./support/fakeClient.ts"

const insert = "INSERT INTO app.users (id, name) VALUES (?, ?)"
const users: Columns = [{ name: "id", type: { code: 0x09 } }, { name: "name", type: { code: 0x0d } }]

const withFake = <A, E>(
  use: (fake: ReturnType<typeof fakeClient>, session: Service) => Effect.Effect<A, E, Session | Scope.Scope>,
  answer?: Answer
) => {
  const fake = fakeClient({ [insert]: users }, answer)
  return Effect.scoped(
    Effect.flatMap(
      CassandraSession.fromClient(fake.client),
      (session) => Effect.provideService(use(fake, session), Session, session)
    )
  )
}

const reasonOf = <A, R>(effect: Effect.Effect<A, CqlError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

describe("a statement", () => {
  it.effect("reaches the driver with all that was asked for", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1, "ada"], {
          consistency: "LOCAL_QUORUM",
          serialConsistency: "LOCAL_SERIAL",
          executionProfile: "fast",
          idempotent: true,
          pageSize: 10,
          requestTimeout: "3 seconds",
          routing: { key: new Uint8Array([1, 2]) },
          timestamp: 1_700_000_000_000_001n,
          tracing: true
        })
        assert.strictEqual(seen.length, 1)
        const { options } = seen[0]!
        assert.instanceOf(options.retry, policies.retry.FallthroughRetryPolicy)
        assert.deepInclude(options, {
          traceQuery: true,
          prepare: true,
          autoPage: false,
          isIdempotent: false,
          readTimeout: 3_000,
          fetchSize: 10,
          pageState: undefined,
          consistency: types.consistencies.localQuorum,
          serialConsistency: types.consistencies.localSerial,
          timestamp: 1_700_000_000_000_001,
          executionProfile: "fast",
          routingKey: Buffer.from([1, 2])
        } as never)
        assert.deepStrictEqual(seen[0]!.params, [Buffer.from([0, 0, 0, 1]), Buffer.from("ada")])
      })
    ))

  it.effect("without options has the defaults: 5,000 rows a page, 12 seconds, no retries", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make("SELECT * FROM app.users")
        const { fetchSize, isIdempotent, prepare, readTimeout, retry } = seen[0]!.options
        assert.deepStrictEqual({ fetchSize, isIdempotent, prepare, readTimeout }, {
          fetchSize: 5_000,
          isIdempotent: true,
          prepare: false,
          readTimeout: 12_000
        })
        assert.instanceOf(retry, policies.retry.FallthroughRetryPolicy)
      })
    ))

  it.effect("is prepared once, and not executed by that", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Effect.forEach([1, 2, 3], (id) => Statement.make(insert, [id, "ada"]))
        assert.deepStrictEqual(prepares, [insert])
        assert.strictEqual(seen.length, 3)
      })
    ))

  it.effect("that cannot be prepared fails with what the server said", () =>
    withFake((fake) => {
      const execute = fake.client.execute
      fake.client.execute = () => Promise.reject(new errors.ResponseError(0x2200, "unconfigured table users"))
      return Effect.gen(function*() {
        const reason = yield* reasonOf(Statement.make(insert, [1, "ada"]))
        assert.strictEqual(reason._tag, "InvalidQuery")
        fake.client.execute = execute
        yield* Statement.make(insert, [1, "ada"])
        assert.strictEqual(fake.seen.length, 1)
      })
    }))

  it.effect("with a value that does not fit is refused by column and kind, and not sent", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        const reason = yield* reasonOf(Statement.make(insert, ["secret", "ada"]))
        assert.deepInclude(reason, {
          _tag: "ParametersRefused",
          parameter: 0,
          column: "id",
          expected: "int",
          given: "string"
        })
        assert.strictEqual(reason.message, "parameter 0 (column id): expected int, an integer number, given: string")
        assert.strictEqual(seen.length, 0)
      })
    ))

  it.effect("can leave a column alone, and can be given null", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [null, Statement.unset])
        assert.deepStrictEqual(seen[0]!.params, [null, types.unset])
      })
    ))

  it.effect("of a profile that the client does not have is refused", () =>
    withFake(
      () =>
        Effect.gen(function*() {
          const reason = yield* reasonOf(Statement.make("SELECT 1", [], { executionProfile: "fast" }))
          assert.strictEqual(reason._tag, "ParametersRefused")
        }),
      () => Promise.reject(new errors.ArgumentError("Execution profile \"fast\" not found"))
    ))
})

describe("speculative execution", () => {
  it.effect("is for reads alone: a sibling of a write could be under way when the first fails", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        const select = "/* all */ -- of them\n SELECT * FROM app.users"
        yield* Statement.make(select, [], { idempotent: true })
        yield* Statement.make(select, [], { idempotent: false })
        yield* Statement.make(insert, [1, "ada"], { idempotent: true })
        yield* Statement.make("DELETE FROM app.users WHERE id = 1", [], { idempotent: true })
        yield* Batch.make([[insert, [1, "ada"]]], { idempotent: true })
        assert.deepStrictEqual(seen.map(({ options }) => options.isIdempotent), [true, false, false, false, false])
      })
    ))
})

describe("a batch", () => {
  it.effect("reaches the driver whole, its statements prepared", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        for (const type of ["logged", "unlogged", "counter"] as const) {
          yield* Batch.make([[insert, [1, "ada"]], ["DELETE FROM app.users WHERE id = 2"], [insert, [3, "grace"]]], {
            type
          })
        }
        assert.deepStrictEqual(prepares, [insert])
        assert.deepStrictEqual(seen.map(({ method, options }) => [method, options.logged, options.counter]), [
          ["batch", true, false],
          ["batch", false, false],
          ["batch", false, true]
        ])
        assert.deepStrictEqual(seen[0]!.params, [
          [Buffer.from([0, 0, 0, 1]), Buffer.from("ada")],
          [],
          [Buffer.from([0, 0, 0, 3]), Buffer.from("grace")]
        ])
        assert.isTrue(seen.every(({ options }) => options.prepare === true))
        assert.instanceOf(seen[0]!.options.retry, policies.retry.FallthroughRetryPolicy)
      })
    ))

  it.effect("of texts without parameters is not prepared", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Batch.make([["DELETE FROM app.users WHERE id = 2"]])
        assert.deepStrictEqual(prepares, [])
        assert.strictEqual(seen[0]!.options.prepare, false)
      })
    ))

  it.effect("tells which of its statements has the value that does not fit", () =>
    withFake(() =>
      Effect.gen(function*() {
        const reason = yield* reasonOf(Batch.make([[insert, [1, "ada"]], [insert, [1, 2]]]))
        assert.strictEqual(
          reason.message,
          "statement 1 of the batch: parameter 1 (column name): expected text, a well-formed string, given: number"
        )
      })
    ))

  it.effect("of ten thousand statements overflows no stack", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        yield* Batch.make(Array.from({ length: 10_000 }, (_, id) => [insert, [id, "ada"]] as const), {
          type: "unlogged"
        })
        assert.strictEqual(seen[0]!.params.length, 10_000)
      })
    ))
})

describe("interruption", () => {
  it.live("returns at once, and what comes later is dropped", () => {
    const late = Promise.withResolvers<unknown>()
    const rejections: Array<unknown> = []
    const onRejection = (error: unknown) => rejections.push(error)
    return withFake(({ streams }, session) =>
      Effect.gen(function*() {
        process.on("unhandledRejection", onRejection)
        const fiber = yield* Effect.forkChild(Statement.make("SELECT 1"), { startImmediately: true })
        streams.inFlight = 1
        assert.strictEqual(yield* session.capacity, 4_096)
        yield* Fiber.interrupt(fiber)
        // The stream of the request stays taken: it carries nothing new.
        assert.strictEqual(yield* session.capacity, 4_095)
        late.reject(new errors.ResponseError(0x1001, "late"))
        streams.inFlight = 0
        yield* Effect.sleep("20 millis")
        process.off("unhandledRejection", onRejection)
        assert.deepStrictEqual(rejections, [])
        assert.strictEqual(yield* session.capacity, 4_096)
      }), () => late.promise)
  })

  it.live("while preparing sends nothing afterwards", () => {
    const preparing = Promise.withResolvers<types.ResultSet>()
    return withFake((fake) =>
      Effect.gen(function*() {
        const execute = fake.client.execute
        fake.client.execute = () => preparing.promise
        const fiber = yield* Effect.forkChild(Statement.make(insert, [1, "ada"]), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        fake.client.execute = execute
        // The driver, asked to prepare only, learns the types and fails.
        yield* Effect.ignore(Effect.tryPromise(() => fake.client.execute(insert, [], { routingKey: [] })))
        preparing.reject(new TypeError("Unexpected routingKey"))
        yield* Effect.sleep("20 millis")
        assert.strictEqual(fake.seen.length, 0)
      })
    )
  })
})

describe("errors of the driver", () => {
  it.effect("that no reason describes are logged once a kind", () =>
    Effect.suspend(() => {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => {
        logged.push(message)
      })
      return withFake(
        () => Effect.forEach([1, 2, 3], () => reasonOf(Statement.make("SELECT 1"))),
        () => Promise.reject(new errors.DriverInternalError("bug"))
      ).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.tap((reasons) => {
          assert.deepStrictEqual(reasons.map(({ _tag }) => _tag), ["UnknownError", "UnknownError", "UnknownError"])
          assert.strictEqual(logged.length, 1)
          return Effect.void
        })
      )
    }))
})

describe("a result", () => {
  const select = "SELECT * FROM app.users"
  const rowOf = (columns: ReadonlyArray<unknown>, fields: object) =>
    Object.assign(Object.create({ get: () => undefined }, { __columns: { value: columns } }), fields)

  it.effect("gives plain rows, columns by their CQL types, and what the server said", () => {
    const columns = [
      { name: "id", type: { code: 0x0c, info: null } },
      { name: "tags", type: { code: 0x21, info: [{ code: 0x0d }, { code: 0x20, info: { code: 0x09 } }] } }
    ]
    const id = types.Uuid.random()
    return withFake((_, session) =>
      Effect.gen(function*() {
        const { pageState, result } = yield* session.executePage(Statement.make(select))
        assert.strictEqual(pageState, "abcd")
        assert.deepStrictEqual(result.rows, [{ id: id.toString(), tags: new Map([["a", [1]]]) }])
        assert.strictEqual(Object.getPrototypeOf(result.rows[0]), Object.prototype)
        assert.deepStrictEqual(result.columns, [
          { name: "id", type: "uuid" },
          { name: "tags", type: "map<text, list<int>>" }
        ])
        assert.deepStrictEqual(result.info, {
          coordinator: "10.0.0.1:9042",
          warnings: ["large"],
          achievedConsistency: "LOCAL_ONE",
          traceId: id.toString()
        })
        assert.isTrue(result.wasApplied)
      }), () =>
      Promise.resolve({
        info: { queriedHost: "10.0.0.1:9042", achievedConsistency: 10, traceId: id, warnings: ["large"] },
        columns,
        rows: [rowOf(columns, { id, tags: new Map([["a", [1]]]) })],
        pageState: "abcd"
      }))
  })

  it.effect("of a condition that did not hold says so", () => {
    const columns = [{ name: "[applied]", type: { code: 0x04 } }, { name: "id", type: { code: 0x09 } }]
    return withFake(
      () =>
        Effect.gen(function*() {
          const result = yield* Statement.make("INSERT INTO app.users (id) VALUES (1) IF NOT EXISTS")
          assert.isFalse(result.wasApplied)
          assert.deepStrictEqual(result.first, { id: 1 })
          assert.deepStrictEqual(result.columns, [{ name: "id", type: "int" }])
        }),
      () => Promise.resolve({ ...nothing, columns, rows: [rowOf(columns, { "[applied]": false, id: 1 })] })
    )
  })
})

describe("the options of a client", () => {
  const log = () => {}

  it("are those of the session, and the others as they were given", () => {
    const options = toClientOptions({
      contactPoints: ["10.0.0.1", "10.0.0.2:9043"],
      localDataCenter: "dc1",
      keyspace: "app",
      username: "ada",
      password: Redacted.make("secret"),
      connectTimeout: "3 seconds",
      pooling: { connectionsPerHost: 2, maxRequestsPerConnection: 1024, heartbeatInterval: "1 minute" },
      tls: { ca: "CA", serverName: "db" },
      clientOptions: { applicationName: "loader", socketOptions: { tcpNoDelay: false } }
    }, log)
    assert.deepStrictEqual(options, {
      applicationName: "loader",
      contactPoints: ["10.0.0.1", "10.0.0.2:9043"],
      localDataCenter: "dc1",
      keyspace: "app",
      credentials: { username: "ada", password: "secret" },
      sslOptions: { rejectUnauthorized: true, ca: "CA", servername: "db" },
      pooling: { coreConnectionsPerHost: { 0: 2 }, maxRequestsPerConnection: 1024, heartBeatInterval: 60_000 },
      socketOptions: { tcpNoDelay: false, connectTimeout: 1_500, readTimeout: 1_500 },
      encoding: { map: Map, set: Set, useBigIntAsLong: true, useBigIntAsVarint: true, copyBuffer: false },
      logEmitter: log
    })
  })

  it("go before those of the driver: a login before its provider, verification before its TLS", () => {
    const { authProvider, credentials, sslOptions } = toClientOptions({
      contactPoints: ["a"],
      localDataCenter: "dc1",
      username: "ada",
      password: Redacted.make("secret"),
      tls: true,
      clientOptions: {
        authProvider: new auth.PlainTextAuthProvider("eve", "old"),
        sslOptions: { ca: ["CA"], minVersion: "TLSv1.3", rejectUnauthorized: false }
      }
    }, log)
    assert.deepStrictEqual([authProvider, credentials], [undefined, { username: "ada", password: "secret" }])
    assert.deepStrictEqual(sslOptions, { ca: ["CA"], minVersion: "TLSv1.3", rejectUnauthorized: true })
  })

  it("that no timer can take stand for no bound", () => {
    const { pooling, socketOptions } = toClientOptions({
      contactPoints: ["a"],
      localDataCenter: "dc1",
      requestTimeout: "30 days",
      connectTimeout: "30 days",
      pooling: { heartbeatInterval: "30 days" }
    }, log)
    assert.strictEqual(pooling?.heartBeatInterval, 0)
    assert.deepStrictEqual(socketOptions, { connectTimeout: 5_000, readTimeout: 5_000 })
    const options = { contactPoints: ["a"], localDataCenter: "dc1", requestTimeout: "30 days" } as const
    assert.strictEqual(waitsOnceConnected(options).readTimeout, 0)
  })

  it("that cannot be are programming errors", () => {
    assert.throws(() => toClientOptions({ contactPoints: [], localDataCenter: "dc1" }, log), /contactPoints/)
    assert.throws(() => toClientOptions({ contactPoints: ["a"], localDataCenter: "" }, log), /localDataCenter/)
  })
})

it.effect("a layer gives the session of a client of the user's", () => {
  const fake = fakeClient({})
  return Effect.gen(function*() {
    yield* Statement.make("SELECT 1")
    assert.strictEqual(fake.seen.length, 1)
  }).pipe(Effect.provide(Layer.effect(Session, CassandraSession.fromClient(fake.client))))
})
