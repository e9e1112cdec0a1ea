import { Batch, executeConcurrent, PageState, Query, Reason, Session, Settlement, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { MockSession } from "../src/index.ts"

const users = [
  "CREATE TABLE app.users (id int, at int, name text, tags set<text>, PRIMARY KEY (id, at))",
  "CREATE TABLE app.stock (item text PRIMARY KEY, left int)",
  "CREATE TABLE app.counts (id int PRIMARY KEY, n counter)"
]
const memory = MockSession.memory(users)
const reasonOf = (text: string, params?: ReadonlyArray<unknown>) =>
  Effect.map(Effect.flip(Statement.make(text, params)), (error) => error.reason)

describe("a memory session", () => {
  it.effect("keeps what was written, in the order of its keys", () =>
    Effect.gen(function*() {
      yield* executeConcurrent(
        [3, 1, 2].map((at) => ["INSERT INTO app.users (id, at, name) VALUES (1, ?, ?)", [at, `name ${at}`]] as const)
      )
      const { rows } = yield* Statement.make("SELECT at, name FROM app.users WHERE id = 1")
      assert.deepStrictEqual(rows, [1, 2, 3].map((at) => ({ at, name: `name ${at}` })))
    }).pipe(Effect.provide(memory)))

  it.effect("applies writes of one moment of a clock that stands still in their order, conditional ones among them", () =>
    Effect.gen(function*() {
      yield* Statement.make("INSERT INTO app.stock (item, left) VALUES ('a', 1)")
      yield* Statement.make("UPDATE app.stock SET left = 2 WHERE item = 'a' IF left = 1")
      yield* Statement.make("UPDATE app.stock SET left = 3 WHERE item = 'a'")
      yield* Statement.make("UPDATE app.stock SET left = 4 WHERE item = 'a' IF left = 3")
      yield* Statement.make("DELETE FROM app.stock WHERE item = 'a'")
      yield* Statement.make("INSERT INTO app.stock (item, left) VALUES ('a', 5) IF NOT EXISTS")
      yield* Statement.make("UPDATE app.stock SET left = 6 WHERE item = 'a'")
      const { first } = yield* Statement.make("SELECT left FROM app.stock WHERE item = 'a'")
      assert.strictEqual(first?.["left"], 6)
    }).pipe(Effect.provide(memory)))

  it.live("applies writes of one millisecond of a real clock in their order, conditional ones among them", () =>
    Effect.gen(function*() {
      const insert = (id: number) => `INSERT INTO app.users (id, at, name) VALUES (${id}, 1, 'new') IF NOT EXISTS`
      const update = (id: number) => `UPDATE app.users SET name = 'later' WHERE id = ${id} AND at = 1`
      const erase = (id: number) => `DELETE FROM app.users WHERE id = ${id} AND at = 1`
      const batch = (id: number, last: string) => Batch.make([[insert(id)], [last]])
      const read = (id: number) => Statement.make(`SELECT name FROM app.users WHERE id = ${id}`)
      const found: Array<unknown> = []
      for (let id = 0; id < 500; id++) {
        yield* Statement.make(insert(id))
        yield* Statement.make(update(id))
        const updated = (yield* read(id)).first?.["name"]
        yield* Statement.make(`UPDATE app.users SET name = 'latest' WHERE id = ${id} AND at = 1 IF name = 'later'`)
        const changed = (yield* read(id)).first?.["name"]
        yield* Statement.make(erase(id))
        const erased = (yield* read(id)).length
        yield* batch(id, "INSERT INTO app.users (id, at, name) VALUES (" + id + ", 2, 'other')")
        yield* Batch.make([[erase(id)], [`DELETE FROM app.users WHERE id = ${id} AND at = 2`]])
        found.push([updated, changed, erased, (yield* read(id)).length])
      }
      const expected = ["later", "latest", 0, 0].join()
      assert.deepStrictEqual(found.filter((each) => String(each) !== expected), [])
    }).pipe(Effect.provide(memory)))

  it.effect("lets values expire on the Clock", () =>
    Effect.gen(function*() {
      yield* Statement.make("INSERT INTO app.stock (item, left) VALUES ('a', 1) USING TTL 60")
      const left = Statement.make("SELECT left, TTL(left) AS ttl FROM app.stock WHERE item = 'a'")
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual((yield* left).rows, [{ left: 1, ttl: 1 }])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* left).rows, [])
    }).pipe(Effect.provide(memory)))

  it.effect("refuses options of an index that change its answers", () =>
    Effect.gen(function*() {
      for (const option of ["'case_sensitive': 'false'", "'normalize': 'true'", "'ascii': 'true'"]) {
        const create = `CREATE INDEX ON app.users (name) USING 'sai' WITH OPTIONS = {${option}}`
        const exit = yield* Effect.exit(Statement.make(create))
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "does not support the option")
      }
    }).pipe(Effect.provide(memory)))

  it.effect("refuses by name what a server answers and it cannot", () =>
    Effect.gen(function*() {
      const read = "SELECT at FROM app.users WHERE id"
      const refused: ReadonlyArray<readonly [text: string, what: string]> = [
        ["INSERT INTO app.moments (id, at) VALUES (1, 'now')", "the timestamp 'now'"],
        ["INSERT INTO app.moments (id, at) VALUES (1, '')", "the timestamp ''"],
        ["INSERT INTO app.moments (id, at) VALUES (1, '2026-11-28 01:02 CET')", "the timestamp '2026-11-28 01:02 CET'"],
        ["INSERT INTO app.moments (id, at) VALUES (1, '9223372036854775807')", "beyond the range of Date"],
        ["INSERT INTO app.moments (id, host) VALUES (1, '')", "the inet ''"],
        ["INSERT INTO app.moments (id, host) VALUES (1, 'fe80::1%eth0')", "the inet 'fe80::1%eth0'"],
        ["INSERT INTO app.moments (id) VALUES (blobAsInt(0x))", "an empty value of type int"],
        [`${read} = -(1)`, "arithmetic"],
        [`${read} = 1 AND at > null`, "a range of at that begins or ends with null"],
        [`${read} = 1 AND name IN ('a', null) ALLOW FILTERING`, "null among the values of name"],
        ["SELECT DISTINCT token(id) FROM app.users", "SELECT DISTINCT of expressions"],
        [
          "UPDATE app.stock SET left = left + 1 WHERE item = 'a' IF left = 1",
          "adding to the column left on a condition"
        ],
        ["INSERT INTO app.stock (item) VALUES (CAST((int)5 AS text))", "the function cast"],
        ["SELECT CAST(at AS timestamp) FROM app.users", "the CAST of an int as a timestamp"]
      ]
      for (const [text, what] of refused) {
        const exit = yield* Effect.exit(Statement.make(text))
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", `does not support`, text)
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", what, text)
      }
    }).pipe(Effect.provide(
      MockSession.memory([...users, "CREATE TABLE app.moments (id int PRIMARY KEY, at timestamp, host inet)"])
    )))

  it.effect("makes times of the Clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      yield* Statement.make("INSERT INTO app.stock (item) VALUES ('a')")
      const { first } = yield* Statement.make("SELECT toTimestamp(now()) AS now FROM app.stock")
      assert.deepStrictEqual(first?.["now"], new Date(1_000_000))
    }).pipe(Effect.provide(memory)))

  it.effect("settles a write whose answer was lost", () =>
    Effect.gen(function*() {
      const insert = Statement.make("INSERT INTO app.stock (item, left) VALUES ('a', 1)")
      const [found] = yield* executeConcurrent([insert], { raiseOnFirstError: false })
      assert.strictEqual(found?.outcome, "Unknown")
      const [settlement] = yield* Settlement.settle([found!])
      assert.strictEqual(settlement?.outcome, "Applied")
    }).pipe(Effect.provide(MockSession.memory(users, {
      answers: [
        MockSession.when(
          /^INSERT/,
          (request, context) =>
            Effect.andThen(
              context.behind(request),
              MockSession.fail(new Reason.ServerError({ message: "lost" }))(request, context)
            )
        )
      ]
    }))))

  it.effect("pages, and begins where a page state says", () =>
    Effect.gen(function*() {
      const ids = Array.from({ length: 10 }, (_, id) => id)
      yield* executeConcurrent(
        ids.map((id) => ["INSERT INTO app.stock (item, left) VALUES (?, ?)", [`i${id}`, id]] as const)
      )
      const session = yield* Session
      const all = Statement.make("SELECT left FROM app.stock", [], { pageSize: 3 })
      const first = yield* session.executePage(all)
      assert.strictEqual(first.result.length, 3)
      const second = yield* session.executePage(all, first.pageState)
      assert.deepStrictEqual((yield* session.executePage(all, first.pageState)).result.rows, second.result.rows)
      const unknown = yield* Effect.flip(session.executePage(all, PageState("a cursor")))
      assert.strictEqual(unknown.reason._tag, "InvalidPageState")
      const others = [
        Statement.make("SELECT item FROM app.stock", [], { pageSize: 3 }),
        Statement.make("SELECT left FROM app.stock LIMIT ?", [5]),
        Batch.make([["INSERT INTO app.stock (item, left) VALUES ('i1', 9)"]])
      ]
      for (const other of others) {
        const error = yield* Effect.flip(session.executePage(other, first.pageState))
        assert.strictEqual(error.reason._tag, "InvalidPageState")
      }
      const read = yield* Stream.runCollect(session.stream(all))
      assert.deepStrictEqual(read.map((row) => row["left"]).sort(), ids)
    }).pipe(Effect.provide(memory)))

  describe("a page state", () => {
    const create = "CREATE TABLE app.t (k int, c int, v int, s int static, PRIMARY KEY (k, c))"
    const tables = Effect.provide(MockSession.memory([create]))
    const insert = (k: number, c: number) => Statement.make("INSERT INTO app.t (k, c, v) VALUES (?, ?, 0)", [k, c])
    const insertAll = (ks: ReadonlyArray<number>, cs: ReadonlyArray<number>) =>
      Effect.forEach(ks.flatMap((k) => cs.map((c) => insert(k, c))), (each) => each, { discard: true })
    const truncate = Statement.make("TRUNCATE app.t")
    // By token: 1, 2, 4, 3.
    const ks = [1, 2, 3, 4]
    /** The rows of the page after the first, when something has happened between them. */
    const after = <E, R>(text: string, pageSize: number, between: Effect.Effect<unknown, E, R>) =>
      Effect.gen(function*() {
        const session = yield* Session
        const statement = Statement.make(text, [], { pageSize })
        const { pageState } = yield* session.executePage(statement)
        yield* between
        const { result } = yield* session.executePage(
          statement.pipe(Statement.withOptions({ pageSize: 100 })),
          pageState
        )
        return result.rows.map((row) => Object.values(row).map(Number))
      })

    const changes = [
      ["TRUNCATE", truncate],
      [
        "DROP and CREATE",
        Effect.andThen(Statement.make("DROP TABLE app.t"), Statement.make(create))
      ]
    ] as const
    for (const [name, change] of changes) {
      it.effect(`resumes at its position after ${name}`, () =>
        Effect.gen(function*() {
          yield* insertAll(ks, [1, 2, 3])
          const all = "SELECT k, c FROM app.t"
          const again = (ks: ReadonlyArray<number>, cs: ReadonlyArray<number>) =>
            Effect.andThen(change, insertAll(ks, cs))
          // The page ends in k = 2, c = 2.
          assert.deepStrictEqual(yield* after(all, 5, again(ks, [1, 2, 3])), [
            [2, 3],
            ...[4, 3].flatMap((k) => [1, 2, 3].map((c) => [k, c]))
          ])
          assert.deepStrictEqual(yield* after(all, 5, again([1, 3], [1])), [[3, 1]])
          yield* again(ks, [1, 2, 3])
          assert.deepStrictEqual(yield* after(all, 5, change), [])
          yield* insertAll(ks, [1, 2, 3])
          assert.deepStrictEqual(yield* after("SELECT DISTINCT k FROM app.t", 2, again([1, 3, 4], [1])), [[4], [3]])
          yield* again(ks, [1, 2, 3])
          const descending = "SELECT c FROM app.t WHERE k = 1 ORDER BY c DESC"
          assert.deepStrictEqual(yield* after(descending, 1, again(ks, [1, 2, 4])), [[2], [1]])
        }).pipe(tables))
    }

    it.effect("resumes in the order of the keys of an IN", () =>
      Effect.gen(function*() {
        yield* insertAll(ks, [1, 2, 3])
        const some = "SELECT k, c FROM app.t WHERE k IN (4, 3, 2)"
        // The page ends in k = 3, c = 1.
        assert.deepStrictEqual(yield* after(some, 4, Effect.andThen(truncate, insertAll(ks, [1, 2]))), [
          [3, 2],
          [4, 1],
          [4, 2]
        ])
        assert.deepStrictEqual(yield* after(some, 3, Effect.andThen(truncate, insertAll([2, 4], [1]))), [[4, 1]])
      }).pipe(tables))

    it.effect("counts PER PARTITION LIMIT on in its partition alone", () =>
      Effect.gen(function*() {
        yield* insertAll(ks, [1, 2, 3])
        const two = "SELECT k, c FROM app.t PER PARTITION LIMIT 2"
        assert.deepStrictEqual(yield* after(two, 3, Effect.andThen(truncate, insertAll([2, 3], [1, 2, 3, 4]))), [
          [2, 2],
          [3, 1],
          [3, 2]
        ])
      }).pipe(tables))

    it.effect("resumes behind its last group, whichever groups are gone", () =>
      Effect.gen(function*() {
        yield* insertAll(ks, [1, 2])
        const counts = "SELECT k, count(*) FROM app.t GROUP BY k"
        const without = (k: number) => Statement.make("DELETE FROM app.t WHERE k = ?", [k])
        assert.deepStrictEqual(yield* after(counts, 2, Effect.void), [[4, 2], [3, 2]])
        assert.deepStrictEqual(yield* after(counts, 2, without(1)), [[4, 2], [3, 2]])
        assert.deepStrictEqual(yield* after(counts, 1, Effect.andThen(without(4), insertAll([1, 2], [9]))), [[3, 2]])
        yield* Effect.andThen(truncate, insertAll(ks, [1, 2, 3]))
        const limited = "SELECT k, c FROM app.t GROUP BY k, c PER PARTITION LIMIT 2 LIMIT 5"
        const gone = Statement.make("DELETE FROM app.t WHERE k = 1 AND c = 1")
        assert.deepStrictEqual(yield* after(limited, 3, Effect.void), [[2, 2], [4, 1]])
        assert.deepStrictEqual(yield* after(limited, 3, gone), [[2, 2], [4, 1]])
        assert.deepStrictEqual(yield* after(limited, 1, insert(2, 0)), [[1, 3], [2, 0], [2, 1], [4, 1]])
      }).pipe(tables))

    it.effect("is refused for a table whose key has other types", () =>
      Effect.gen(function*() {
        for (
          const key of ["k int, c text, PRIMARY KEY (k, c)", "k text, c int, PRIMARY KEY (k, c)", "k int PRIMARY KEY"]
        ) {
          yield* Effect.andThen(truncate, insertAll(ks, [1, 2]))
          const change = Effect.andThen(
            Statement.make("DROP TABLE app.t"),
            Statement.make(`CREATE TABLE app.t (${key})`)
          )
          const error = yield* Effect.flip(after("SELECT k FROM app.t", 1, change))
          assert.strictEqual("reason" in error && error.reason._tag, "InvalidPageState")
          yield* Statement.make("DROP TABLE app.t")
          yield* Statement.make(create)
        }
      }).pipe(tables))
  })

  it.effect("reports the ring, and the partitions of statements", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const { ranges } = (yield* session.ring("app"))!
      const of = (id: number) => session.partition(["SELECT * FROM app.users WHERE id = ?", [id]])
      assert.strictEqual((yield* of(1))?.token, -4069959284402364209n)
      const counts = yield* Effect.forEach(ranges, ({ end, start }) =>
        Effect.map(
          Statement.make("SELECT count(*) AS n FROM app.counts WHERE token(id) > ? AND token(id) <= ?", [
            start,
            end === -(2n ** 63n) ? 2n ** 63n - 1n : end
          ]),
          ({ first }) => Number(first?.["n"])
        ))
      assert.strictEqual(counts.reduce((sum, n) => sum + n, 0), 0)
    }).pipe(Effect.provide(memory)))

  it.effect("describes statements as a server prepares them, and executes nothing", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const insert = "INSERT INTO app.users (id, at, name) VALUES (:user, ?, ?) USING TTL ?"
      assert.deepStrictEqual(yield* session.describe(insert), {
        params: [
          { name: "user", type: "int" },
          { name: "at", type: "int" },
          { name: "name", type: "text" },
          { name: "[ttl]", type: "int" }
        ],
        columns: []
      })
      assert.deepStrictEqual(yield* session.describe("SELECT name AS n, tags FROM app.users WHERE id IN ? LIMIT ?"), {
        params: [{ name: "in(id)", type: "list<int>" }, { name: "[limit]", type: "int" }],
        columns: [{ name: "n", type: "text" }, { name: "tags", type: "set<text>" }]
      })
      yield* session.describe("DROP TABLE app.users")
      assert.lengthOf((yield* Statement.make("SELECT id FROM app.users")).rows, 0)
      const error = yield* Effect.flip(session.describe("SELECT nothing FROM app.users"))
      assert.strictEqual(error.reason._tag, "InvalidQuery")
    }).pipe(Effect.provide(memory)))

  it.effect("gives its tables to a scripted session, which describes statements by them", () =>
    Effect.gen(function*() {
      const { params } = (yield* Session.use((session) => session.describe("DELETE FROM app.stock WHERE item = ?")))!
      assert.deepStrictEqual(params, [{ name: "item", type: "text" }])
    }).pipe(Effect.provide(MockSession.layer({ tables: users }))))

  it.effect("estimates the sizes of its tables every five minutes, as a server does", () =>
    Effect.gen(function*() {
      const sizes = Statement.make(
        "SELECT * FROM system.size_estimates WHERE keyspace_name = 'app' AND table_name = 'stock'"
      )
      for (let id = 0; id < 100; id++) {
        // Four bytes of a key, and four of a number.
        const params = [String(1_000 + id), id]
        yield* Statement.make("INSERT INTO app.stock (item, left) VALUES (?, ?) USING TTL 600", params)
      }
      assert.deepStrictEqual((yield* sizes).rows, [])
      yield* TestClock.adjust("5 minutes")
      const { rows } = yield* sizes
      assert.lengthOf(rows, 8)
      assert.deepStrictEqual([...new Set(rows.map((row) => row["mean_partition_size"]))], [8n])
      assert.strictEqual(rows.reduce((sum, row) => sum + Number(row["partitions_count"]), 0), 100)
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual((yield* sizes).rows, rows)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* sizes).rows, [])
    }).pipe(Effect.provide(memory)))

  it.effect("decodes rows by the schema of their query", () =>
    Effect.gen(function*() {
      const byId = Query.make("SELECT tags FROM app.users WHERE id = :id", {
        params: Schema.Struct({ id: Schema.Int }),
        row: Schema.Struct({ tags: Schema.NullOr(Schema.ReadonlySet(Schema.String)) })
      })
      yield* Statement.make("INSERT INTO app.users (id, at, tags) VALUES (1, 1, ?)", [new Set(["b", "a"])])
      yield* Statement.make("INSERT INTO app.users (id, at, tags) VALUES (1, 2, ?)", [new Set()])
      const { rows } = yield* byId({ id: 1 })
      assert.deepStrictEqual(rows.map(({ tags }) => tags === null ? null : [...tags]), [["a", "b"], null])
    }).pipe(Effect.provide(memory)))

  it.effect("keeps its rows apart from those that it returns, typed or not", () =>
    Effect.gen(function*() {
      yield* Statement.make("INSERT INTO app.people (id, name) VALUES (1, 'ada')")
      const text = "SELECT id, name FROM app.people WHERE id = 1"
      const typed = Query.make(text, { row: Schema.Struct({ id: Schema.Int, name: Schema.String }) })
      // A plan for the rows is made after some of them.
      for (let round = 0; round < 40; round++) {
        for (const { first } of [yield* typed(), yield* Statement.make(text)]) {
          assert.deepStrictEqual(first, { id: 1, name: "ada" })
          Object.assign(Object(first), { name: "changed" })
        }
      }
    }).pipe(Effect.provide(MockSession.memory(["CREATE TABLE app.people (id int PRIMARY KEY, name text)"]))))

  it.effect("refuses what a server refuses, with its reasons", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* reasonOf("SELEC 1"))._tag, "SyntaxError")
      assert.strictEqual((yield* reasonOf("SELECT * FROM app.users WHERE name = 'x'"))._tag, "InvalidQuery")
      assert.strictEqual((yield* reasonOf("CREATE TABLE app.users (id int PRIMARY KEY)"))._tag, "AlreadyExists")
      const refused = yield* reasonOf("INSERT INTO app.users (id, at, name) VALUES (1, 1, ?)", [12])
      assert.isTrue(refused._tag === "ParametersRefused" && refused.column === "name" && refused.given === "number")
      assert.notInclude(refused.message, "12")
    }).pipe(Effect.provide(memory)))

  it.effect("dies of what it does not support, naming it and what to use instead", () =>
    Effect.gen(function*() {
      const texts = [
        ["SELECT sum(left) + 1 FROM app.stock", "the operator + in a SELECT clause"],
        ["INSERT INTO app.stock JSON '{}'", "INSERT ... JSON"],
        ["CREATE MATERIALIZED VIEW app.v AS SELECT * FROM app.users", "CREATE MATERIALIZED VIEW"],
        ["SELECT * FROM app.users WHERE name LIKE 'x%'", "LIKE"],
        ["GRANT ALL ON KEYSPACE app TO me", "GRANT"],
        ["SELECT tags['a'..] FROM app.users", "a slice of a collection"],
        ["SELECT -id FROM app.users", "such an expression in a SELECT clause"],
        ["SELECT name, (id, name) FROM app.users", "such an expression in a SELECT clause"],
        ["SELECT similarity_cosine(v, [1, 1]) FROM app.users", "such an expression in a SELECT clause"],
        ["SELECT floor(at, 1h) FROM app.users", "the function floor"],
        ["SELECT count(*) FROM app.users GROUP BY id, floor(at, 1h)", "a function in GROUP BY"],
        ["SELECT exp((decimal) 1), count(*) FROM app.users", "the function exp of a decimal"],
        ["SELECT id FROM app.users WHERE id = CAST(1 AS int)", "the function cast"],
        ["UPDATE app.stock SET left = 1 + 2 WHERE item = 'a'", "arithmetic between values"]
      ] as const
      for (const [text, what] of texts) {
        const exit = yield* Effect.exit(Statement.make(text))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause), text)
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", `does not support ${what}`)
      }
    }).pipe(Effect.provide(memory)))

  it.effect("applies nothing of a batch with a refused part", () =>
    Effect.gen(function*() {
      const batch = Batch.make([
        ["INSERT INTO app.stock (item) VALUES ('a')"],
        ["INSERT INTO app.stock (nope) VALUES ('b')"]
      ])
      assert.strictEqual((yield* Effect.flip(batch)).reason._tag, "InvalidQuery")
      assert.strictEqual((yield* Statement.make("SELECT * FROM app.stock")).length, 0)
    }).pipe(Effect.provide(memory)))

  it.effect("takes names without a keyspace in the keyspace of its options", () =>
    Effect.gen(function*() {
      yield* Statement.make("INSERT INTO notes (id) VALUES (1)")
      assert.strictEqual((yield* Statement.make("SELECT * FROM app.notes")).length, 1)
    }).pipe(Effect.provide(MockSession.memory(["CREATE TABLE notes (id int PRIMARY KEY)"], { keyspace: "app" }))))

  it.effect("dies of a table that a server would refuse", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(MockSession.makeMemory(["CREATE TABLE app.t (id int)"])))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "No PRIMARY KEY")
    }))
})
