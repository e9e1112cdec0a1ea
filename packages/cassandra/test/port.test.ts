import { Batch, type CqlError, Session, Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { assert, describe, it } from "@effect/vitest"
import { auth, types } from "cassandra-driver"
import { Effect, Fiber, Layer, Logger, Redacted, type Scope } from "effect"
import { rootCertificates } from "node:tls"
import { CassandraSession } from "../src/index.ts"
import { toClientOptions } from "../src/internal/client/clientOptions.ts"
import { waitsOnceConnected } from "../src/internal/client/waits.ts"
import { type Answer, failure, fakeClient, nothing, result, type Script } from "./support/fakeClient.ts"
import { int, text } from "./support/frames.ts"
import { preparedBody, rowsBody, scalar } from "./support/resultFrames.ts"

const insert = "INSERT INTO app.users (id, name) VALUES (?, ?)"
const users = [{ name: "id", type: scalar("int") }, { name: "name", type: scalar("text") }]

const withFake = <A, E>(
  use: (fake: ReturnType<typeof fakeClient>, session: Service) => Effect.Effect<A, E, Session | Scope.Scope>,
  script: Script | ((seen: unknown) => Answer | Promise<Answer>) = {}
) => {
  const fake = fakeClient({
    columns: { [insert]: users },
    partitionKeys: [0],
    ring: [0],
    ...(typeof script === "function" ? { answer: script } : script)
  })
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
  it.effect("reaches the server with all that was asked for", () =>
    withFake(({ routed, seen }) =>
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
        assert.deepInclude(seen[0], {
          _tag: "Execute",
          text: insert,
          tracing: true,
          // The core ends it in time.
          readTimeout: 0,
          parameters: {
            consistency: 0x06,
            values: [Buffer.from([0, 0, 0, 1]), Buffer.from("ada")],
            pageSize: 10,
            pageState: undefined,
            serialConsistency: 0x09,
            timestamp: 1_700_000_000_000_001n
          }
        } as never)
        assert.deepStrictEqual(routed, [{ keyspace: "app", routingKey: Buffer.from([1, 2]) }])
      })
    ))

  it.effect("with values of the driver's classes is refused with what to give instead", () => {
    const text = "INSERT INTO app.t (u, n, d, day, i, l, m) VALUES (?, ?, ?, ?, ?, ?, ?)"
    const columns = {
      [text]: [
        { name: "u", type: scalar("uuid") },
        { name: "n", type: scalar("bigint") },
        { name: "d", type: scalar("decimal") },
        { name: "day", type: scalar("date") },
        { name: "i", type: scalar("int") },
        { name: "l", type: { _tag: "List", element: scalar("bigint") } },
        { name: "m", type: { _tag: "Map", key: scalar("uuid"), value: scalar("double") } }
      ]
    } as const
    const whole = /Statement\.unset leaves a whole parameter unchanged, and no part of one/
    const uuid = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
    const cases: ReadonlyArray<readonly [params: ReadonlyArray<unknown>, advice: RegExp]> = [
      [[types.Uuid.fromString(uuid), null, null, null], /pass String\(value\)/],
      [[uuid, types.Long.fromNumber(5), null, null], /pass BigInt\(String\(value\)\)/],
      [[uuid, null, types.BigDecimal.fromString("1.5"), null], /a BigDecimal of Effect.*pass BigDecimal\.fromString/],
      [[uuid, null, null, null, types.Integer.fromInt(5)], /pass Number\(String\(value\)\)/],
      [[uuid, null, null, null, null, [1n, types.Long.fromNumber(5)]], /l\[1\].*pass BigInt\(String\(value\)\)/],
      [[uuid, null, null, null, null, null, new Map([[types.Uuid.fromString(uuid), 1]])], /pass String\(value\)/],
      [[uuid, null, null, null, null, [Statement.unset]], whole],
      [[uuid, null, null, null, null, null, new Map([[uuid, Statement.unset]])], whole],
      [[uuid, types.unset, null, null], /use Statement\.unset/],
      [[uuid, null, null, types.LocalDate.now()], /pass String\(value\)/],
      [[uuid, null, null, new Date(0)], /pass value\.toISOString\(\)\.slice\(0, 10\)/]
    ]
    return withFake(({ seen }) =>
      Effect.gen(function*() {
        for (const [params, advice] of cases) {
          const all = [...params, ...Array.from({ length: 7 - params.length }, () => null)]
          const error = yield* Effect.flip(Statement.make(text, all))
          assert.match(error.message, advice)
          assert.strictEqual(error.outcome, "NotApplied")
        }
        assert.strictEqual(seen.length, 0)
      }), { columns })
  })

  it.effect("of a batch that is USE is refused, wherever it stands, and nothing is sent", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        for (const use of ["USE app", "/* a comment */ use \"App\";"]) {
          const error = yield* Effect.flip(Batch.make([[insert, [1, "ada"]], [use]]))
          assert.match(error.message, /^InvalidQuery: statement 1 of the batch: USE is refused/)
          assert.strictEqual(error.outcome, "NotApplied")
        }
        assert.deepStrictEqual([prepares, seen], [[], []])
      })
    ))

  it.effect("is routed by its partition key", () =>
    withFake(({ routed }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [7, "ada"])
        yield* Batch.make([[insert, [8, "ada"]]])
        yield* Statement.make("SELECT 1")
        assert.deepStrictEqual(routed, [
          { keyspace: "app", routingKey: Buffer.from([0, 0, 0, 7]) },
          { keyspace: "app", routingKey: Buffer.from([0, 0, 0, 8]) },
          { keyspace: undefined, routingKey: undefined }
        ])
      })
    ))

  it.effect("is routed by the token that it names, and without one where the partitioner is not known", () => {
    const named = Effect.gen(function*() {
      yield* Statement.make(insert, [7, "ada"], { routing: { token: -5n } })
      const session = yield* Session
      const select = Statement.make("SELECT 1", [], { routing: { token: -5n } })
      assert.deepStrictEqual(yield* session.partition(select), { token: -5n })
    })
    const byToken = withFake(
      ({ routed }) =>
        Effect.andThen(
          named,
          Effect.sync(() => assert.deepStrictEqual(routed, [{ keyspace: "app", routingKey: "token -5" }]))
        ),
      {
        tokenizer: { parse: (text) => `token ${text}` }
      }
    )
    const byKey = withFake(({ routed }) =>
      Effect.andThen(
        named,
        Effect.sync(() => assert.deepStrictEqual(routed, [{ keyspace: "app", routingKey: Buffer.from([0, 0, 0, 7]) }]))
      )
    )
    return Effect.andThen(byToken, byKey)
  })

  it.effect("is routed without its key where the nodes give no tokens", () =>
    withFake(({ routed, seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [7, "ada"])
        assert.deepStrictEqual(routed, [{ keyspace: "app", routingKey: undefined }])
        assert.strictEqual(seen.length, 1)
      }), { ring: [] }))

  it.effect("without options has the defaults: 5,000 rows a page, LOCAL_ONE, no timestamp on a read", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make("SELECT * FROM app.users")
        assert.deepInclude(seen[0], {
          _tag: "Query",
          tracing: false,
          readTimeout: 0,
          parameters: {
            consistency: 0x0a,
            values: [],
            pageSize: 5_000,
            pageState: undefined,
            serialConsistency: undefined,
            timestamp: undefined
          }
        } as never)
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

  it.effect("that cannot be prepared fails with what the server said, and is prepared anew", () => {
    let refuses = true
    return withFake((fake) =>
      Effect.gen(function*() {
        const reason = yield* reasonOf(Statement.make(insert, [1, "ada"]))
        assert.strictEqual(reason._tag, "InvalidQuery")
        refuses = false
        yield* Statement.make(insert, [1, "ada"])
        assert.strictEqual(fake.seen.length, 1)
      }), { prepare: () => refuses ? failure(0x2200) : undefined })
  })

  it.effect("with a value that does not fit is refused by column and kind, and not sent", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Statement.make(insert, ["secret", "ada"]))
        assert.deepInclude(error, { outcome: "NotApplied", attempts: 0, isRetryable: false })
        const { reason } = error
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
        const [request] = seen
        assert.deepStrictEqual(request?._tag === "Execute" && request.parameters.values, [null, undefined])
      })
    ))

  it.effect("of a profile that the client does not have is refused", () =>
    withFake(() =>
      Effect.gen(function*() {
        const reason = yield* reasonOf(Statement.make("SELECT 1", [], { executionProfile: "slow" }))
        assert.strictEqual(reason._tag, "ParametersRefused")
        assert.match(reason.message, /slow/)
      })
    ))

  it.effect("is not sent, and fails with what the policy threw, where the load-balancing policy fails", () =>
    withFake(({ profile, seen }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = () => {
          throw new TypeError("no rack")
        }
        const error = yield* Effect.flip(Statement.make("SELECT 1", [], { retry: "none" }))
        assert.strictEqual(error.outcome, "NotApplied")
        assert.match(error.message, /policy failed before anything was sent: TypeError: no rack/)
        assert.strictEqual(seen.length, 0)
      })
    ))
})

describe("speculative execution", () => {
  it.effect("is for reads alone: a sibling of a write could be under way when the first fails", () => {
    const planned: Array<string> = []
    const speculativeExecution = {
      newPlan: (_: unknown, text: string) => {
        planned.push(text)
        return { nextExecution: () => -1 }
      }
    }
    return withFake(() =>
      Effect.gen(function*() {
        const select = "/* all */ -- of them\n SELECT * FROM app.users"
        yield* Statement.make(select, [], { idempotent: true })
        yield* Statement.make(select, [], { idempotent: false })
        yield* Statement.make(insert, [1, "ada"], { idempotent: true })
        yield* Statement.make("DELETE FROM app.users WHERE id = 1", [], { idempotent: true })
        yield* Batch.make([[insert, [1, "ada"]]], { idempotent: true })
        assert.deepStrictEqual(planned, [select])
      }), { options: { policies: { speculativeExecution } } })
  })

  it.live("asks the next node where the first takes its time, and takes the first answer", () => {
    const speculativeExecution = { newPlan: () => ({ nextExecution: () => 5 }) }
    return withFake(({ seen }) =>
      Effect.gen(function*() {
        const { info } = yield* Statement.make("SELECT * FROM app.users")
        assert.strictEqual(info.coordinator, "b:9042")
        assert.strictEqual(info.speculativeExecutions, 1)
        assert.deepStrictEqual(seen.map(({ host }) => host), ["a:9042", "b:9042"])
      }), {
      hosts: ["a:9042", "b:9042"],
      options: { policies: { speculativeExecution } },
      answer: ({ host }) => host === "a:9042" ? "none" : nothing
    })
  })
})

describe("a batch", () => {
  it.effect("reaches the server whole, its statements prepared", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        for (const type of ["logged", "unlogged", "counter"] as const) {
          yield* Batch.make([[insert, [1, "ada"]], ["DELETE FROM app.users WHERE id = 2"], [insert, [3, "grace"]]], {
            type
          })
        }
        assert.deepStrictEqual(prepares, [insert])
        assert.deepStrictEqual(seen.map((request) => request._tag === "Batch" && request.type), [0, 1, 2])
        const [first] = seen
        assert.deepStrictEqual(first?._tag === "Batch" && first.members.map(({ values }) => values), [
          [Buffer.from([0, 0, 0, 1]), Buffer.from("ada")],
          [],
          [Buffer.from([0, 0, 0, 3]), Buffer.from("grace")]
        ])
      })
    ))

  it.effect("of texts without parameters is not prepared", () =>
    withFake(({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Batch.make([["DELETE FROM app.users WHERE id = 2"]])
        assert.deepStrictEqual(prepares, [])
        assert.strictEqual(seen[0]!.text, "DELETE FROM app.users WHERE id = 2")
      })
    ))

  it.effect("says which of its statements has the value that does not fit", () =>
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
        const [first] = seen
        assert.strictEqual(first?._tag === "Batch" && first.members.length, 10_000)
      })
    ))
})

describe("interruption", () => {
  it.live("returns at once, and what comes later is dropped", () => {
    const late = Promise.withResolvers<Answer>()
    return withFake(({ streams }, session) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Statement.make("SELECT 1"), { startImmediately: true })
        yield* Effect.sleep("5 millis")
        streams.inFlight = 1
        assert.strictEqual(yield* session.capacity, 4_096)
        yield* Fiber.interrupt(fiber)
        // The stream of the request stays taken: it carries nothing new.
        assert.strictEqual(yield* session.capacity, 4_095)
        late.resolve(failure(0x1001))
        streams.inFlight = 0
        yield* Effect.sleep("20 millis")
        assert.strictEqual(yield* session.capacity, 4_096)
      }), () => late.promise)
  })

  it.live("while preparing sends nothing afterwards", () => {
    const preparing = Promise.withResolvers<Answer>()
    return withFake((fake) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Statement.make(insert, [1, "ada"]), { startImmediately: true })
        yield* Effect.sleep("5 millis")
        yield* Fiber.interrupt(fiber)
        preparing.resolve(failure(0x2200))
        yield* Effect.sleep("20 millis")
        assert.strictEqual(fake.seen.length, 0)
      }), { prepare: () => preparing.promise })
  })

  it.effect("before the request was written sends nothing", () =>
    withFake(({ seen }) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Statement.make("SELECT 1"), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        yield* Effect.promise(() => Promise.resolve())
        assert.strictEqual(seen.length, 0)
      })
    ))
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
        () => ({ driver: Object.assign(new Error("bug"), { name: "DriverInternalError" }) })
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

  it.effect("gives plain rows, columns by their CQL types, and what the server said", () => {
    const columns = [
      { name: "id", type: scalar("uuid") },
      {
        name: "tags",
        type: { _tag: "Map", key: scalar("text"), value: { _tag: "List", element: scalar("int") } }
      }
    ] as const
    const id = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
    const uuid = Buffer.from(id.replaceAll("-", ""), "hex")
    const tags = Buffer.concat([int(1), int(1), Buffer.from("a"), int(12), int(1), int(4), int(1)])
    const body = Buffer.concat([
      uuid,
      Buffer.from([0, 1]),
      text("large"),
      rowsBody(columns, [[uuid, tags]], { pageState: Buffer.from("abcd", "hex") })
    ])
    return withFake((_, session) =>
      Effect.gen(function*() {
        const { pageState, result } = yield* session.executePage(Statement.make(select))
        assert.match(pageState ?? "", /^[\da-f]{8}\.abcd$/)
        assert.deepStrictEqual(result.rows, [{ id, tags: new Map([["a", [1]]]) }])
        assert.strictEqual(Object.getPrototypeOf(result.rows[0]), Object.prototype)
        assert.deepStrictEqual(result.columns, [
          { name: "id", type: "uuid" },
          { name: "tags", type: "map<text, list<int>>" }
        ])
        assert.deepInclude(result.info, {
          coordinator: "10.0.0.1:9042",
          warnings: ["large"],
          achievedConsistency: "LOCAL_ONE",
          traceId: id
        })
        assert.isTrue(result.wasApplied)
      }), () => result(body, 0x02 | 0x08))
  })

  const applied = [{ name: "[applied]", type: scalar("boolean") }, { name: "id", type: scalar("int") }]
  const notApplied = () => result(rowsBody(applied, [[Buffer.of(0), int(1)]]))

  it.effect("of a condition that did not hold says so", () =>
    withFake(() =>
      Effect.gen(function*() {
        const result = yield* Statement.make("INSERT INTO app.users (id) VALUES (1) IF NOT EXISTS")
        assert.isFalse(result.wasApplied)
      }), notApplied))

  it.effect("to a request of another kind is not taken for one", () =>
    Effect.forEach([preparedBody(Buffer.of(1), []), int(9)], (body) =>
      withFake(() =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Statement.make("INSERT INTO app.users (id) VALUES (1)"))
          assert.deepInclude({ outcome: error.outcome, tag: error.reason._tag }, {
            outcome: "Unknown",
            tag: "UnknownError"
          })
        }), () => result(body))))

  it.effect("of a plain read with a column named [applied] was applied", () =>
    withFake(() =>
      Effect.gen(function*() {
        const result = yield* Statement.make("SELECT b AS \"[applied]\", id FROM app.users")
        assert.isTrue(result.wasApplied)
        assert.deepStrictEqual(result.first, { "[applied]": false, id: 1 })
      }), notApplied))

  it.effect("has its columns by their names, also those that rows of the driver use themselves", () =>
    withFake(
      () =>
        Effect.gen(function*() {
          const { first } = yield* Statement.make("SELECT a AS \"__columns\", b AS keys, c AS get FROM app.users")
          assert.deepStrictEqual(Object.entries(first ?? {}), [["__columns", 1], ["keys", 2], ["get", 3]])
        }),
      () =>
        result(rowsBody(["__columns", "keys", "get"].map((name) => ({ name, type: scalar("int") })), [
          [int(1), int(2), int(3)]
        ]))
    ))
})

describe("the options of a client", () => {
  const log = () => {}

  it("are those of the session, and the others as they were given", () => {
    const [ca = ""] = rootCertificates
    const options = toClientOptions({
      contactPoints: ["10.0.0.1", "10.0.0.2:9043"],
      localDataCenter: "dc1",
      keyspace: "app",
      username: "ada",
      password: Redacted.make("secret"),
      connectTimeout: "3 seconds",
      pooling: { connectionsPerHost: 2, maxRequestsPerConnection: 1024, heartbeatInterval: "1 minute" },
      tls: { ca, serverName: "db" },
      clientOptions: { applicationName: "loader", socketOptions: { tcpNoDelay: false } }
    }, log)
    assert.deepStrictEqual(options, {
      applicationName: "loader",
      contactPoints: ["10.0.0.1", "10.0.0.2:9043"],
      localDataCenter: "dc1",
      keyspace: "app",
      credentials: { username: "ada", password: "secret" },
      sslOptions: { rejectUnauthorized: true, ca, servername: "db" },
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
    assert.strictEqual(waitsOnceConnected(options).readTimeout, 12_000)
    const short = { ...options, requestTimeout: "100 millis" } as const
    assert.strictEqual(waitsOnceConnected(short).readTimeout, 5_000)
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
