import { CqlError, InvalidOptions, Reason, Session } from "@effect-cql/core"
import { CqlSchema, Lookup, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Fiber, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { User } from "./support/tables.ts"

const row = (id: unknown) => ({
  id,
  display_name: `user ${String(id)}`,
  nickname: null,
  version: 1,
  roles: null,
  key: null
})
const users = MockSession.layer({
  otherwise: (request, context) => {
    const id = request._tag === "Statement" ? request.params[0] : undefined
    if (id === 13) return MockSession.fail(new Reason.Overloaded({ message: "busy" }))(request, context)
    return MockSession.rows(id === 0 ? [] : [row(id)])(request, context)
  }
})
const calls = MockSession.MockSession.use((mock) => Effect.map(mock.calls, (calls) => calls.length))
const concurrently = { concurrency: "unbounded" } as const

describe("a lookup", () => {
  it.effect("asks for equal keys once, and gives each its row", () =>
    Effect.gen(function*() {
      const userOf = Lookup.one(User.get)
      const found = yield* Effect.forEach([1, 2, 1, 0, 2], (id) => userOf({ id }), concurrently)
      assert.deepStrictEqual(found.map(Option.map((user) => user.displayName)), [
        Option.some("user 1"),
        Option.some("user 2"),
        Option.some("user 1"),
        Option.none(),
        Option.some("user 2")
      ])
      assert.isTrue(Option.getOrThrow(found[0]!) instanceof User)
      assert.strictEqual(yield* calls, 3)
    }).pipe(Effect.provide(users)))

  it.effect("fails for its own key alone", () =>
    Effect.gen(function*() {
      const userOf = Lookup.many(User.select.query(["id"]))
      const found = yield* Effect.forEach([1, 13, 2, 13], (id) => Effect.result(userOf({ id })), concurrently)
      assert.deepStrictEqual(found.map(Result.isSuccess), [true, false, true, false])
      const failed = found[1]!
      assert.isTrue(Result.isFailure(failed) && failed.failure instanceof CqlError)
    }).pipe(Effect.provide(users)))

  it.effect("runs in the session of its caller", () =>
    Effect.gen(function*() {
      const userOf = Lookup.one(User.get)
      const other = (name: string) =>
        Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ ...row(1), display_name: name }]) }))
      const names = yield* Effect.all(
        ["a", "b"].map((name) =>
          userOf({ id: 1 }).pipe(Effect.map(Option.map((user) => user.displayName)), other(name))
        ),
        concurrently
      )
      assert.deepStrictEqual(names, [Option.some("a"), Option.some("b")])
      assert.isDefined(yield* Session)
    }).pipe(Effect.provide(users)))

  it.effect("with a bound makes more batches, and all are answered", () =>
    Effect.gen(function*() {
      const userOf = Lookup.one(User.get, { batchSize: 10, concurrency: 3 })
      const ids = Array.from({ length: 35 }, (_, at) => at + 20)
      const found = yield* Effect.forEach(ids, (id) => userOf({ id }), concurrently)
      assert.deepStrictEqual(found.map((user) => Option.getOrThrow(user).id), ids)
    }).pipe(Effect.provide(users)))

  it("refuses options that do not exist or fit", () => {
    const make = (options: object) => () => Lookup.one(User.get, options)
    assert.throws(make({ concurency: 5 }), InvalidOptions, /nearest is concurrency/)
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      assert.throws(make({ concurrency: wrong }), InvalidOptions, /concurrency/)
      assert.throws(make({ batchSize: wrong }), InvalidOptions, /batchSize/)
      assert.throws(
        () => Lookup.cached(Lookup.one(User.get), { capacity: wrong, timeToLive: 1 }),
        InvalidOptions,
        /capacity/
      )
    }
    for (const wrong of [Number.NaN, -1]) {
      assert.throws(() => Lookup.cached(Lookup.one(User.get), { capacity: 1, timeToLive: wrong }), /timeToLive/)
    }
  })

  it.effect("goes on for others where the one who asked first is interrupted", () =>
    Effect.gen(function*() {
      const plain = Lookup.one(User.get)
      for (const userOf of [plain, yield* Lookup.cached(plain, { capacity: 10, timeToLive: "1 minute" })]) {
        const first = yield* Effect.forkChild(userOf({ id: 1 }), { startImmediately: true })
        const second = yield* Effect.forkChild(userOf({ id: 1 }), { startImmediately: true })
        yield* TestClock.adjust("5 millis")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("1 second")
        assert.isTrue(Option.isSome(yield* Fiber.join(second)))
      }
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: MockSession.delayed(MockSession.rows([row(1)]), "100 millis")
    }))))

  it.effect("remembers what it found, and no failure", () =>
    Effect.gen(function*() {
      const userOf = yield* Lookup.cached(Lookup.one(User.get), { capacity: 10, timeToLive: "1 minute" })
      yield* userOf({ id: 1 })
      yield* userOf({ id: 1 })
      assert.strictEqual(yield* calls, 1)
      yield* Effect.flip(userOf({ id: 13 }))
      yield* Effect.flip(userOf({ id: 13 }))
      assert.strictEqual(yield* calls, 3)
    }).pipe(Effect.provide(users)))

  class Price extends Table.Class<Price>("Price")("app.prices", {
    columns: { amount: CqlSchema.Decimal, factor: CqlSchema.Double, id: CqlSchema.Blob, at: CqlSchema.TimestampDate },
    partitionKey: ["amount", "factor", "id", "at"]
  }) {}
  const at = new Date(5)
  const keyOf = (amount: string, factor = 1, id = new Uint8Array([1])) => ({
    amount: BigDecimal.fromStringUnsafe(amount),
    factor,
    id,
    at
  })
  // Answers with the key that was asked for: partitions are the same where their bytes are.
  const prices = MockSession.layer({
    otherwise: (request, context) => {
      const [amount, factor, id, at] = request._tag === "Statement" ? request.params : []
      return MockSession.rows([{ amount, factor, id, at }])(request, context)
    }
  })

  it.effect("distinguishes what the database does: scales of decimals, and zero from minus zero", () =>
    Effect.gen(function*() {
      const keys = [
        keyOf("1.0"),
        keyOf("1.00"),
        keyOf("1.0", 0),
        keyOf("1.0", -0),
        keyOf("1.0", 1, new Uint8Array([2])),
        keyOf("1.0"),
        { ...keyOf("1.0"), at: new Date(6) }
      ]
      const isOwn = (found: Price, key: ReturnType<typeof keyOf>) =>
        found.amount.scale === key.amount.scale && Object.is(found.factor, key.factor) && found.id[0] === key.id[0] &&
        found.at.getTime() === key.at.getTime()
      const priceOf = Lookup.one(Price.get)
      const found = yield* Effect.forEach(keys, priceOf, concurrently)
      for (const [index, key] of keys.entries()) assert.isTrue(isOwn(Option.getOrThrow(found[index]!), key), `${index}`)
      assert.strictEqual(yield* calls, 6)
      const remembered = yield* Lookup.cached(priceOf, { capacity: 10, timeToLive: "1 minute" })
      for (const key of [...keys, ...keys]) {
        assert.isTrue(isOwn(Option.getOrThrow(yield* remembered(key)), key))
      }
      assert.strictEqual(yield* calls, 12)
    }).pipe(Effect.provide(prices)))

  it.effect("remembers keys as they were, where their bytes are filled anew", () =>
    Effect.gen(function*() {
      const priceOf = yield* Lookup.cached(Lookup.one(Price.get), { capacity: 10, timeToLive: "1 minute" })
      const bytes = new Uint8Array([1])
      const date = new Date(5)
      for (const [byte, time] of [[1, 5], [2, 5], [2, 6], [1, 5]] as const) {
        bytes[0] = byte
        date.setTime(time)
        const { at, id } = Option.getOrThrow(yield* priceOf({ ...keyOf("1.0", 1, bytes), at: date }))
        assert.deepStrictEqual([id[0], at.getTime()], [byte, time])
      }
      assert.strictEqual(yield* calls, 3)
    }).pipe(Effect.provide(prices)))

  it.effect("asks for a key as it was given, whatever the program makes of it later", () =>
    Effect.gen(function*() {
      const userOf = Lookup.one(User.get)
      const key = { id: 0 }
      const asked = [1, 2, 3].map((id) => {
        key.id = id
        return userOf(key)
      })
      const found = yield* Effect.all(asked, concurrently)
      assert.deepStrictEqual(found.map((user) => Option.getOrThrow(user).id), [1, 2, 3])
      const remembered = yield* Lookup.cached(userOf, { capacity: 10, timeToLive: "1 minute" })
      for (const id of [1, 2, 1]) {
        key.id = id
        assert.strictEqual(Option.getOrThrow(yield* remembered(key)).id, id)
      }
      const later = [4, 5].map((id) => {
        key.id = id
        return remembered(key)
      })
      assert.deepStrictEqual((yield* Effect.all(later)).map((user) => Option.getOrThrow(user).id), [4, 5])
      class Key {
        id = 6
        readonly #secret = 0
        get secret(): number {
          return this.#secret
        }
      }
      const instance = new Key()
      for (const id of [6, 7]) {
        instance.id = id
        assert.strictEqual(Option.getOrThrow(yield* remembered(instance)).id, id)
      }
      assert.strictEqual(yield* calls, 9)
      // A row is a key as well, whatever else it has.
      assert.strictEqual(Option.getOrThrow(yield* userOf(Option.getOrThrow(found[2]!))).id, 3)
    }).pipe(Effect.provide(users)))
})
