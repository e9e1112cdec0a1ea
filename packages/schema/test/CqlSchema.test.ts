import { Query, Statement } from "@effect-cql/core"
import { CqlSchema, TimeUuid, Uuid } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Effect, Exit, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { samples } from "./support/samples.ts"

const accepts = (schema: Schema.ConstraintCodec<unknown, unknown>, value: unknown) =>
  Exit.isSuccess(Schema.encodeUnknownExit(schema)(value))

describe("a schema of CqlSchema", () => {
  for (const [name, schema] of Object.entries(samples)) {
    it.effect.prop(`gives back what it was given: ${name}`, [schema], ([value]) =>
      Effect.gen(function*() {
        const encoded = yield* Schema.encodeUnknownEffect(schema)(value)
        const decoded = yield* Schema.decodeUnknownEffect(schema)(encoded)
        assert.isTrue(Schema.toEquivalence(schema)(decoded, value))
      }), { arbitrary: { runs: 30 } })
  }

  it.effect.prop("makes floats of 32 bits, in a vector as well", [CqlSchema.Float, CqlSchema.Vector(3)], (
    [float, vector]
  ) =>
    Effect.sync(() => {
      for (const value of [float, ...vector]) {
        assert.strictEqual(Number.isFinite(Math.fround(value)), Number.isFinite(value))
      }
    }))

  it("refuses what the type of the column does not hold", () => {
    assert.isFalse(accepts(CqlSchema.Float, 1e39))
    assert.isTrue(accepts(CqlSchema.Float, Number.NEGATIVE_INFINITY) && accepts(CqlSchema.Float, Number.NaN))
    const refused: ReadonlyArray<readonly [Schema.ConstraintCodec<unknown, unknown>, unknown]> = [
      [CqlSchema.TinyInt, 128],
      [CqlSchema.SmallInt, -32_769],
      [CqlSchema.Int, 2 ** 31],
      [CqlSchema.Int, 1.5],
      [CqlSchema.BigInt, 2n ** 63n],
      [CqlSchema.Count, 1.5],
      [CqlSchema.Ascii, "é"],
      [CqlSchema.Uuid, "1B7EC7F0-C7E2-11F0-8DE9-0242AC120002"],
      [CqlSchema.TimeUuid, "1b7ec7f0-c7e2-41f0-8de9-0242ac120002"],
      [CqlSchema.Inet, "1.2.3"],
      [CqlSchema.Inet, "1:2:3:4:5:6:7:8:9"],
      [CqlSchema.Inet, ":::"],
      [CqlSchema.DateString, "2026-02-30"],
      [CqlSchema.DateString, "26-02-03"],
      [CqlSchema.Date, DateTime.makeUnsafe("2026-11-22T12:00:00Z")],
      [CqlSchema.Time, Duration.days(1)],
      [CqlSchema.TimeNanos, -1n],
      [CqlSchema.Duration, { months: 1, days: -1, nanoseconds: 0n }],
      [CqlSchema.Vector(3), [1, 2]],
      [CqlSchema.TimestampDate, new Date(Number.NaN)],
      [CqlSchema.Timestamp, DateTime.addDuration(DateTime.makeUnsafe(1), "500 micros")]
    ]
    for (const [schema, value] of refused) assert.isFalse(accepts(schema, value), String(value))
  })

  it("takes addresses and dates in every form that a column has", () => {
    for (const address of ["127.0.0.1", "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"]) {
      assert.isTrue(accepts(CqlSchema.Inet, address), address)
    }
    for (const date of ["2024-02-29", "-0044-03-15", "+12345-01-01", "0000-01-01", "5881580-07-11"]) {
      assert.isTrue(accepts(CqlSchema.DateString, date), date)
    }
    const decode = Schema.decodeUnknownExit(CqlSchema.Date)
    assert.isTrue(Exit.isSuccess(decode("-0044-03-15")))
    assert.isTrue(Exit.isFailure(decode("5881580-07-11")))
  })

  it("reads null as the empty collection, and keeps its items", () => {
    assert.deepStrictEqual(Schema.decodeSync(CqlSchema.Set(CqlSchema.Timestamp))(null), new Set())
    assert.deepStrictEqual(Schema.decodeSync(CqlSchema.List(CqlSchema.Int))(null), [])
    assert.deepStrictEqual(Schema.decodeSync(CqlSchema.Map(CqlSchema.Text, CqlSchema.Int))(null), new Map())
    assert.deepStrictEqual(Schema.decodeSync(CqlSchema.Frozen(CqlSchema.Set(CqlSchema.Text)))(null), new Set())
    const times = Schema.decodeSync(CqlSchema.List(CqlSchema.Timestamp))([new Date(7)])
    assert.deepStrictEqual(times.map(DateTime.toEpochMillis), [7])
  })

  it("refuses a collection of what no column holds", () => {
    assert.throws(() => CqlSchema.Set(Schema.Struct({ a: Schema.String })), /Set/)
    assert.throws(() => CqlSchema.Vector(0), /Vector\.size/)
  })

  it.effect("a counter beyond what a number holds is refused", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Schema.decodeUnknownEffect(CqlSchema.Counter)(3n), 3)
      const exit = yield* Effect.exit(Schema.decodeUnknownEffect(CqlSchema.Counter)(2n ** 53n))
      assert.isTrue(Exit.isFailure(exit))
    }))
})

class Address extends CqlSchema.Udt<Address>("Address")("app.address", {
  street: CqlSchema.Text,
  zipCode: Schema.optionalKey(CqlSchema.Text)
}) {
  get line(): string {
    return `${this.street} ${this.zipCode ?? "-"}`
  }
}

class User extends Schema.Class<User>("User")({
  id: CqlSchema.Int,
  displayName: Schema.String,
  createdAt: CqlSchema.Timestamp,
  note: Schema.optionalKey(Schema.String),
  nickname: CqlSchema.optional(CqlSchema.Text),
  tags: Schema.ReadonlySet(Schema.String),
  home: Schema.optionalKey(Address)
}) {}

const columns = CqlSchema.columns(User)

describe("the columns of a class", () => {
  const byId = Query.make("SELECT * FROM app.users WHERE id = ?", { row: columns })
  const insert = Query.make("INSERT INTO app.users JSON", { params: columns })
  const empty = {
    id: 1,
    display_name: "Ada",
    created_at: new Date(0),
    note: null,
    nickname: null,
    tags: null,
    home: null
  }
  const full = {
    ...empty,
    note: "n",
    nickname: "a",
    tags: new Set(["x"]),
    home: { street: "Main", zip_code: null }
  }

  it.effect("are instances, with what is null left out or empty, by the parser and by the plan", () =>
    Effect.gen(function*() {
      for (const user of yield* Statement.rows(byId(1))) {
        assert.isTrue(user instanceof User && user.displayName === "Ada")
        if (user.tags.size === 0) assert.deepStrictEqual(Object.keys(user), ["id", "displayName", "createdAt", "tags"])
        else {
          assert.deepStrictEqual([user.note, user.nickname, user.home?.line], ["n", "a", "Main -"])
          assert.isTrue(user.home instanceof Address)
        }
      }
    }).pipe(Effect.provide(MockSession.layer({
      otherwise: MockSession.rows(Array.from({ length: 100 }, (_, at) => at % 2 === 0 ? empty : full))
    }))))

  it("encode to a record with names in snake_case, and unset for what is absent", () => {
    const user = new User({ id: 1, displayName: "Ada", createdAt: DateTime.makeUnsafe(0), tags: new Set<string>() })
    assert.deepStrictEqual(Schema.encodeUnknownSync(columns)(user), {
      id: 1,
      display_name: "Ada",
      created_at: new Date(0),
      note: Statement.unset,
      nickname: Statement.unset,
      tags: new Set<string>(),
      home: Statement.unset
    })
    assert.strictEqual(insert.text, "INSERT INTO app.users JSON")
  })

  it("of a user-defined type have null for what is absent", () => {
    assert.deepStrictEqual(Schema.encodeUnknownSync(Address)(new Address({ street: "Main" })), {
      street: "Main",
      zip_code: null
    })
    assert.deepStrictEqual(Schema.decodeUnknownSync(CqlSchema.List(Address))([{ street: "a", zip_code: "b" }]), [
      new Address({ street: "a", zipCode: "b" })
    ])
  })
})

describe("Uuid", () => {
  it.effect("is canonical, of version 4, and new each time", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.forEach(Array.from({ length: 1_000 }), () => Uuid.next)
      assert.strictEqual(new Set(ids).size, 1_000)
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }))
})

const withinRange = CqlSchema.Timestamp.check(Schema.makeFilter((at: DateTime.Utc) => {
  const year = DateTime.getPartUtc(at, "year")
  return year > 1582 && year < 5236
}))

describe("TimeUuid", () => {
  it("bounds every uuid by a time that none has", () => {
    const [past, future] = [DateTime.makeUnsafe("0001-01-01"), DateTime.makeUnsafe("9999-12-31")]
    assert.strictEqual(TimeUuid.min(past), "00000000-0000-1000-8080-808080808080")
    assert.strictEqual(TimeUuid.max(future), "ffffffff-ffff-1fff-7f7f-7f7f7f7f7f7f")
  })

  it.effect("has the time of the Clock, and is later than the one before", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 10, 22))
      const ids = yield* Effect.forEach(Array.from({ length: 20_001 }), () => TimeUuid.next)
      yield* TestClock.adjust("1 millis")
      const all = [...ids, yield* TimeUuid.next]
      assert.strictEqual(new Set(all).size, all.length)
      for (const [at, id] of all.entries()) {
        assert.isTrue(Schema.is(CqlSchema.TimeUuid)(id))
        if (at > 0) assert.strictEqual(TimeUuid.order(all[at - 1]!, id), -1)
      }
      assert.strictEqual(DateTime.toEpochMillis(TimeUuid.toDateTime(all[0]!)), Date.UTC(2026, 10, 22))
    }))

  it.effect("is another one where the clock is set back", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      const first = yield* TimeUuid.next
      yield* TestClock.setTime(9_000)
      const back = yield* TimeUuid.next
      yield* TestClock.setTime(10_000)
      const again = yield* TimeUuid.next
      assert.strictEqual(new Set([first, back, again]).size, 3)
      assert.notStrictEqual(again.slice(0, 23), first.slice(0, 23))
    }))

  it.effect.prop("min and max bound every uuid of their millisecond", [withinRange, CqlSchema.TimeUuid], (
    [at, id]
  ) =>
    Effect.sync(() => {
      const [min, max] = [TimeUuid.min(at), TimeUuid.max(at)]
      assert.deepStrictEqual([TimeUuid.toDateTime(min), TimeUuid.toDateTime(max)], [at, at])
      assert.strictEqual(TimeUuid.order(min, max), -1)
      const own = TimeUuid.toDateTime(id)
      assert.isAtMost(TimeUuid.order(TimeUuid.min(own), id), 0)
      assert.isAtMost(TimeUuid.order(id, TimeUuid.max(own)), 0)
    }), { arbitrary: { runs: 200 } })
})

it("a decimal is a BigDecimal", () => {
  const value = BigDecimal.fromStringUnsafe("12.50")
  assert.deepStrictEqual(Schema.encodeSync(CqlSchema.Decimal)(value), value)
  assert.isTrue(Option.isNone(Schema.decodeUnknownOption(CqlSchema.Decimal)(12.5)))
})
