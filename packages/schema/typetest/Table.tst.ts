import { Batch, executeConcurrentWithArgs, type ExecutionResult, type Session, Statement } from "@effect-cql/core"
import { CqlSchema, Scan, Table } from "@effect-cql/schema"
import type { Of } from "@effect-cql/schema/TableWhere"
import { type DateTime, type Effect, Schema, type Stream } from "effect"
import { describe, expect, test } from "tstyche"
import { Likes, Post, type PostId, PostsByTitle, Titles, User } from "../test/support/tables.ts"

declare const at: DateTime.Utc
declare const id: typeof PostId.Type
declare const post: Post
declare const user: User
const key = { author: "ada", at, id }
type Written = Statement.Statement<never>

describe("the statements of a table", () => {
  test("have the type of their rows", () => {
    expect(Post.get(key)).type.toBe<Statement.Statement<Post>>()
    expect(Post.select({ author: "ada", "at <": at })).type.toBe<Statement.Statement<Post>>()
    expect(Post.select({ author: "ada" }, { columns: ["id", "title"] })).type.toBe<
      Statement.Statement<Of<Post, "id" | "title">>
    >()
    expect(Statement.one(Post.count({ author: "ada" }))).type.toBeAssignableTo<
      Effect.Effect<{ readonly count: number }, unknown, Session>
    >()
    expect(PostsByTitle.get({ title: "x", id })).type.toBe<Statement.Statement<Post>>()
    expect(Titles.select({ author: "ada" })).type.toBe<
      Statement.Statement<{ readonly author: string; readonly id: typeof PostId.Type; readonly title: string }>
    >()
    expect(Scan.table(Post)).type.toBeAssignableTo<Stream.Stream<Post, Scan.ScanError, Session>>()
  })
  test("that write have none, or the row that their condition met", () => {
    expect(User.insert(user)).type.toBe<Written>()
    expect(User.upsert(user)).type.toBe<Written>()
    expect(User.update(user, { version: 2 })).type.toBe<Written>()
    expect(User.delete(user)).type.toBe<Written>()
    expect(Likes.increment({ post: id }, { likes: 1 })).type.toBe<Written>()
    expect(User.insert.ifNotExists(user)).type.toBe<Statement.Statement<User>>()
    expect(User.update(user, { version: 2 }, { if: { version: 1, "nickname !=": "a" } })).type.toBe<
      Statement.Statement<Of<User, "version" | "nickname">>
    >()
    expect(User.update(user, { version: 2 }, { ifExists: true })).type.toBe<Written>()
    expect(User.delete(user, { if: { version: 1 } })).type.toBe<Statement.Statement<Of<User, "version">>>()
  })
  test("run with the parameters of their query", () => {
    type Posts = Array<ExecutionResult.Success<Post, Post>>
    expect(executeConcurrentWithArgs(Post.get, [post])).type.toBeAssignableTo<
      Effect.Effect<Posts, unknown, Session>
    >()
    expect(executeConcurrentWithArgs(Post.insert, [post])).type.not.toRaiseError()
    expect(executeConcurrentWithArgs(Post.update.query(["title"]), [{ ...key, title: "x" }])).type.not.toRaiseError()
    expect(executeConcurrentWithArgs(Post.select.query(["author", "at <"]), [{ author: "ada", "at <": at }])).type.not
      .toRaiseError()
    expect(Batch.make([Post.insert(post), PostsByTitle.insert(post), Titles.insert(post)])).type.not.toRaiseError()
  })
})

describe("what a table refuses", () => {
  test("is a wrong type of a row or a key", () => {
    expect(User.insert).type.not.toBeCallableWith({ id: "1", displayName: "a", version: 1, roles: new Set<string>() })
    expect(User.insert).type.not.toBeCallableWith({ id: 1, displayName: "a", version: 1, roles: ["admin"] })
    expect(User.update).type.not.toBeCallableWith(user, { version: "2" })
    expect(User.update).type.not.toBeCallableWith(user, { displayName: null })
    expect(Post.get).type.not.toBeCallableWith({ ...key, at: new Date() })
    expect(Post.get).type.not.toBeCallableWith({ ...key, id: "1b7ec7f0-c7e2-11f0-8de9-0242ac120002" })
    expect(Post.select).type.not.toBeCallableWith({ author: "ada", "at <": "2026-11-28" })
    expect(Likes.increment).type.not.toBeCallableWith({ post: id }, { likes: 1n })
  })
  test("is a missing parameter", () => {
    expect(User.insert).type.not.toBeCallableWith({ id: 1, version: 1, roles: new Set<string>() })
    expect(User.insert).type.not.toBeCallableWith({ id: 1, displayName: undefined, version: 1, roles: new Set() })
    expect(User.insert).type.not.toBeCallableWith()
    expect(User.update).type.not.toBeCallableWith(user)
    expect(executeConcurrentWithArgs).type.not.toBeCallableWith(Post.update.query(["title"]), [key])
    expect(executeConcurrentWithArgs).type.not.toBeCallableWith(User.insert, [{ id: 1 }])
  })
  test("is a wrong or an incomplete key", () => {
    expect(Post.get).type.not.toBeCallableWith({ author: "ada" })
    expect(Post.get).type.not.toBeCallableWith({ author: "ada", id })
    expect(Post.delete).type.not.toBeCallableWith({ author: "ada", at })
    expect(Post.update).type.not.toBeCallableWith({ author: "ada" }, { title: "x" })
    expect(Post.updateStatic).type.not.toBeCallableWith({ at }, { bio: "x" })
    expect(Post.select).type.not.toBeCallableWith({ at })
    expect(Post.select).type.not.toBeCallableWith({ author: "ada", id })
    expect(PostsByTitle.get).type.not.toBeCallableWith({ author: "ada", id })
    expect(executeConcurrentWithArgs).type.not.toBeCallableWith(Post.get, [{ author: "ada" }])
    expect(Post.select.query).type.not.toBeCallableWith(["id"])
    const optional: { author?: string; id?: number } = {}
    expect(Post.select).type.not.toBeCallableWith(optional)
    expect(Post.deleteWhere).type.not.toBeCallableWith(optional)
    expect(User.get).type.not.toBeCallableWith(optional)
    expect(User.get).type.not.toBeCallableWith({ id: undefined })
    expect(User.get).type.not.toBeCallableWith({ id: null })
  })
  test("is an update of a key column, or of what is no column", () => {
    expect(Post.update).type.not.toBeCallableWith(key, { author: "bob" })
    expect(Post.update).type.not.toBeCallableWith(key, { id })
    const patch = { title: "x", author: "bob" }
    expect(Post.update).type.not.toBeCallableWith(key, patch)
    expect(Post.update).type.not.toBeCallableWith(key, { titel: "x" })
    expect(Post.updateStatic).type.not.toBeCallableWith({ author: "ada" }, { title: "x" })
    expect(Post.update.query).type.not.toBeCallableWith(["author"])
  })
  test("is a filter that needs a scan", () => {
    expect(Post.select).type.not.toBeCallableWith({ author: "ada", title: "x" })
    expect(Post.select).type.not.toBeCallableWith({ title: "x" })
    expect(User.select).type.not.toBeCallableWith({ version: 1 })
    expect(User.select).type.not.toBeCallableWith({})
    expect(Post.select).type.not.toBeCallableWith({ "author >": "a" })
    expect(Post.select).type.not.toBeCallableWith({ "tags contains": "x" })
    expect(Post.deleteWhere).type.not.toBeCallableWith({ author: "ada", title: "x" })
    expect(Post.deleteWhere).type.not.toBeCallableWith({ "tags contains": "x" })
    expect(Post.select({ author: "ada", title: "x" }, { allowFiltering: true })).type.not.toRaiseError()
    expect(Post.select({ "tags contains": "x" }, { acrossPartitions: true })).type.not.toRaiseError()
  })
  test("is a counter beside a plain column, and a write of counters", () => {
    expect(Table.Class<object>("T")).type.not.toBeCallableWith("app.t", {
      columns: { id: CqlSchema.Int, n: CqlSchema.Counter, title: Schema.String },
      partitionKey: "id"
    })
    expect(Likes).type.not.toHaveProperty("insert")
    expect(Likes).type.not.toHaveProperty("update")
    expect(User).type.not.toHaveProperty("increment")
  })
})

describe("the conditions of a table with indexes of its key", () => {
  class Order extends Table.Class<Order>("Order")("app.orders", {
    columns: {
      shop: CqlSchema.Text,
      day: CqlSchema.Int,
      at: CqlSchema.Int,
      id: CqlSchema.Int,
      status: Schema.String
    },
    partitionKey: ["shop", "day"],
    clusteringKey: ["at", "id"],
    indexes: { day: "sai", id: "sai", status: "sai" }
  }) {}
  const across = { acrossPartitions: true } as const
  const key = { shop: "a", day: 1 }
  test("do not compile where an index leaves a part of the key to filtering", () => {
    expect(Order.select).type.not.toBeCallableWith({ shop: "a", status: "paid" }, across)
    expect(Order.select).type.not.toBeCallableWith({ at: 1, status: "paid" }, across)
    expect(Order.select).type.not.toBeCallableWith({ "at <": 1, status: "paid" }, across)
    expect(Order.select).type.not.toBeCallableWith({ shop: "a", day: 1, "id in": [1] })
    expect(Order.select).type.not.toBeCallableWith({ "id in": [1] }, across)
    expect(Order.select).type.not.toBeCallableWith({ shop: "a", "day in": [1] }, across)
    expect(Order.select).type.not.toBeCallableWith({ shop: "a", day: 1, "day >": 1 }, across)
    expect(Order.select).type.not.toBeCallableWith({ "day >": 1 })
    expect(Order.select).type.not.toBeCallableWith({ id: 1 })
    expect(Order.count).type.not.toBeCallableWith({ shop: "a", status: "paid" }, across)
    expect(Order.select.query).type.not.toBeCallableWith(["shop", "status"], across)
    expect(Order.deleteWhere).type.not.toBeCallableWith({ ...key, id: 1 })
  })
  test("compile where indexes answer them", () => {
    expect(Order.select({ ...key, id: 1 })).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ ...key, "id >": 1, status: "paid" })).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ ...key, at: 1, "id in": [1] })).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ id: 1 }, across)).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ day: 1, status: "paid" }, across)).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ "day >": 1, "day <": 5 }, across)).type.toBe<Statement.Statement<Order>>()
    expect(Order.select.query(["day", "id >"], across)).type.not.toRaiseError()
    const filtering = { allowFiltering: true } as const
    expect(Order.select({ shop: "a", status: "paid" }, filtering)).type.toBe<Statement.Statement<Order>>()
    expect(Order.select({ "day in": [1] }, filtering)).type.toBe<Statement.Statement<Order>>()
  })
})

describe("the conditions of a table with indexes", () => {
  class Item extends Table.Class<Item>("Item")("app.items", {
    columns: {
      k: CqlSchema.Int,
      c: CqlSchema.Int,
      price: CqlSchema.Int,
      m: Schema.ReadonlyMap(Schema.String, CqlSchema.Int),
      nu: Schema.NullOr(CqlSchema.Int)
    },
    partitionKey: "k",
    clusteringKey: ["c"],
    indexes: { price: "sai", m: "sai" }
  }) {}
  const across = { acrossPartitions: true } as const
  test("do not compile where no server answers them", () => {
    expect(Item.select).type.not.toBeCallableWith({ k: 1, c: 1, "c >": 1 })
    expect(Item.select).type.not.toBeCallableWith({ k: 1, "c >": 1, "c >=": 1 })
    expect(Item.select).type.not.toBeCallableWith({ k: 1, "c !=": 1 })
    expect(Item.select).type.not.toBeCallableWith({ "price in": [1] }, across)
    expect(Item.select).type.not.toBeCallableWith({ "m contains key": "a" }, across)
    expect(Item.select.query).type.not.toBeCallableWith(["m contains key"], across)
    expect(Item.update).type.not.toBeCallableWith({ k: 1, c: 1 }, { price: 1 }, { if: { "nu >": null } })
  })
  test("compile otherwise", () => {
    expect(Item.select({ k: 1, "c >": 1, "c <=": 1 })).type.toBe<Statement.Statement<Item>>()
    expect(Item.select({ "price >": 1, "price <": 5 }, across)).type.toBe<Statement.Statement<Item>>()
    expect(Item.select({ "m contains": 1 }, across)).type.toBe<Statement.Statement<Item>>()
    expect(Item.select({ "m contains key": "a" }, { allowFiltering: true })).type.toBe<Statement.Statement<Item>>()
    expect(Item.update).type.toBeCallableWith({ k: 1, c: 1 }, { price: 1 }, { if: { nu: null, "nu !=": null } })
  })
})
