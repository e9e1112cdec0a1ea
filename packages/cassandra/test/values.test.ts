import { assert, describe, it } from "@effect/vitest"
import * as Driver from "cassandra-driver"
import { BigDecimal, Effect, Schema } from "effect"
import { runInNewContext } from "node:vm"
import * as Calendar from "../src/values/calendar.ts"
import { type CqlType, fromClassName, type ScalarName, toText } from "../src/values/cqlType.ts"
import { encoderOf } from "../src/values/encode.ts"
import * as Encode from "../src/values/encodeScalar.ts"
import * as Inet from "../src/values/inet.ts"
import * as Varint from "../src/values/varint.ts"

const { types } = Driver

const encoded = (type: CqlType, value: unknown) => Encode.bytesOf(encoderOf(type), value)

const bytesOf = (type: CqlType, value: unknown): Buffer => {
  const bytes = encoded(type, value)
  return bytes instanceof Encode.Refusal ? assert.fail(`${bytes.expected}, given: ${bytes.given}`) : bytes
}

const scalar = (name: ScalarName): CqlType => ({ _tag: "Scalar", name })

const days = Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }))
const word = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))
const words = Schema.Tuple([word, word, word, word, word, word, word, word])

describe("a date", () => {
  it.effect.prop(
    "comes back as it went in",
    [days],
    ([days]) => Effect.sync(() => assert.strictEqual(Calendar.toDays(Calendar.toText(days)), days)),
    { arbitrary: { runs: 1_000 } }
  )

  it.effect.prop("is that of Date, as far as Date goes", [days], ([days]) =>
    Effect.sync(() => {
      const date = new Date(days % 10_000_000 * 86_400_000)
      const [, year = "", rest = ""] = /^([+-]?\d+)(-\d\d-\d\d)T/.exec(date.toISOString()) ?? []
      const number = Number(year)
      const sign = number < 0 ? "-" : number > 9_999 ? "+" : ""
      const expected = `${sign}${String(Math.abs(number)).padStart(4, "0")}${rest}`
      assert.strictEqual(Calendar.toText(days % 10_000_000), expected)
    }), { arbitrary: { runs: 1_000 } })

  it("is refused when it is none", () => {
    const none = [
      "",
      "2024",
      "2024-13-01",
      "2024-00-01",
      "2024-04-31",
      "2023-02-29",
      "1900-02-29",
      "24-01-01",
      "x",
      "2024-01-01T"
    ]
    for (const text of none) assert.isUndefined(Calendar.toDays(text), text)
    assert.isDefined(Calendar.toDays("2000-02-29"))
  })
})

describe("an integer of any size", () => {
  it.effect.prop("is what the driver makes of it", [Schema.BigInt, Schema.Int], ([value, shift]) =>
    Effect.sync(() => {
      const integer = value << BigInt(Math.abs(shift) % 100)
      const bytes = Varint.toBytes(integer)
      assert.strictEqual(Varint.fromBytes(bytes), integer)
      assert.deepStrictEqual(bytes, types.Integer.toBuffer(types.Integer.fromString(String(integer))))
    }), { arbitrary: { runs: 1_000 } })

  it("of a boundary is as short as can be", () => {
    for (let bits = 0; bits < 130; bits++) {
      for (
        const value of [2n ** BigInt(bits), 2n ** BigInt(bits) - 1n, -(2n ** BigInt(bits)), -(2n ** BigInt(bits)) - 1n]
      ) {
        const bytes = Varint.toBytes(value)
        assert.strictEqual(Varint.fromBytes(bytes), value)
        assert.isTrue(bytes.length === 1 || Varint.fromBytes(bytes.subarray(1)) !== value, String(value))
      }
    }
  })
})

describe("a duration", () => {
  it.effect.prop(
    "is what the driver makes of it",
    [Schema.Int, Schema.Int, Schema.BigInt],
    ([months, days, nanoseconds]) =>
      Effect.sync(() => {
        const value = {
          months: Math.abs(months) % 2 ** 31,
          days: Math.abs(days) % 2 ** 31,
          nanoseconds: BigInt.asUintN(63, nanoseconds < 0n ? -nanoseconds : nanoseconds)
        }
        const bytes = bytesOf(scalar("duration"), value)
        const long = types.Long.fromString(String(value.nanoseconds))
        assert.deepStrictEqual(bytes, new types.Duration(value.months, value.days, long).toBuffer())
      }),
    { arbitrary: { runs: 500 } }
  )
})

describe("an internet address", () => {
  it.effect.prop(
    "of version 6 comes back as it went in, in its canonical form",
    [words],
    ([words]) =>
      Effect.sync(() => {
        const bytes = Buffer.concat(words.map((word) => Buffer.from([word >> 8, word & 255])))
        // Such an address has four bytes.
        if (Inet.toText(bytes).startsWith("::ffff:")) return
        const text = Inet.toText(bytes)
        assert.deepStrictEqual(Inet.toBytes(text), bytes)
        // The form of a URL is that of RFC 5952.
        assert.strictEqual(
          `[${text}]`,
          new URL(`http://[${words.map((word) => word.toString(16)).join(":")}]`).hostname
        )
      }),
    { arbitrary: { runs: 500 } }
  )

  it("may be written in any form", () => {
    const same = ["::ffff:1.2.3.4", "::FFFF:102:304", "0:0:0:0:0:ffff:0102:0304"]
    for (const text of same) assert.deepStrictEqual(Inet.toBytes(text), Inet.toBytes(same[0]!), text)
    assert.strictEqual(Inet.toText(Buffer.alloc(16)), "::")
  })
})

describe("a uuid", () => {
  it("may be written in capitals", () => {
    const text = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
    assert.deepStrictEqual(bytesOf(scalar("uuid"), text.toUpperCase()), types.Uuid.fromString(text).getBuffer())
  })

  it("is refused when a character of it is no digit", () => {
    const text = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
    for (let place = 0; place < text.length; place++) {
      for (const wrong of ["g", "-", " ", "\u0010", "é", "\uffff"]) {
        if (text[place] === wrong) continue
        const bytes = encoded(scalar("uuid"), `${text.slice(0, place)}${wrong}${text.slice(place + 1)}`)
        assert.instanceOf(bytes, Encode.Refusal, `${place} ${wrong}`)
      }
    }
  })
})

describe("a refusal inside of a collection", () => {
  const list: CqlType = { _tag: "List", element: scalar("int") }
  const map: CqlType = { _tag: "Map", key: scalar("text"), value: list }
  const udt: CqlType = { _tag: "Udt", keyspace: "app", name: "address", fields: [{ name: "numbers", type: map }] }

  it("says where, and shows neither keys nor values", () => {
    const refusal = encoded(udt, { numbers: new Map([["secret", [1, 2]], ["key", [1, "value"]]]) })
    assert.deepStrictEqual(refusal, new Encode.Refusal("int, an integer number", "string", ".numbers value 1[1]"))
  })
})

describe("types", () => {
  const marshal = "org.apache.cassandra.db.marshal."
  const custom = (info: string) => toText(fromClassName(info))

  it("younger than the protocol are read off the names of their classes", () => {
    assert.strictEqual(custom(`${marshal}DurationType`), "duration")
    assert.strictEqual(custom(`${marshal}VectorType(${marshal}FloatType , 3)`), "vector<float, 3>")
    assert.strictEqual(custom(`${marshal}LegacyTimeUUIDType`), "timeuuid")
    const list = `${marshal}FrozenType(${marshal}ListType(${marshal}UUIDType))`
    const map = `${marshal}MapType(${marshal}UTF8Type,${list})`
    assert.strictEqual(custom(`${marshal}VectorType(${map}, 2)`), "vector<map<text, list<uuid>>, 2>")
    const tuple = `${marshal}TupleType(${marshal}Int32Type,${marshal}SetType(${marshal}LongType))`
    assert.strictEqual(custom(`${marshal}VectorType(${tuple}, 2)`), "vector<tuple<int, set<bigint>>, 2>")
    const hex = (name: string) => Buffer.from(name).toString("hex")
    const udt = `${marshal}UserType(app,${hex("address")},${hex("street")}:${marshal}UTF8Type,${hex("at")}:${map})`
    assert.strictEqual(custom(`${marshal}VectorType(${udt}, 2)`), "vector<app.address, 2>")
  })
})

it("a value of another realm is encoded as one of this realm", () => {
  const int = scalar("int")
  const pairs: ReadonlyArray<readonly [type: CqlType, foreign: string, value: unknown]> = [
    [{ _tag: "Map", key: scalar("text"), value: int }, "new Map([['b', 2], ['a', 1]])", new Map([["a", 1], ["b", 2]])],
    [{ _tag: "Set", element: int }, "new Set([2, 1])", new Set([1, 2])],
    [{ _tag: "List", element: scalar("timestamp") }, "[new Date(7)]", [new Date(7)]],
    [scalar("blob"), "new Uint8Array([1, 2]).buffer", new Uint8Array([1, 2])],
    [scalar("blob"), "new Uint8Array([1, 2])", new Uint8Array([1, 2])]
  ]
  for (const [type, foreign, value] of pairs) {
    assert.deepStrictEqual(bytesOf(type, runInNewContext(foreign)), bytesOf(type, value), foreign)
  }
  assert.deepInclude(encoded(scalar("timestamp"), runInNewContext("new Date(NaN)")), { given: "an invalid Date" })
})

describe("a value that is refused", () => {
  const refusalOf = (type: CqlType, value: unknown) => {
    const bytes = encoded(type, value)
    return bytes instanceof Encode.Refusal ? `${bytes.at}: ${bytes.given}` : assert.fail("taken")
  }
  const map = (key: CqlType): CqlType => ({ _tag: "Map", key, value: scalar("int") })

  const decimal = scalar("decimal")
  const big = BigDecimal.fromStringUnsafe
  const inner: CqlType = { _tag: "Map", key: scalar("int"), value: decimal }
  const money: CqlType = {
    _tag: "Udt",
    keyspace: "app",
    name: "money",
    fields: [{ name: "amount", type: decimal }, { name: "unit", type: scalar("text") }]
  }

  it("is no Map whose keys are distinct to the server", () => {
    const cases: ReadonlyArray<readonly [key: CqlType, ...keys: ReadonlyArray<unknown>]> = [
      [decimal, big("1.0"), big("1.1"), big("10"), big("-1.0"), big("0")],
      [{ _tag: "Set", element: scalar("text") }, new Set(["a", "b"]), new Set(["a\",\"b"]), new Set(), new Set(["a"])],
      [{ _tag: "Tuple", elements: [scalar("text"), decimal] }, ["1", null], [null, big("1")], [null, null], ["", null]],
      [money, { amount: null, unit: "1e0" }, { amount: big("1"), unit: null }, { amount: null, unit: "null" }]
    ]
    for (const [key, ...keys] of cases) bytesOf(map(key), new Map(keys.map((key, at) => [key, at])))
  })

  it("may be a Map whose keys are one key to the server", () => {
    const bytes = Uint8Array.of(1)
    const cases: ReadonlyArray<readonly [key: CqlType, first: unknown, second: unknown]> = [
      [scalar("blob"), bytes, bytes.slice()],
      [scalar("bigint"), 1, 1n],
      [scalar("float"), 0.1, Math.fround(0.1)],
      [scalar("timestamp"), new Date(5), new Date(5)],
      [{ _tag: "List", element: scalar("int") }, [1], [1]],
      // The server compares decimals as numbers, and sorts what sets and maps hold.
      [decimal, big("1.0"), big("1.00")],
      [decimal, big("0"), big("0.000")],
      [{ _tag: "List", element: decimal }, [big("10"), big("2")], [big("1e1"), big("2")]],
      [{ _tag: "Vector", element: decimal, dimension: 1 }, [big("1.0")], [big("1")]],
      [{ _tag: "Set", element: scalar("int") }, new Set([1, 2]), new Set([2, 1])],
      [{ _tag: "Set", element: decimal }, new Set([big("1.0"), big("1.00")]), new Set([big("1")])],
      [inner, new Map([[1, big("1.0")], [2, big("3")]]), new Map([[2, big("3.0")], [1, big("1.00")]])],
      [{ _tag: "Tuple", elements: [scalar("int"), decimal] }, [null, big("1.0")], [null, big("1.00")]],
      [money, { amount: big("1.0"), unit: null }, { amount: big("1.00"), unit: null }]
    ]
    for (const [key, first, second] of cases) {
      assert.strictEqual(
        refusalOf(map(key), new Map([[first, 1], [second, 2]])),
        " key 1: a Map with the same key twice"
      )
      bytesOf(map(key), new Map([[first, 1]]))
    }
  })

  it("may be a record with missing or further fields, whose names are shown if it is a record", () => {
    const udt: CqlType = {
      _tag: "Udt",
      keyspace: "app",
      name: "address",
      fields: [{ name: "street", type: scalar("text") }, { name: "no", type: scalar("int") }]
    }
    assert.strictEqual(refusalOf(udt, { street: "x" }), ".no: a record without this field")
    assert.strictEqual(refusalOf(udt, { street: "x", no: undefined }), ".no: a record without this field")
    assert.strictEqual(refusalOf(udt, Promise.resolve({ street: "x", no: 1 })), ".street: a record without this field")
    assert.strictEqual(refusalOf(udt, { street: "x", no: 1, city: "y" }), ".city: a record with another field")
    assert.strictEqual(refusalOf(udt, { "ada@example.org": 1 }), ".<key>: a record with another field")
    bytesOf(udt, { street: null, no: null })
    const duration = { months: 1, days: 1, nanoseconds: 1n }
    assert.strictEqual(refusalOf(scalar("duration"), { ...duration, hours: 5 }), ": Object")
  })
})
