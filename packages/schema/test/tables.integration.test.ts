/** Every shape of every verb on the real server, and the check of a table against it. */
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { Change, CqlSchema, Table, TimeUuid } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { onceBuilt, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Option, Schema } from "effect"

const keyspace = ownName("tables")

class Place extends CqlSchema.Udt<Place>("Place")("place", {
  city: CqlSchema.Text,
  zipCode: Schema.optionalKey(CqlSchema.Text)
}) {}

class Post extends Table.Class<Post>("Post")(`${keyspace}.posts`, {
  columns: {
    author: CqlSchema.Text,
    at: CqlSchema.Timestamp,
    id: CqlSchema.Int,
    title: Schema.String,
    tags: Schema.ReadonlySet(Schema.String),
    parts: Schema.Array(Schema.String),
    links: Schema.ReadonlyMap(Schema.String, CqlSchema.Int),
    place: Schema.optionalKey(Place),
    places: CqlSchema.List(Place),
    bio: Schema.optionalKey(Schema.String),
    ["key_"]: Schema.optionalKey(Schema.String)
  },
  partitionKey: "author",
  clusteringKey: ["at desc", "id desc"],
  static: ["bio"],
  indexes: { tags: "sai", title: "sai" },
  names: { ["key_"]: "order", author: "author", places: "Places" }
}) {}

class Likes extends Table.Class<Likes>("Likes")(`${keyspace}.likes`, {
  columns: { post: CqlSchema.TimeUuid, likes: CqlSchema.Counter },
  partitionKey: "post"
}) {}

class Event extends Table.Class<Event>("Event")(`${keyspace}.events`, {
  columns: {
    tenant: CqlSchema.Text,
    day: CqlSchema.Date,
    seq: CqlSchema.Int,
    body: Schema.optionalKey(CqlSchema.Blob)
  },
  partitionKey: ["tenant", "day"],
  clusteringKey: ["seq"]
}) {}

const Titles = Table.make(`${keyspace}.titles`, Post, {
  columns: ["title", "id"],
  partitionKey: "title",
  clusteringKey: ["id"]
})

// Words of the grammar, reserved or not, and constants.
const words =
  ("add aggregate all allow alter and apply as asc ascii authorize batch begin bigint blob boolean by called cast " +
    "clustering columnfamily compact contains count counter create custom date decimal default delete desc describe distinct " +
    "double drop duration entries execute exists false filtering finalfunc float from frozen full function functions grant group " +
    "if in index inet infinity initcond input insert int into is json key keys keyspace keyspaces language like limit list login " +
    "map masked materialized mbean mbeans modify nan nologin norecursive nosuperuser not null of on options or order partition " +
    "password per permission permissions primary rename replace returns revoke role roles schema select set sfunc smallint " +
    "static storage stype superuser table text time timestamp timeuuid tinyint to token trigger true truncate ttl tuple type " +
    "unlogged unset update use user users using uuid values varchar varint vector view where with writetime").split(" ")

class Words extends Table.Class<Words>("Words")(`${keyspace}.table`, {
  columns: {
    id: CqlSchema.Int,
    ...Object.fromEntries(words.map((word): readonly [string, typeof CqlSchema.Int] => [word, CqlSchema.Int]))
  },
  partitionKey: "id"
}) {}

const create = [Post, Likes, Event, Titles].flatMap((table) => Table.ddl(table))

const time = (n: number) => DateTime.makeUnsafe(1_700_000_000_000 + n * 1000)
const make = (n: number, author = "ada") =>
  new Post({
    author,
    at: time(Math.trunc(n / 2)),
    id: n,
    title: `t${n}`,
    tags: new Set([`g${n % 2}`]),
    parts: [],
    links: new Map([["x", n]]),
    places: [new Place({ city: "Here" })]
  })
const ids = (rows: ReadonlyArray<{ readonly id: number }>) => rows.map(({ id }) => id)

integration("A table", () => {
  layer(withKeyspace(keyspace, ...create), { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect("can have any word of the grammar as its name, and as that of a column", () =>
      Effect.gen(function*() {
        for (const text of Table.ddl(Words)) yield* Statement.make(text)
        assert.deepStrictEqual(yield* Table.check(Words), [])
        const row = new Words({ id: 1, ...Object.fromEntries(words.map((word, index) => [word, index])) })
        yield* Words.insert(row)
        assert.deepStrictEqual(yield* Statement.one(Words.get({ id: 1 })), row)
      }))

    it.effect("is as its declaration, and differences are reported", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Table.check(Post, Likes, Event, Titles), [])
        class Other extends Table.Class<Other>("Other")(`${keyspace}.events`, {
          columns: { tenant: CqlSchema.Int, day: CqlSchema.Date, seq: CqlSchema.Int, more: CqlSchema.Text },
          partitionKey: "tenant",
          clusteringKey: ["seq desc"],
          indexes: { more: "sai" }
        }) {}
        const found = yield* Table.check(Other)
        assert.deepStrictEqual(found.map(({ column }) => column), ["tenant", "day", "seq", "more", "more"])
        assert.match(found[0]!.message, /expected int, partition_key 0, got text, partition_key 0/)
        assert.match(found[2]!.message, /expected int, clustering 0 desc, got int, clustering 0 asc/)
      }))

    it.effect("keeps what insert leaves alone, and upsert deletes it", () =>
      Effect.gen(function*() {
        const post = new Post({
          ...make(1, "keep"),
          place: new Place({ city: "There", zipCode: "1" }),
          bio: "b",
          ["key_"]: "k"
        })
        yield* Post.insert(post)
        assert.deepStrictEqual(yield* Statement.one(Post.get(post)), post)
        yield* Post.insert({
          author: "keep",
          at: post.at,
          id: 1,
          title: "new",
          tags: new Set(),
          parts: [],
          links: new Map(),
          places: []
        })
        const kept = yield* Statement.one(Post.get(post))
        assert.deepStrictEqual([kept.title, kept.tags, kept.place?.zipCode, kept.bio], ["new", post.tags, "1", "b"])
        yield* Post.upsert(new Post({ ...make(1, "keep"), tags: new Set() }))
        const now = yield* Statement.one(Post.get(post))
        assert.deepStrictEqual([now.tags.size, now.place, now.bio, now.key_], [0, undefined, undefined, undefined])
      }))

    it.effect("selects by key, range, list, index and filter, and pages by key in both directions", () =>
      Effect.gen(function*() {
        const posts = Array.from({ length: 10 }, (_, n) => make(n))
        yield* executeConcurrentWithArgs(Post.insert, posts)
        const all = yield* Statement.rows(Post.select({ author: "ada" }))
        assert.deepStrictEqual(ids(all), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
        assert.deepStrictEqual(all[0], posts[9])
        const of = (statement: Statement.Statement<{ readonly id: number }>) =>
          Effect.map(onceBuilt(Statement.rows(statement)), ids)
        assert.deepStrictEqual(yield* of(Post.select({ author: "ada" }, { reversed: true, limit: 2 })), [0, 1])
        assert.deepStrictEqual(yield* of(Post.select({ author: "ada", "at <": time(2), "at >=": time(1) })), [3, 2])
        assert.deepStrictEqual(yield* of(Post.select({ author: "ada", at: time(1), "id in": [2, 3, 9] })), [3, 2])
        assert.deepStrictEqual(yield* of(Post.select({ author: "ada", at: time(1), "id >": 2 })), [3])
        assert.deepStrictEqual(
          (yield* of(Post.select({ "tags contains": "g1" }, { acrossPartitions: true }))).toSorted((a, b) => a - b)
            .filter((n) => n > 1),
          [3, 5, 7, 9]
        )
        assert.deepStrictEqual(yield* of(Post.select({ author: "ada", title: "t4" })), [4])
        assert.deepStrictEqual(
          yield* of(Post.select({ author: "ada", "links contains": 4 }, { allowFiltering: true })),
          [4]
        )
        for (const reversed of [false, true]) {
          const paged: Array<number> = []
          let after: Post | undefined
          for (let page = 0; page < 5; page++) {
            const rows: ReadonlyArray<Post> = yield* Statement.rows(
              Post.select({ author: "ada", "at >=": time(1) }, { after, limit: 3, reversed })
            )
            paged.push(...ids(rows))
            after = rows.at(-1) ?? after
          }
          const expected = [9, 8, 7, 6, 5, 4, 3, 2]
          assert.deepStrictEqual(paged, reversed ? expected.toReversed() : expected)
        }
        assert.deepStrictEqual(
          yield* of(Post.select({ author: "ada", at: time(4) }, { after: posts[9]!, limit: 3 })),
          [8]
        )
        assert.strictEqual((yield* Statement.one(Post.count({ author: "ada", "at <": time(1) }))).count, 2)
        assert.strictEqual((yield* Statement.rows(Post.select({ author: "ada" }, { perPartitionLimit: 4 }))).length, 4)
      }))

    it.effect("updates, with every change of a collection and every condition", () =>
      Effect.gen(function*() {
        const post = make(1, "update")
        const read = Statement.one(Post.get(post))
        yield* Post.insert(post)
        yield* Post.update(post, {
          tags: Change.add("a", "b"),
          parts: Change.append("x", "y"),
          links: Change.put(["y", 2]),
          places: Change.append(new Place({ city: "Far" }))
        })
        yield* Post.update(post, {
          tags: Change.remove("g1"),
          parts: Change.prepend("w"),
          links: Change.removeKeys("x")
        })
        yield* Post.update(post, { parts: Change.discard("x") })
        const changed = yield* read
        assert.deepStrictEqual(changed.tags, new Set(["a", "b"]))
        assert.deepStrictEqual([changed.parts, [...changed.links], changed.places.length], [["w", "y"], [["y", 2]], 2])
        yield* Post.update(post, { tags: new Set(), place: new Place({ city: "z" }), parts: ["q"] }, { ttl: "1 hour" })
        yield* Post.updateStatic({ author: "update" }, { bio: "static" })
        yield* executeConcurrentWithArgs(Post.update.query(["title"]), [{ ...post, title: "by query" }])
        const again = yield* read
        assert.deepStrictEqual([again.tags.size, again.place?.city, again.parts, again.bio, again.title], [
          0,
          "z",
          ["q"],
          "static",
          "by query"
        ])
        const applied = (statement: Statement.Statement<unknown>) => Statement.applied(statement)
        assert.strictEqual((yield* applied(Post.insert.ifNotExists(post)))._tag, "Lost")
        const taken = yield* Statement.applied(Post.insert.ifNotExists(post))
        assert.isTrue(taken._tag === "Lost" && Option.getOrThrow(taken.current) instanceof Post)
        const lost = yield* Statement.applied(
          Post.update(post, { title: "no" }, { if: { title: "other", key_: null } })
        )
        assert.deepStrictEqual(lost._tag === "Lost" && Option.getOrThrow(lost.current), { title: "by query" })
        assert.strictEqual(
          (yield* applied(Post.update(post, { title: "c" }, { if: { "title in": ["by query", "x"] } })))._tag,
          "Held"
        )
        assert.strictEqual(
          (yield* applied(Post.update(post, { title: "d" }, { if: { "title !=": "x" } })))._tag,
          "Held"
        )
        assert.strictEqual(
          (yield* applied(Post.update(make(9, "none"), { title: "d" }, { ifExists: true })))._tag,
          "Lost"
        )
        assert.strictEqual((yield* applied(Post.delete(post, { if: { title: "x" } })))._tag, "Lost")
        assert.strictEqual((yield* applied(Post.delete(post, { ifExists: true })))._tag, "Held")
        assert.deepStrictEqual(yield* Statement.rows(Post.select({ author: "update" })), [])
        assert.strictEqual((yield* Statement.one(Post.count({ author: "update" }))).count, 0)
        assert.deepStrictEqual(yield* Statement.one(Post.statics({ author: "update" })), {
          author: "update",
          bio: "static"
        })
      }), 300_000)

    it.effect("deletes ranges and partitions", () =>
      Effect.gen(function*() {
        yield* executeConcurrentWithArgs(Post.insert, [0, 1, 2, 3].map((n) => make(n, "gone")))
        yield* Post.deleteWhere({ author: "gone", "at <": time(1) })
        assert.deepStrictEqual(ids(yield* Statement.rows(Post.select({ author: "gone" }))), [3, 2])
        yield* Post.deleteWhere({ author: "gone" })
        assert.deepStrictEqual(yield* Statement.rows(Post.select({ author: "gone" })), [])
      }))

    it.effect("counts, and has composite keys and tables beside it", () =>
      Effect.gen(function*() {
        const post = yield* TimeUuid.next
        yield* Likes.increment({ post }, { likes: 3 })
        yield* Likes.increment({ post }, { likes: -1 })
        assert.deepStrictEqual((yield* Statement.one(Likes.get({ post }))).likes, 2)
        yield* Likes.delete({ post })
        const event = new Event({
          tenant: "t",
          day: DateTime.makeUnsafe("2026-11-22"),
          seq: 1,
          body: new Uint8Array([1])
        })
        yield* Event.insert(event)
        assert.deepStrictEqual(yield* Statement.one(Event.get(event)), event)
        yield* Titles.insert(make(5))
        assert.deepStrictEqual(yield* Statement.one(Titles.get({ title: "t5", id: 5 })), { id: 5, title: "t5" })
      }))
  })
})
