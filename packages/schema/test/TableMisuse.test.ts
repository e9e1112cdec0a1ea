/** Misuses of tables by a program without types, or by one whose options come from elsewhere. */
import { InvalidOptions } from "@effect-cql/core"
import { Change, Table } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { Likes, Post, PostId, User } from "./support/tables.ts"

const at = DateTime.makeUnsafe("2026-11-22T12:00:00Z")
const id = PostId.make("1b7ec7f0-c7e2-11f0-8de9-0242ac120002")
const key = { author: "ada", at, id }
const user = new User({ id: 1, displayName: "Ada", version: 1, roles: new Set<string>() })
const users = Table.repository(User)

/** A value that no type has checked. */
const any = (given?: unknown): never => given as never

type Calls = ReadonlyArray<readonly [call: () => unknown, message: RegExp]>

const refusesAll = (calls: Calls): void => {
  for (const [call, message] of calls) assert.throws(call, InvalidOptions, message)
}

describe("an option of a verb", () => {
  it("is no condition unless it is one exactly, for without it the write would be unconditional", () => {
    for (const wrong of ["true", 1, {}, null, "false", 0, ""]) {
      refusesAll([
        [
          () => User.update(user, { version: 2 }, any({ ifExists: wrong })),
          /users: ifExists: expected true or false, got/
        ],
        [() => User.delete(user, any({ ifExists: wrong })), /ifExists: expected true or false, got/],
        [() => Post.updateStatic(key, { bio: "x" }, any({ ifExists: wrong })), /ifExists: expected true or false, got/]
      ])
    }
    for (const wrong of [null, "version", 5, true, [], ["version"]]) {
      refusesAll([
        [
          () => User.update(user, { version: 2 }, any({ if: wrong })),
          /users: if: expected an object of conditions, .*got/
        ],
        [() => User.delete(user, any({ if: wrong })), /if: expected an object of conditions/]
      ])
    }
    assert.include(User.delete(user, { ifExists: true }).text, "IF EXISTS")
    assert.notInclude(User.delete(user, { ifExists: false }).text, "IF")
    assert.notInclude(User.delete(user, any({ ifExists: undefined, if: undefined })).text, "IF")
  })

  it("is refused where it is of another type", () => {
    const select = (options: object) => () => Post.select({ author: "ada" }, any(options))
    const query = (options: object) => () => Post.select.query(["author"], any(options))
    const insert = (options: object) => () => User.insert(user, any(options))
    const update = (options: object) => () => User.update(user, { version: 2 }, any(options))
    refusesAll([
      [select({ reversed: "yes" }), /reversed: expected true or false, got "yes"/],
      [query({ reversed: 1 }), /reversed: expected true or false, got 1/],
      [select({ allowFiltering: "no" }), /allowFiltering: expected true or false/],
      [() => Post.count({ author: "ada" }, any({ allowFiltering: 1 })), /allowFiltering: expected true or false/],
      [select({ acrossPartitions: 1 }), /acrossPartitions: expected true or false/],
      [() => Post.count({ author: "ada" }, any({ acrossPartitions: "x" })), /acrossPartitions: expected true or false/],
      [select({ limit: 0 }), /limit: expected an integer from 1 to 2147483647, got 0/],
      [select({ limit: "10" }), /limit: expected an integer .*got "10"/],
      [query({ limit: 1.5 }), /limit: expected an integer/],
      [select({ perPartitionLimit: null }), /perPartitionLimit: expected an integer .*got null/],
      [select({ columns: "id" }), /columns: expected a list of columns, got "id"/],
      [query({ columns: [5] }), /columns: expected a list of columns/],
      [select({ after: null }), /after: expected a row, .*got null/],
      [select({ after: "x" }), /after: expected a row/],
      [select({ after: { at } }), /after\.id: expected the value of this clustering column, got undefined/],
      [insert({ ttl: "30 dayz" }), /ttl: expected whole seconds.*got "30 dayz"/],
      [insert({ ttl: null }), /ttl: expected whole seconds.*got null/],
      [insert({ ttl: -1000 }), /ttl: expected whole seconds/],
      [insert({ ttl: { second: 1 } }), /ttl: expected whole seconds/],
      [insert({ ttl: new Date(0) }), /ttl: expected whole seconds/],
      [update({ ttl: { days: 10_000 } }), /ttl: expected whole seconds/],
      [() => User.insert.ifNotExists(user, any({ ttl: true })), /ttl: expected whole seconds/],
      [insert({ timestamp: 5 }), /timestamp: expected a bigint of 64 bits.*got 5/],
      [update({ timestamp: new Date(0) }), /timestamp: expected a bigint/],
      [() => User.delete(user, any({ timestamp: 2n ** 63n })), /timestamp: expected a bigint/],
      [() => Post.deleteWhere({ author: "ada" }, any({ timestamp: "1" })), /timestamp: expected a bigint/],
      [() => users.updateExisting({ id: 1 }, { version: 2 }, any({ ttl: {} })), /ttl: expected whole seconds/],
      [() => users.delete({ id: 1 }, any({ timestamp: 1 })), /timestamp: expected a bigint/]
    ])
    assert.doesNotThrow(insert({ ttl: { days: 1 }, timestamp: 1n }))
    for (const options of [null, 5, "ttl", []]) {
      refusesAll([
        [() => User.insert(user, any(options)), /users: options: expected an object, got/],
        [() => User.delete(user, any(options)), /users: options: expected an object, got/],
        [() => Post.select({ author: "ada" }, any(options)), /posts: options: expected an object, got/],
        [() => Post.select.query(["author"], any(options)), /posts: options: expected an object, got/],
        [() => Post.count({ author: "ada" }, any(options)), /posts: options: expected an object, got/],
        [() => users.update({ id: 1 }, { version: 2 }, any(options)), /users: options: expected an object, got/],
        [() => users.delete({ id: 1 }, any(options)), /users: options: expected an object, got/],
        [() => users.updateExisting({ id: 1 }, { version: 2 }, any(options)), /users: options: expected an object, got/]
      ])
    }
  })
})

describe("an argument of a verb", () => {
  it("is refused where it is no record", () => {
    for (const wrong of [undefined, null, 5, "ab", [1], true]) {
      refusesAll([
        [() => Post.select(any(wrong)), /posts: where: expected an object of conditions, got/],
        [() => Post.count(any(wrong)), /where: expected an object of conditions, got/],
        [() => Post.deleteWhere(any(wrong)), /where: expected an object of conditions, got/],
        [() => User.insert(any(wrong)), /users: row: expected a row, got/],
        [() => User.insert.ifNotExists(any(wrong)), /row: expected a row, got/],
        [() => User.upsert(any(wrong)), /row: expected a row, got/],
        [() => User.get(any(wrong)), /key: expected a row, or an object with its key columns, got/],
        [() => Post.statics(any(wrong)), /key: expected/],
        [() => User.update(any(wrong), { version: 1 }), /key: expected/],
        [() => User.update(user, any(wrong)), /set: expected an object of columns to set, got/],
        [() => Post.updateStatic(key, any(wrong)), /set: expected/],
        [() => User.delete(any(wrong)), /key: expected/],
        [() => Likes.increment(any(wrong), { likes: 1 }), /key: expected/],
        [() => Likes.increment({ post: id }, any(wrong)), /amounts: expected/],
        [() => Likes.delete(any(wrong)), /key: expected/]
      ])
    }
    for (const wrong of [undefined, null, 5, "ab", [1], {}]) {
      refusesAll([
        [() => Post.select.query(any(wrong)), /where: expected a list of names, got/],
        [() => Post.update.query(any(wrong)), /columns: expected a list of names, got/]
      ])
    }
  })

  it("is refused where it is a change that its column does not have", () => {
    refusesAll([
      [() => Post.update(key, { links: any(Change.put(any("ab"))) }), /links: expected Change\.put of entries/],
      [() => Post.update(key, { links: any({ ...Change.put(), value: 5 }) }), /links: expected Change\.put of entries/],
      [
        () => Post.update(key, { tags: any({ _tag: "Change", operation: "zap", value: 1 }) }),
        /tags: .*got the change "zap"/
      ],
      [
        () => Post.update(key, { tags: any({ _tag: "Change", operation: "increment", value: 1 }) }),
        /tags: expected a value/
      ],
      [() => Post.update(key, { tags: any(Change.append("a")) }), /set<text>: Change\.add, Change\.remove, got/],
      [() => Post.update(key, { parts: any(Change.removeKeys("a")) }), /Change\.append, Change\.prepend/],
      [() => User.update(user, { version: any(Change.add(1)) }), /version: expected a value.*type int has no changes/],
      [() => User.update(user, { key: any(Change.append(1)) }), /key: expected a value/]
    ])
  })
})
