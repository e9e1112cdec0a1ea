import { Batch, executeConcurrent, Query, runConcurrent, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, reasonOf, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Client } from "cassandra-driver"
import { Effect, Schema, Stream } from "effect"
import { CassandraClient, CassandraSession } from "../src/index.ts"

const keyspace = ownName("session")

const tables = [
  `CREATE TABLE ${keyspace}.users (id int PRIMARY KEY, name text)`,
  `CREATE TABLE ${keyspace}.events (day int, n int, PRIMARY KEY (day, n))`,
  `CREATE TABLE ${keyspace}.visits (id int PRIMARY KEY, count counter)`
]

const insertUser = Query.make(`INSERT INTO ${keyspace}.users (id, name) VALUES (?, ?)`)
const userById = Query.make(`SELECT name FROM ${keyspace}.users WHERE id = :id`, {
  params: Schema.Struct({ id: Schema.Int }),
  row: Schema.Struct({ name: Schema.NullOr(Schema.String) })
})

integration("a session", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("runs statements with schemas", () =>
      Effect.gen(function*() {
        yield* insertUser(1, "ada")
        assert.deepStrictEqual((yield* userById({ id: 1 })).rows, [{ name: "ada" }])
        assert.deepStrictEqual((yield* userById({ id: -1 })).rows, [])
      }))

    it.effect("reports coordinator, consistency, and whether the statement was traced", () =>
      Effect.gen(function*() {
        const [address] = (yield* CassandraServer).contactPoints
        const { info } = yield* Statement.withOptions(userById({ id: 1 }), { consistency: "ONE", tracing: true })
        assert.strictEqual(info.coordinator, address)
        assert.strictEqual(info.achievedConsistency, "ONE")
        assert.match(info.traceId ?? "", /^[0-9a-f-]{36}$/)
        assert.isUndefined((yield* userById({ id: 1 })).info.traceId)
      }))

    it.effect("gives the warnings of the server", () =>
      Effect.gen(function*() {
        const rows = Array.from({ length: 60 }, (_, id) => insertUser(1_000 + id, "x".repeat(200)))
        const { info } = yield* Batch.make(rows, { type: "unlogged" })
        assert.match(info.warnings?.[0] ?? "", /^Batch for/)
      }))

    it.effect("reads page by page: whole, one at a time, from a state kept, and as a stream", () =>
      Effect.gen(function*() {
        const insert = Query.make(`INSERT INTO ${keyspace}.events (day, n) VALUES (?, ?)`)
        yield* executeConcurrent(Array.from({ length: 250 }, (_, n) => insert(1, n)))
        const numbers = Array.from({ length: 250 }, (_, n) => ({ n }))
        const all = Statement.make(`SELECT n FROM ${keyspace}.events WHERE day = ?`, [1], { pageSize: 100 })
        assert.deepStrictEqual((yield* all).rows, numbers)

        const session = yield* Session
        const first = yield* session.executePage(all)
        assert.strictEqual(first.result.length, 100)
        assert.isString(first.pageState)
        const second = yield* session.executePage(all, first.pageState)
        const third = yield* session.executePage(all, second.pageState)
        assert.deepStrictEqual([...first.result, ...second.result, ...third.result], numbers)
        assert.isUndefined(third.pageState)
        assert.deepStrictEqual((yield* session.executePage(all, first.pageState)).result.rows, second.result.rows)

        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(session.stream(all))), numbers)
        const few = yield* Stream.runCollect(Stream.take(session.stream(all), 120))
        assert.strictEqual(Array.from(few).length, 120)
      }))

    it.effect("executes batches: logged, unlogged, of counters, and without parameters", () =>
      Effect.gen(function*() {
        for (const type of ["logged", "unlogged"] as const) {
          yield* Batch.make(
            [insertUser(10, type), [`INSERT INTO ${keyspace}.users (id, name) VALUES (11, '${type}')`]],
            { type }
          )
          assert.strictEqual((yield* userById({ id: 10 })).first?.name, type)
          assert.strictEqual((yield* userById({ id: 11 })).first?.name, type)
        }
        yield* Batch.make([[`DELETE FROM ${keyspace}.users WHERE id = 11`]])
        assert.strictEqual((yield* userById({ id: 11 })).length, 0)
        const visit = Query.make(`UPDATE ${keyspace}.visits SET count = count + ? WHERE id = ?`)
        yield* Batch.make([visit(2n, 1), visit(3n, 1)], { type: "counter" })
        yield* visit(1n, 1)
        const visits = yield* Statement.make(`SELECT count FROM ${keyspace}.visits WHERE id = ?`, [1])
        assert.deepStrictEqual(visits.first, { count: 6n })
      }))

    it.effect("reports whether a condition held", () =>
      Effect.gen(function*() {
        const create = Query.make(`INSERT INTO ${keyspace}.users (id, name) VALUES (?, ?) IF NOT EXISTS`)
        const first = yield* create(20, "ada")
        assert.isTrue(first.wasApplied)
        const second = yield* create(20, "grace")
        assert.isFalse(second.wasApplied)
        assert.deepStrictEqual(second.first, { id: 20, name: "ada" })
        const batch = yield* Batch.make([create(20, "grace")])
        assert.isFalse(batch.wasApplied)
        const [result] = yield* executeConcurrent([create(20, "grace")], { raiseOnFirstError: false })
        assert.strictEqual(result?.outcome, "NotApplied")
      }))

    it.effect("writes at the timestamp that was asked for", () =>
      Effect.gen(function*() {
        const timestamp = 1_700_000_000_000_123n
        yield* Statement.withOptions(insertUser(30, "ada"), { timestamp })
        const written = yield* Statement.make(`SELECT WRITETIME(name) AS at FROM ${keyspace}.users WHERE id = ?`, [30])
        assert.deepStrictEqual(written.first, { at: timestamp })
      }))

    it.effect("names what the server refuses", () =>
      Effect.gen(function*() {
        const refused = (text: string, params: ReadonlyArray<unknown> = []) => reasonOf(Statement.make(text, params))
        for (const params of [[], [1]]) {
          const where = params.length === 0 ? "" : "WHERE id = ?"
          assert.strictEqual((yield* refused(`SELEC * FROM users ${where}`, params))._tag, "SyntaxError")
          assert.strictEqual((yield* refused(`SELECT * FROM ${keyspace}.none ${where}`, params))._tag, "InvalidQuery")
        }
        assert.deepInclude(yield* refused(tables[0]!), { _tag: "AlreadyExists", keyspace, table: "users" })
        const again =
          `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
        assert.deepInclude(yield* refused(again), { _tag: "AlreadyExists", keyspace, table: "" })
        const bad = `CREATE KEYSPACE ${keyspace}_2 WITH replication = {'class': 'Nowhere'}`
        assert.strictEqual((yield* refused(bad))._tag, "ConfigError")
        const three = yield* Effect.flip(Statement.withOptions(insertUser(1, "ada"), { consistency: "THREE" }))
        assert.deepInclude(three.reason, { _tag: "Unavailable", consistency: "THREE", required: 3, alive: 1 })
        assert.strictEqual(three.outcome, "NotApplied")
      }))

    it.effect("sees a column whose type has changed since it was prepared", () =>
      Effect.gen(function*() {
        const insert = Query.make(`INSERT INTO ${keyspace}.changing (id, value) VALUES (?, ?)`)
        const table = (type: string) =>
          Statement.make(`CREATE TABLE ${keyspace}.changing (id int PRIMARY KEY, value ${type})`)
        yield* table("int")
        yield* insert(1, 1)
        yield* Statement.make(`DROP TABLE ${keyspace}.changing`)
        yield* table("text")
        // The server has forgotten the statement, and the driver prepares and sends it again, all within one request.
        assert.deepInclude(yield* reasonOf(insert(1, 1)), {
          _tag: "ParametersRefused",
          column: "value",
          expected: "text"
        })
        assert.strictEqual((yield* Statement.make(`SELECT * FROM ${keyspace}.changing`)).length, 0)
        yield* insert(1, "ada")
        const row = yield* Statement.make(`SELECT value FROM ${keyspace}.changing WHERE id = ?`, [1])
        assert.deepStrictEqual(row.first, { value: "ada" })
      }))

    it.effect("sends a value by the new type of its column, where it fits both", () =>
      Effect.gen(function*() {
        const insert = Query.make(`INSERT INTO ${keyspace}.wider (id, value) VALUES (?, ?)`)
        const table = (type: string) =>
          Statement.make(`CREATE TABLE ${keyspace}.wider (id int PRIMARY KEY, value ${type})`)
        for (const batch of [false, true]) {
          const write = batch ? Batch.make([insert(1, 7), insert(2, 7)]) : insert(1, 7)
          yield* table("int")
          yield* write
          yield* Statement.make(`DROP TABLE ${keyspace}.wider`)
          yield* table("double")
          yield* write
          const row = yield* Statement.make(`SELECT value FROM ${keyspace}.wider WHERE id = ?`, [1])
          assert.deepStrictEqual(row.first, { value: 7 })
          yield* Statement.make(`DROP TABLE ${keyspace}.wider`)
        }
      }))

    it.effect("takes no USE, which would change what the names of tables mean for all that share it", () =>
      Effect.gen(function*() {
        for (const text of ["USE system", " -- a comment\n/* and another */ use system"]) {
          const error = yield* Effect.flip(Statement.make(text))
          assert.deepInclude(error, { outcome: "NotApplied" })
          assert.match(error.message, /^InvalidQuery: USE is refused, .* Qualify the names of tables/)
        }
      }))

    it.effect("executes more texts at once than the driver remembers", () =>
      Effect.gen(function*() {
        const server = yield* CassandraServer
        const session = yield* CassandraSession.make({ ...optionsOf(server), clientOptions: { maxPrepared: 1 } })
        const texts = Array.from({ length: 300 }, (_, at) => `SELECT key FROM system.local WHERE key = ? /* ${at} */`)
        const results = yield* executeConcurrent(texts.map((text) => [text, ["local"]] as const), { concurrency: 300 })
          .pipe(Effect.provideService(Session, session))
        assert.strictEqual(results.filter(({ value }) => value.first?.["key"] === "local").length, 300)
        const batch = Batch.make(
          texts.slice(0, 40).map((
            _,
            at
          ) => [`INSERT INTO ${keyspace}.users (id, name) VALUES (?, ?) /* ${at} */`, [at, "x"]])
        )
        yield* session.execute(batch)
      }).pipe(Effect.scoped), 60_000)

    it.effect("fails instead of returning a row that would lose a part", () =>
      Effect.gen(function*() {
        const local = "FROM system.local"
        const cases: ReadonlyArray<readonly [select: string, reported: RegExp]> = [
          [
            `SELECT key AS x, release_version AS x ${local}`,
            /RowDecoding: row 0, column x: two columns have this name/
          ],
          [
            `SELECT blobAsTimestamp(bigintAsBlob(9000000000000000)) AS t ${local}`,
            /RowDecoding: row 0, column t: expected a timestamp within the range of Date/
          ]
        ]
        for (const [select, reported] of cases) {
          const error = yield* Effect.flip(Statement.make(select))
          assert.match(error.message, reported)
        }
      }))

    it.effect("refuses a value that throws when it is read, and no other", () =>
      Effect.gen(function*() {
        const bytes = Uint8Array.of(1, 2, 3)
        structuredClone(bytes, { transfer: [bytes.buffer] })
        const select = Query.make("SELECT key FROM system.local WHERE key = ?")
        const echo = Query.make("SELECT key FROM system.local WHERE key = blobAsText((blob) ?)")
        const results = yield* executeConcurrent([select("local"), echo(bytes), select("local")], {
          raiseOnFirstError: false
        })
        assert.deepStrictEqual(results.map(({ success }) => success), [true, false, true])
        const refused = results[1]
        assert.match(
          refused?._tag === "Failure" ? refused.error.message : "",
          /ParametersRefused: .* given: Uint8Array that throws TypeError when it is read/
        )
      }))

    it.effect("inserts and reads back 5,000 rows", () =>
      Effect.gen(function*() {
        const ids = Array.from({ length: 5_000 }, (_, id) => 10_000 + id)
        const written = yield* executeConcurrent(ids.map((id) => insertUser(id, `user ${id}`)), { concurrency: 200 })
        assert.strictEqual(written.length, 5_000)
        const read = yield* executeConcurrent(ids.map((id) => userById({ id })), { concurrency: 200 })
        assert.deepStrictEqual(read.map(({ value }) => value.first?.name), ids.map((id) => `user ${id}`))
      }), 60_000)

    it.effect("reports its capacity, and takes no more than that at once", () =>
      Effect.gen(function*() {
        const options = { ...optionsOf(yield* CassandraServer), pooling: { maxRequestsPerConnection: 20 } }
        const session = yield* CassandraSession.make(options)
        assert.strictEqual(yield* session.capacity, 20)
        const summary = yield* Effect.provideService(
          runConcurrent(Array.from({ length: 500 }, (_, id) => insertUser(id, "ada")), { concurrency: "unbounded" }),
          Session,
          session
        )
        assert.strictEqual(summary.succeeded, 500)
      }).pipe(Effect.scoped))

    it.effect("runs on a client of the user's, whatever its encoding options, and leaves it open", () =>
      Effect.gen(function*() {
        const { contactPoints, localDataCenter } = yield* CassandraServer
        const client = yield* Effect.acquireRelease(
          Effect.sync(() => new Client({ contactPoints: [...contactPoints], localDataCenter })),
          (client) => Effect.promise(() => client.shutdown())
        )
        const table =
          `CREATE TABLE ${keyspace}.mixed (id bigint PRIMARY KEY, tags set<bigint>, names map<int, uuid>, n varint)`
        const uuid = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
        const row = { id: 2n ** 60n, tags: new Set([1n, 2n]), names: new Map([[1, uuid]]), n: -5n }
        yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* CassandraSession.fromClient(client)
          yield* session.execute([table])
          const insert = `INSERT INTO ${keyspace}.mixed (id, tags, names, n) VALUES (?, ?, ?, ?)`
          yield* session.execute([insert, [row.id, row.tags, row.names, row.n]])
          const select = `SELECT id, tags, names, n FROM ${keyspace}.mixed WHERE id = ?`
          assert.deepStrictEqual((yield* session.execute([select, [row.id]])).rows, [row])
        }))
        yield* Effect.promise(() => client.execute("SELECT key FROM system.local"))
      }).pipe(Effect.scoped))

    it.effect("gives its client", () =>
      Effect.gen(function*() {
        const client = yield* CassandraClient
        assert.strictEqual(client.hosts.length, 1)
      }))

    it.effect("that ends refuses what comes after", () =>
      Effect.gen(function*() {
        const options = optionsOf(yield* CassandraServer)
        const session = yield* Effect.scoped(CassandraSession.make(options))
        const reason = yield* reasonOf(session.execute(["SELECT key FROM system.local"]))
        assert.strictEqual(reason._tag, "SessionClosed")
      }))

    it.effect("names the data centres there are, when it is given another", () =>
      Effect.gen(function*() {
        const { contactPoints, localDataCenter } = yield* CassandraServer
        const reason = yield* reasonOf(
          Effect.scoped(CassandraSession.make({ contactPoints, localDataCenter: "elsewhere" }))
        )
        assert.strictEqual(reason._tag, "ConnectFailed")
        assert.include(reason.message, `it is given as "elsewhere", and the nodes are in ${localDataCenter}`)
      }))

    it.effect("names the keyspace that does not exist", () =>
      Effect.gen(function*() {
        const options = { ...optionsOf(yield* CassandraServer), keyspace: "nowhere" }
        const reason = yield* reasonOf(Effect.scoped(CassandraSession.make(options)))
        assert.include(reason.message, "whether the keyspace \"nowhere\" exists")
      }))

    it.effect("takes unqualified names from its keyspace", () =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.make({ ...optionsOf(yield* CassandraServer), keyspace })
        yield* session.execute(["INSERT INTO users (id, name) VALUES (?, ?)", [40, "ada"]])
        assert.strictEqual((yield* userById({ id: 40 })).first?.name, "ada")
      }).pipe(Effect.scoped))
  })
})
