import { Batch, executeConcurrentWithArgs, InvalidOptions, Query, Statement } from "@effect-cql/core"
import { Change, CqlSchema, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option, Schema } from "effect"
import { Event, Likes, Post, PostId, PostsByTitle, Titles, User } from "./support/tables.ts"

const at = DateTime.makeUnsafe("2026-11-22T12:00:00Z")
const id = PostId.make("1b7ec7f0-c7e2-11f0-8de9-0242ac120002")
const post = new Post({ author: "ada", at, id, title: "Hello", tags: new Set(["a"]), parts: [], links: new Map() })
const key = { author: "ada", at, id }
const user = new User({ id: 1, displayName: "Ada", version: 1, roles: new Set<string>() })

/** Text and parameters of a statement that arrive at the port. */
const arrived = (statement: Statement.Statement<unknown>) =>
  Effect.gen(function*() {
    const mock = yield* MockSession.MockSession
    yield* mock.reset
    yield* statement
    const [call] = yield* mock.calls
    const request = call?.request
    return request?._tag === "Statement" ? [request.text, ...request.params] as const : undefined
  }).pipe(Effect.provide(MockSession.layer()))

const unset = Statement.unset
const date = DateTime.toDateUtc(at)

describe("a verb of a table", () => {
  const cases: Readonly<Record<string, readonly [Statement.Statement<unknown>, string, ReadonlyArray<unknown>]>> = {
    "insert leaves alone what is absent or empty": [
      Post.insert(post),
      "INSERT INTO app.posts (author, at, id, title, tags, parts, links, bio) VALUES " +
      "(:author, :at, :id, :title, :tags, :parts, :links, :bio)",
      ["ada", date, id, "Hello", new Set(["a"]), unset, unset, unset]
    ],
    "insert takes a record, and times": [
      User.insert({ id: 1, displayName: "Ada", version: 1, roles: new Set(), nickname: undefined }, {
        ttl: "1 day",
        timestamp: 7n
      }),
      "INSERT INTO app.users (id, display_name, nickname, version, roles, key) VALUES " +
      "(:id, :display_name, :nickname, :version, :roles, :key) USING TTL :\"[ttl]\" AND TIMESTAMP :\"[timestamp]\"",
      [1, "Ada", unset, 1, unset, unset, 86_400, 7n]
    ],
    "upsert writes the row as it is": [
      Post.upsert(post),
      Post.insert.text,
      ["ada", date, id, "Hello", new Set(["a"]), [], new Map(), null]
    ],
    "insert.ifNotExists": [
      User.insert.ifNotExists(user),
      `${User.insert.text} IF NOT EXISTS`,
      [1, "Ada", unset, 1, unset, unset]
    ],
    "get reads by the whole key": [
      Post.get(key),
      "SELECT author, at, id, title, tags, parts, links, bio FROM app.posts WHERE author = :author AND at = :at AND id = :id",
      ["ada", date, id]
    ],
    "get takes a row": [
      User.get(user),
      "SELECT id, display_name, nickname, version, roles, key FROM app.users WHERE id = :id",
      [1]
    ],
    "select a partition": [
      Post.select({ author: "ada" }, { columns: ["id", "title"], limit: 10 }),
      "SELECT id, title FROM app.posts WHERE author = :author LIMIT :\"[limit]\"",
      ["ada", 10]
    ],
    "select a range, in the other order": [
      Post.select({ author: "ada", "at >=": at, "at <": at }, {
        columns: ["id"],
        reversed: true,
        perPartitionLimit: 1
      }),
      "SELECT id FROM app.posts WHERE author = :author AND at >= :\"at >=\" AND at < :\"at <\" ORDER BY at ASC, id ASC " +
      "PER PARTITION LIMIT :\"[per partition limit]\"",
      ["ada", date, date, 1]
    ],
    "select by a list of clustering values": [
      Post.select({ author: "ada", at, "id in": [id] }, { columns: ["id"] }),
      "SELECT id FROM app.posts WHERE author = :author AND at = :at AND id IN :\"id in\"",
      ["ada", date, [id]]
    ],
    "select behind a row": [
      Post.select({ author: "ada" }, { columns: ["id"], after: post, limit: 2 }),
      "SELECT id FROM app.posts WHERE author = :author AND (at, id) < (:\"[after] at\", :\"[after] id\") LIMIT :\"[limit]\"",
      ["ada", date, id, 2]
    ],
    "select behind a row, within a range, in the other order": [
      Post.select({ author: "ada", "at <": at, "at >": at }, { columns: ["id"], after: post, reversed: true }),
      "SELECT id FROM app.posts WHERE author = :author AND (at) < (:\"at <\") AND " +
      "(at, id) > (:\"[after] at\", :\"[after] id\") ORDER BY at ASC, id ASC",
      ["ada", date, date, id]
    ],
    "select by an index across partitions": [
      Post.select({ "tags contains": "x" }, { acrossPartitions: true, columns: ["id"] }),
      "SELECT id FROM app.posts WHERE tags CONTAINS :\"tags contains\"",
      ["x"]
    ],
    "select with a filter": [
      Post.select({ title: "x" }, { allowFiltering: true, columns: ["id"] }),
      "SELECT id FROM app.posts WHERE title = :title ALLOW FILTERING",
      ["x"]
    ],
    count: [
      Post.count({ author: "ada" }),
      "SELECT count(at) AS count FROM app.posts WHERE author = :author",
      ["ada"]
    ],
    "statics of a partition": [
      Post.statics({ author: "ada" }),
      "SELECT DISTINCT author, bio FROM app.posts WHERE author = :author",
      ["ada"]
    ],
    "update sets, deletes and leaves alone": [
      User.update({ id: 1 }, { displayName: "x", nickname: null, version: undefined }),
      "UPDATE app.users SET display_name = :display_name, nickname = :nickname WHERE id = :id",
      ["x", null, 1]
    ],
    "update with changes of collections": [
      Post.update(post, { tags: Change.add("b"), parts: Change.append("p"), links: Change.put(["x", 1]) }, {
        ttl: "1 hour"
      }),
      "UPDATE app.posts USING TTL :\"[ttl]\" SET tags = tags + :tags, parts = parts + :parts, links = links + :links " +
      "WHERE author = :author AND at = :at AND id = :id",
      [3600, new Set(["b"]), ["p"], new Map([["x", 1]]), "ada", date, id]
    ],
    "update with other changes": [
      Post.update(key, { tags: Change.remove("b"), parts: Change.prepend("p"), links: Change.removeKeys("x") }),
      "UPDATE app.posts SET tags = tags - :tags, parts = :parts + parts, links = links - :links " +
      "WHERE author = :author AND at = :at AND id = :id",
      [new Set(["b"]), ["p"], new Set(["x"]), "ada", date, id]
    ],
    "update if": [
      User.update(user, { version: 2 }, { if: { version: 1, "displayName in": ["a"], nickname: null } }),
      "UPDATE app.users SET version = :version WHERE id = :id IF version = :\"if version\" AND " +
      "display_name IN :\"if display_name in\" AND nickname = :\"if nickname\"",
      [2, 1, 1, ["a"], null]
    ],
    "update if exists": [
      User.update(user, { version: 2 }, { ifExists: true }),
      "UPDATE app.users SET version = :version WHERE id = :id IF EXISTS",
      [2, 1]
    ],
    "update of static columns": [
      Post.updateStatic({ author: "ada" }, { bio: "x" }),
      "UPDATE app.posts SET bio = :bio WHERE author = :author",
      ["x", "ada"]
    ],
    "delete a row": [
      Post.delete(key),
      "DELETE FROM app.posts WHERE author = :author AND at = :at AND id = :id",
      ["ada", date, id]
    ],
    "delete if": [
      User.delete({ id: 1 }, { if: { version: 1 } }),
      "DELETE FROM app.users WHERE id = :id IF version = :\"if version\"",
      [1, 1]
    ],
    "delete a range": [
      Post.deleteWhere({ author: "ada", "at <": at }, { timestamp: 1n }),
      "DELETE FROM app.posts USING TIMESTAMP :\"[timestamp]\" WHERE author = :author AND at < :\"at <\"",
      [1n, "ada", date]
    ],
    "increment counters": [
      Likes.increment({ post: id }, { likes: 1, views: -2 }),
      "UPDATE app.likes SET likes = likes + :likes, views = views + :views WHERE post = :post",
      [1n, -2n, id]
    ],
    "another table of the entity": [
      PostsByTitle.insert(post),
      Post.insert.text.replace("app.posts", "app.posts_by_title"),
      ["ada", date, id, "Hello", new Set(["a"]), unset, unset, unset]
    ],
    "some columns of the entity": [
      Titles.upsert(post),
      "INSERT INTO app.titles (author, id, title) VALUES (:author, :id, :title)",
      ["ada", id, "Hello"]
    ],
    "a composite partition key": [
      Event.select({ tenant: "t", day: DateTime.makeUnsafe("2026-11-22"), "seq >": 1 }, { columns: ["seq"] }),
      "SELECT seq FROM app.events WHERE tenant = :tenant AND day = :day AND seq > :\"seq >\"",
      ["t", "2026-11-22", 1]
    ]
  }
  for (const [name, [statement, text, params]] of Object.entries(cases)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* arrived(statement), [text, ...params])
      }))
  }

  it("has one text for a shape", () => {
    assert.strictEqual(Post.select({ author: "a" }).text, Post.select({ author: "b" }).text)
    assert.strictEqual(
      Post.update(key, { title: "x" }).text,
      Post.update({ ...key, author: "bob" }, { title: "y", bio: undefined }).text
    )
  })

  it("marks what may be sent twice", () => {
    assert.strictEqual(Post.update(key, { tags: Change.add("a") }).options.idempotent, true)
    assert.strictEqual(Post.update(key, { links: Change.put(["a", 1]) }).options.idempotent, true)
    assert.strictEqual(Post.update(key, { parts: Change.append("a") }).options.idempotent, false)
    assert.strictEqual(Likes.increment({ post: id }, { likes: 1 }).options.idempotent, false)
  })

  it("refuses at run time what types cannot", () => {
    assert.throws(() => Post.update(key, {}), InvalidOptions, /nothing to set/)
    assert.throws(() => User.update({ id: 1 }, { version: 2 }, { if: {} }), InvalidOptions, /if: .*no condition/)
    assert.throws(() => User.delete({ id: 1 }, { if: {} }), InvalidOptions, /no condition/)
    assert.throws(() => Post.updateStatic({ author: "ada" }, { bio: "x" }, { if: {} }), InvalidOptions, /no condition/)
    assert.throws(() => Likes.increment({ post: id }, {}), InvalidOptions, /no amount/)
    assert.throws(() => User.insert(user, { ttl: "1 millis" }), InvalidOptions, /ttl/)
    assert.throws(() => User.insert(user, { ttl: Number.NaN }), InvalidOptions, /ttl/)
    assert.throws(() => User.select({ id: 1 }, { reversed: true }), InvalidOptions, /clustering key/)
    assert.throws(() => Post.select({ author: "a" }, { columns: [] }), InvalidOptions, /at least one column/)
    assert.throws(() => Post.select({ author: "a" }, { columns: ["id", "id"] }), InvalidOptions, /"id" twice/)
    assert.throws(() => User.update({ id: 1 }, { version: 2 }, { ifExists: true, if: { version: 1 } }), /one of them/)
    const wrong = (columns: Schema.Struct.Fields, name = "app.t", partitionKey = "id") => () =>
      Table.Class<object>("T")(name, { columns, partitionKey } as never)
    assert.throws(wrong({ id: CqlSchema.Int }, "t"), InvalidOptions, /with its keyspace/)
    assert.throws(wrong({ id: CqlSchema.Int, a: Schema.Struct({}) }), InvalidOptions, /CQL type/)
    assert.throws(wrong({ id: CqlSchema.Int, aB: CqlSchema.Int, a_b: CqlSchema.Int }), InvalidOptions, /two columns/)
    assert.throws(wrong({ id: CqlSchema.Int }, "app.t", "no"), InvalidOptions, /key column/)
    assert.throws(wrong({ id: CqlSchema.Int, "a in": CqlSchema.Int }), InvalidOptions, /letters/)
  })

  it("refuses an option that does not exist, for without it the statement would be another one", () => {
    // As a program without types has them, or one whose options come from a variable.
    const options = (given: object): never => given as never
    const users = Table.repository(User)
    const calls: ReadonlyArray<readonly [() => unknown, RegExp]> = [
      [() => User.update({ id: 1 }, { version: 2 }, options({ iff: { version: 1 } })), /iff: .*nearest is if\)/],
      [() => User.delete({ id: 1 }, options({ ifexists: true })), /ifexists: .*nearest is ifExists\)/],
      [() => User.delete({ id: 1 }, options({ ttl: "1 day" })), /ttl: /],
      [() => User.insert(user, options({ TTL: 5 })), /TTL: .*nearest is ttl\)/],
      [() => User.insert(user, options({ if: { version: 1 } })), /if: /],
      [() => User.upsert(user, options({ ifNotExists: true })), /ifNotExists: /],
      [() => User.insert.ifNotExists(user, options({ timestamp: 1n })), /timestamp: /],
      [() => Post.updateStatic({ author: "a" }, { bio: "x" }, options({ where: {} })), /where: /],
      [() => Post.deleteWhere({ author: "a" }, options({ if: { title: "x" } })), /if: /],
      [() => Post.select({ author: "a" }, options({ limits: 2 })), /limits: .*nearest is limit\)/],
      [() => Post.select.query(["author"], options({ after: key })), /after: /],
      [() => Post.count({ author: "a" }, options({ limit: 2 })), /limit: /],
      [() => users.update({ id: 1 }, { version: 2 }, options({ if: { version: 1 } })), /if: /],
      [() => users.updateExisting({ id: 1 }, { version: 2 }, options({ if: { version: 1 } })), /if: /],
      [() => users.delete({ id: 1 }, options({ ifExists: true })), /ifExists: /]
    ]
    for (const [call, message] of calls) assert.throws(call, InvalidOptions, message)
  })

  it("needs a condition, and a page its partition", () => {
    const where = (given: object): never => given as never
    assert.throws(() => Post.select(where({})), InvalidOptions, /Scan.table reads all rows.*no condition/)
    assert.throws(() => Post.deleteWhere(where({})), InvalidOptions, /no condition/)
    const after = { at, id }
    const across = { acrossPartitions: true, after } as const
    assert.throws(() => Post.select({ "tags contains": "a" }, across), InvalidOptions, /several partitions/)
    assert.throws(() => Post.select({ author: "a", "at in": [at] }, { after }), InvalidOptions, /list of values/)
  })
})

describe("the rows of a table", () => {
  const row = {
    author: "ada",
    at: date,
    id,
    title: "Hello",
    tags: null,
    parts: null,
    links: new Map([["x", 1]]),
    bio: null
  }
  const answer = (...rows: ReadonlyArray<Record<string, unknown>>) =>
    Effect.provide(MockSession.layer({ otherwise: MockSession.rows(rows) }))

  it.effect("are instances of its class", () =>
    Effect.gen(function*() {
      const read = yield* Statement.one(Post.get(key))
      assert.isTrue(read instanceof Post)
      assert.strictEqual(read.url, `/posts/${id}`)
      assert.deepStrictEqual([read.tags, read.parts, read.links.get("x"), "bio" in read], [new Set(), [], 1, false])
      const byTitle = yield* Statement.one(PostsByTitle.get({ title: "Hello", id }))
      assert.isTrue(byTitle instanceof Post)
    }).pipe(answer(row)))

  it.effect("are records where they are a part of it", () =>
    Effect.gen(function*() {
      const rows = yield* Statement.rows(Post.select({ author: "ada" }, { columns: ["id", "at"] }))
      assert.deepStrictEqual(rows.map(({ id }) => id), [id])
      assert.deepStrictEqual(Object.keys(rows[0] ?? {}), ["id", "at"])
    }).pipe(answer({ id, at: date })))

  it.effect("leave out a partition that has static columns alone", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Statement.rows(Post.select({ author: "ada" }))).length, 1)
    }).pipe(answer(row, { ...row, at: null, id: null, title: null })))

  it.effect("leave it out of a projection as well", () =>
    Effect.gen(function*() {
      yield* Post.updateStatic({ author: "grace" }, { bio: "x" })
      yield* Post.insert(post)
      for (const columns of [["title"], ["title", "bio"], ["id"], ["author"]] as const) {
        assert.deepStrictEqual(yield* Statement.rows(Post.select({ author: "grace" }, { columns })), [])
        const [found] = yield* Statement.rows(Post.select({ author: "ada" }, { columns }))
        assert.isTrue(
          found !== undefined && Object.keys(found).every((name) => columns.some((column) => column === name))
        )
      }
    }).pipe(Effect.provide(MockSession.memory([...Table.ddl(Post)]))))

  it.effect("of counters begin at zero", () =>
    Effect.gen(function*() {
      const likes = yield* Statement.one(Likes.get({ post: id }))
      assert.deepStrictEqual([likes.likes, likes.views], [0, 3])
    }).pipe(answer({ post: id, likes: null, views: 3n })))

  it.effect("that a condition met have their type", () =>
    Effect.gen(function*() {
      const answer = yield* Statement.applied(User.update(user, { version: 2 }, { if: { version: 1 } }))
      assert.deepStrictEqual(answer._tag === "Lost" && Option.getOrThrow(answer.current), { version: 7 })
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.notApplied({ version: 7 }) }))))

  class Room extends Table.Class<Room>("Room")("app.rooms", {
    columns: { tenantId: CqlSchema.Int, order: CqlSchema.Int, floorName: Schema.optionalKey(CqlSchema.Text) },
    partitionKey: "tenantId",
    clusteringKey: ["order"],
    static: ["floorName"],
    names: "same"
  }) {}

  it.effect("of static columns alone are none, under names that need quotes as well", () =>
    Effect.gen(function*() {
      const countOf = (tenantId: number) => Effect.map(Statement.one(Room.count({ tenantId })), ({ count }) => count)
      yield* Room.updateStatic({ tenantId: 1 }, { floorName: "first" })
      assert.deepStrictEqual(yield* Statement.rows(Room.select({ tenantId: 1 })), [])
      assert.strictEqual(yield* countOf(1), 0)
      assert.deepStrictEqual(yield* Statement.one(Room.statics({ tenantId: 1 })), { tenantId: 1, floorName: "first" })
      yield* Room.insert({ tenantId: 1, order: 2 })
      assert.strictEqual(yield* countOf(1), 1)
      assert.strictEqual(yield* countOf(2), 0)
    }).pipe(Effect.provide(MockSession.memory(Table.ddl(Room)))))

  it.effect("are counted", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Statement.one(Post.count({ author: "ada" }))).count, 3)
    }).pipe(answer({ count: 3n })))
})

describe("the query form of a verb", () => {
  it.effect("goes into concurrent runs", () =>
    Effect.gen(function*() {
      yield* executeConcurrentWithArgs(Post.insert, [post, {
        ...key,
        title: "t",
        tags: new Set(["z"]),
        parts: [],
        links: new Map()
      }])
      yield* executeConcurrentWithArgs(Post.get, [key])
      yield* executeConcurrentWithArgs(Post.delete, [post])
      yield* executeConcurrentWithArgs(User.insert.ifNotExists, [user])
      yield* executeConcurrentWithArgs(Post.select.query(["author", "at <"], { columns: ["id"], limit: 3 }), [
        { author: "ada", "at <": at }
      ])
      yield* executeConcurrentWithArgs(Post.update.query(["title"]), [{ ...key, title: "x" }])
      const mock = yield* MockSession.MockSession
      const texts = (yield* mock.calls).map(({ request }) => request._tag === "Statement" ? request : undefined)
      assert.deepStrictEqual(texts.map((request) => request?.params.length), [8, 8, 3, 3, 6, 3, 4])
      assert.deepStrictEqual(texts[5]?.params, ["ada", date, 3])
      assert.isTrue(Query.isQuery(Post.insert))
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("takes a whole row where it needs a part of it, also of an entity with more fields", () =>
    Effect.gen(function*() {
      const record = { ...post }
      const cached = Object.assign(new Post(post), { cached: true })
      for (const row of [post, record, cached]) {
        yield* executeConcurrentWithArgs(Post.get, [row])
        yield* executeConcurrentWithArgs(Post.delete, [row])
        yield* executeConcurrentWithArgs(Post.insert, [row])
        yield* executeConcurrentWithArgs(Post.update.query(["title"]), [record])
        yield* executeConcurrentWithArgs(Titles.insert, [row])
        yield* Post.get(row)
        yield* Post.insert(row)
        yield* Post.update(row, { title: "x" })
        yield* Titles.insert(row)
      }
      const mock = yield* MockSession.MockSession
      const params = (yield* mock.calls).map(({ request }) => request._tag === "Statement" ? request.params : [])
      assert.deepStrictEqual(params.slice(0, 9), params.slice(9, 18))
      assert.deepStrictEqual(params.slice(0, 9), params.slice(18))
      assert.deepStrictEqual(params.slice(0, 9).map(({ length }) => length), [3, 3, 8, 4, 3, 3, 8, 4, 3])
      assert.strictEqual(params[7]?.[0], "x")
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("refuses by name what is no field, as the verb does", () =>
    Effect.gen(function*() {
      const misspelt: typeof user = Object.assign({ ...user }, { nicknam: "ada" })
      const other = { ...key, autor: "eve" }
      const statements: ReadonlyArray<Statement.Statement<unknown>> = [
        User.insert(misspelt),
        User.insert.ifNotExists(misspelt),
        User.upsert(misspelt),
        User.update(misspelt, { version: 2 }),
        Post.get(other),
        Post.delete(other),
        Likes.increment(Object.assign({ post: id }, { pots: id }), { likes: 1 })
      ]
      for (const statement of statements) {
        const { reason } = yield* Effect.flip(Effect.asVoid(statement))
        assert.strictEqual(reason._tag, "ParametersRefused")
        assert.match(reason.message, /parameter (nicknam|autor|pots): expected a field/)
      }
      const results = yield* executeConcurrentWithArgs(User.insert, [misspelt, user], { raiseOnFirstError: false })
      assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["NotApplied", "Applied"])
      const selected = yield* executeConcurrentWithArgs(Post.select.query(["author"]), [
        Object.assign({ author: "ada" }, { at })
      ])
      assert.lengthOf(selected, 1)
    }).pipe(Effect.provide(MockSession.layer())))

  it("goes into batches", () => {
    assert.strictEqual(Batch.make([Post.insert(post), PostsByTitle.insert(post)]).statements.length, 2)
  })
})

describe("Table.ddl", () => {
  it("creates types, table and indexes", () => {
    assert.deepStrictEqual(Table.ddl(Post), [
      "CREATE TABLE IF NOT EXISTS app.posts (author text, at timestamp, id timeuuid, title text, tags set<text>, " +
      "parts list<text>, links map<text, int>, bio text STATIC, PRIMARY KEY (author, at, id)) " +
      "WITH CLUSTERING ORDER BY (at DESC, id DESC) AND default_time_to_live = 86400",
      "CREATE CUSTOM INDEX IF NOT EXISTS ON app.posts (tags) USING 'StorageAttachedIndex'"
    ])
    assert.deepStrictEqual(Table.ddl(Event), [
      "CREATE TABLE IF NOT EXISTS app.events (tenant text, day date, seq int, body blob, PRIMARY KEY ((tenant, day), seq))"
    ])
  })
})
