import { assert, describe, it } from "@effect/vitest"
import * as Driver from "cassandra-driver"
import { BigDecimal, Effect, Result, Schema } from "effect"
import * as CqlType from "../src/CqlType.ts"
import { int } from "./support/frames.ts"
import { cell, scalar } from "./support/resultFrames.ts"

const { types } = Driver

const decoded = (type: CqlType.CqlType, ...parts: ReadonlyArray<Uint8Array>): unknown =>
  Result.getOrThrow(CqlType.decode(type, Buffer.concat(parts)))

const refused = (type: CqlType.CqlType, ...parts: ReadonlyArray<Uint8Array>): string => {
  const result = CqlType.decode(type, Buffer.concat(parts))
  return Result.isFailure(result) ? result.failure.message : assert.fail("decoded")
}

const hex = (digits: string): Buffer => Buffer.from(digits, "hex")

const list = (element: CqlType.CqlType): CqlType.CqlType => ({ _tag: "List", element })
const set = (element: CqlType.CqlType): CqlType.CqlType => ({ _tag: "Set", element })
const map = (key: CqlType.CqlType, value: CqlType.CqlType): CqlType.CqlType => ({ _tag: "Map", key, value })
const vector = (element: CqlType.CqlType, dimension: number): CqlType.CqlType => ({
  _tag: "Vector",
  element,
  dimension
})
const udt: CqlType.CqlType = {
  _tag: "Udt",
  keyspace: "app",
  name: "address",
  fields: [{ name: "street", type: scalar("text") }, { name: "no", type: scalar("int") }]
}

describe("a scalar", () => {
  const cases: ReadonlyArray<readonly [CqlType.ScalarName, string, unknown]> = [
    ["ascii", "616461", "ada"],
    ["text", "c3a9", "é"],
    ["text", "", ""],
    ["text", "efbfbd", "\uFFFD"],
    ["blob", "", new Uint8Array()],
    ["blob", "00ff", Uint8Array.of(0, 255)],
    ["boolean", "01", true],
    ["boolean", "00", false],
    ["tinyint", "80", -128],
    ["smallint", "8000", -32_768],
    ["int", "ffffffff", -1],
    ["bigint", "8000000000000000", -(2n ** 63n)],
    ["counter", "0000000000000005", 5n],
    ["varint", "00", 0n],
    ["varint", "ff", -1n],
    ["varint", "00ffffffffffffffffff", 2n ** 72n - 1n],
    ["decimal", "0000000296", BigDecimal.make(-106n, 2)],
    ["double", "8000000000000000", -0],
    ["double", "7ff0000000000000", Number.POSITIVE_INFINITY],
    ["float", "3f800000", 1],
    ["timestamp", "0000000000000001", new Date(1)],
    ["timestamp", "ffffffffffffffff", new Date(-1)],
    ["timestamp", "001eb208c2dc0000", new Date(8.64e15)],
    ["date", "80000000", "1970-01-01"],
    ["date", "00000000", "-5877641-06-23"],
    ["time", "00004e94914effff", 86_399_999_999_999n],
    ["uuid", "0da3b4d49a0a4f0e9d3c1234567890ab", "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"],
    ["inet", "0a000001", "10.0.0.1"],
    ["inet", "00000000000000000000000000000001", "::1"],
    ["duration", "020406", { months: 1, days: 2, nanoseconds: 3n }]
  ]
  for (const [name, digits, value] of cases) {
    it(`of the type ${name} is decoded: ${digits || "no bytes"}`, () => {
      assert.deepStrictEqual(decoded(scalar(name), hex(digits)), value)
    })
  }

  it("of no bytes is refused, unless no bytes are a value of its type", () => {
    const names = [
      "bigint",
      "boolean",
      "counter",
      "decimal",
      "double",
      "float",
      "int",
      "timestamp",
      "uuid",
      "varint",
      "timeuuid",
      "inet",
      "date",
      "time",
      "smallint",
      "tinyint",
      "duration"
    ] as const
    for (const name of names) {
      assert.strictEqual(
        refused(scalar(name)),
        `expected ${name}, got an empty value. Select ${name}AsBlob(...) of it.`
      )
    }
  })

  it("of the wrong length is refused", () => {
    assert.strictEqual(refused(scalar("int"), hex("000001")), "expected int of 4 bytes, got 3")
    assert.strictEqual(refused(scalar("boolean"), hex("0000")), "expected boolean of 1 byte, got 2")
    assert.match(refused(scalar("decimal"), hex("00000000")), /at least 5 bytes/)
    assert.match(refused(scalar("inet"), hex("0000")), /4 or 16 bytes/)
    assert.match(refused(scalar("duration"), hex("0204")), /months, days and nanoseconds/)
    assert.match(refused(scalar("duration"), hex("02040600")), /months, days and nanoseconds/)
  })

  it("beyond what a neutral value can hold is refused, with the way to read it", () => {
    assert.match(refused(scalar("timestamp"), hex("001eb208c2dc0001")), /timestampAsBlob/)
    assert.match(refused(scalar("timestamp"), hex("8000000000000000")), /timestampAsBlob/)
    assert.match(refused(scalar("time"), hex("4000000000000000")), /timeAsBlob/)
    assert.match(refused(scalar("time"), hex("ffffffffffffffff")), /timeAsBlob/)
    assert.match(refused(scalar("time"), hex("00004e94914f0000")), /timeAsBlob/)
  })

  it("that is no text is refused", () => {
    assert.match(refused(scalar("text"), hex("ff")), /not UTF-8/)
    assert.match(refused(scalar("ascii"), hex("80")), /above 127/)
  })

  it("of bytes has memory of its own", () => {
    const bytes = Buffer.from([1, 2, 3])
    const value = Result.getOrThrow(CqlType.decode(scalar("blob"), bytes))
    bytes.fill(0)
    assert.deepStrictEqual(value, Uint8Array.of(1, 2, 3))
    assert.strictEqual(Object.getPrototypeOf(value), Uint8Array.prototype)
  })
})

describe("a collection", () => {
  it("keeps its nulls where they are", () => {
    const one = cell(int(7))
    const none = cell(null)
    assert.deepStrictEqual(decoded(list(scalar("int")), int(3), one, none, one), [7, null, 7])
    assert.deepStrictEqual(decoded(list(scalar("int")), int(3), none, one, none), [null, 7, null])
    assert.deepStrictEqual(decoded(list(scalar("text")), int(2), cell(Buffer.from("x")), none), ["x", null])
    assert.deepStrictEqual(decoded(set(scalar("int")), int(2), one, none), new Set([7, null]))
    assert.deepStrictEqual(
      decoded(map(scalar("int"), scalar("int")), int(2), one, none, cell(int(8)), one),
      new Map([[7, null], [8, 7]])
    )
  })

  it("whose keys JavaScript cannot distinguish is refused", () => {
    const zero = cell(hex("0000000000000000"))
    const minus = cell(hex("8000000000000000"))
    const double = scalar("double")
    assert.match(refused(set(double), int(2), minus, zero), /cannot tell apart, such as -0 and 0/)
    assert.match(refused(set(double), int(1), minus), /cannot tell apart/)
    assert.match(refused(map(double, double), int(2), minus, zero, zero, zero), /cannot tell apart/)
    const float = scalar("float")
    assert.match(refused(set(float), int(2), cell(hex("80000000")), cell(hex("00000000"))), /set<float>/)
    assert.deepStrictEqual(decoded(set(double), int(1), zero), new Set([0]))
    assert.deepStrictEqual(decoded(list(double), int(2), minus, zero), [-0, 0])
    assert.deepStrictEqual(decoded(set(double), int(1), cell(hex("7ff8000000000000"))), new Set([Number.NaN]))
  })

  it("of lists as keys keeps each of them", () => {
    const key = cell(Buffer.concat([int(1), cell(int(1))]))
    const decodedMap = decoded(map(list(scalar("int")), scalar("int")), int(2), key, cell(int(1)), key, cell(int(2)))
    assert.strictEqual(decodedMap instanceof Map && decodedMap.size, 2)
  })

  it("that ends early, or goes on after its end, is refused", () => {
    const ints = list(scalar("int"))
    assert.match(refused(ints), /list<int>/)
    assert.match(refused(ints, int(2), cell(int(1))), /end within it/)
    assert.match(refused(ints, int(1), int(8), int(1)), /end within it/)
    assert.match(refused(ints, int(-1)), /end within it/)
    assert.match(refused(ints, int(2 ** 31 - 1)), /end within it/)
    assert.match(refused(ints, int(0), int(0)), /bytes after its end/)
    assert.match(refused(map(scalar("int"), scalar("int")), int(1), cell(int(1))), /end within it/)
  })
})

describe("a tuple or a user-defined type", () => {
  const tuple: CqlType.CqlType = { _tag: "Tuple", elements: [scalar("int"), scalar("text")] }

  it("that was written before its type got another field has null there", () => {
    assert.deepStrictEqual(decoded(tuple, cell(int(1))), [1, null])
    assert.deepStrictEqual(decoded(tuple), [null, null])
    assert.deepStrictEqual(decoded(udt, cell(Buffer.from("Main"))), { street: "Main", no: null })
  })

  it("with more than its type says is refused", () => {
    assert.match(refused(tuple, cell(int(1)), cell(Buffer.from("x")), cell(int(2))), /bytes after its end/)
    assert.match(refused(udt, cell(null), cell(null), int(-1)), /app.address/)
  })

  it("keeps the names that every object has", () => {
    const fields = ["constructor", "toString", "__columns"].map((name) => ({ name, type: scalar("int") }))
    assert.deepStrictEqual(
      Object.entries(decoded({ ...udt, fields } as CqlType.CqlType, cell(int(1)), cell(int(2)), cell(null)) as object),
      [["constructor", 1], ["toString", 2], ["__columns", null]]
    )
    const proto = { ...udt, fields: [{ name: "__proto__", type: scalar("int") }] } as CqlType.CqlType
    assert.match(refused(proto, cell(int(1))), /__proto__/)
  })
})

describe("a vector", () => {
  it("has its elements one after the other, with lengths where they differ", () => {
    assert.deepStrictEqual(decoded(vector(scalar("float"), 2), hex("3f80000040000000")), [1, 2])
    assert.deepStrictEqual(decoded(vector(scalar("text"), 2), hex("016100")), ["a", ""])
    assert.deepStrictEqual(decoded(vector(scalar("smallint"), 1), hex("020007")), [7])
    assert.deepStrictEqual(decoded(vector(vector(scalar("int"), 2), 1), int(1), int(2)), [[1, 2]])
    const long = "x".repeat(300)
    const encoded = Result.getOrThrow(CqlType.encode(vector(scalar("text"), 1), [long]))
    assert.deepStrictEqual(decoded(vector(scalar("text"), 1), encoded), [long])
  })

  it("of another number of elements is refused", () => {
    assert.match(refused(vector(scalar("float"), 2), hex("3f800000")), /vector<float, 2>, got 4 bytes/)
    assert.match(refused(vector(scalar("text"), 2), hex("0161")), /vector<text, 2>/)
    assert.match(refused(vector(scalar("text"), 1), hex("016161")), /vector<text, 1>/)
    assert.match(refused(vector(scalar("text"), 1), hex("ffffffffffffffffff")), /vector<text, 1>/)
    assert.match(refused(vector(scalar("text"), 2 ** 31), hex("00")), /vector/)
  })
})

describe("what was encoded", () => {
  const bytesOf = (name: CqlType.ScalarName, value: unknown): Uint8Array =>
    Result.getOrThrow(CqlType.encode(scalar(name), value))

  it.effect.prop(
    "comes back: integers of any size",
    [Schema.BigInt, Schema.Int],
    ([value, scale]) =>
      Effect.sync(() => {
        const whole = value * 2n ** BigInt(Math.abs(scale) % 200)
        assert.strictEqual(decoded(scalar("varint"), bytesOf("varint", whole)), whole)
        const decimal = BigDecimal.make(whole, scale | 0)
        assert.deepStrictEqual(decoded(scalar("decimal"), bytesOf("decimal", decimal)), decimal)
      }),
    { arbitrary: { runs: 500 } }
  )

  it.effect.prop(
    "comes back: durations",
    [Schema.Int, Schema.Int, Schema.BigInt, Schema.Boolean],
    ([m, d, n, minus]) =>
      Effect.sync(() => {
        const sign = minus ? -1 : 1
        const value = {
          months: sign * (Math.abs(m) % 2 ** 31) || 0,
          days: sign * (Math.abs(d) % 2 ** 31) || 0,
          nanoseconds: BigInt(sign) * BigInt.asUintN(63, n)
        }
        assert.deepStrictEqual(decoded(scalar("duration"), bytesOf("duration", value)), value)
      }),
    { arbitrary: { runs: 500 } }
  )

  it.effect.prop("comes back: texts", [Schema.String], ([value]) =>
    Effect.sync(() => {
      if (!value.isWellFormed()) return
      assert.strictEqual(decoded(scalar("text"), bytesOf("text", value)), value)
    }), { arbitrary: { runs: 500 } })

  it("has an IPv4 address in four bytes, in whatever form it was given", () => {
    for (const text of ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:a00:1"]) {
      assert.deepStrictEqual(Buffer.from(bytesOf("inet", text)), hex("0a000001"), text)
    }
    const addresses = map(scalar("inet"), scalar("int"))
    assert.isTrue(Result.isFailure(CqlType.encode(addresses, new Map([["10.0.0.1", 1], ["::ffff:10.0.0.1", 2]]))))
  })

  it("that throws when it is read is refused, and its error is not shown", () => {
    const detached = new Uint8Array(4)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    const throwing = new Proxy({}, {
      get: () => {
        throw new TypeError("secret")
      }
    })
    for (const [name, value] of [["blob", detached], ["duration", throwing]] as const) {
      const encoded = CqlType.encode(scalar(name), value)
      const { message } = Result.isFailure(encoded) ? encoded.failure : assert.fail(name)
      assert.match(message, new RegExp(`expected ${name}, got \\w+ that throws TypeError when it is read`))
      assert.notInclude(message, "secret")
    }
  })

  it("is what the driver reads", () => {
    const encoder = new Driver.types.Duration(1, 2, types.Long.fromNumber(3))
    assert.deepStrictEqual(decoded(scalar("duration"), encoder.toBuffer()), { months: 1, days: 2, nanoseconds: 3n })
  })
})

it("a class that is not known has bytes for values", () => {
  const type = CqlType.fromClassName("com.example.Shape")
  assert.strictEqual(CqlType.toText(type), "'com.example.Shape'")
  assert.deepStrictEqual(decoded(type, hex("0102")), Uint8Array.of(1, 2))
  assert.deepStrictEqual(decoded(type), new Uint8Array())
})

it("a class nested more deeply than any schema exhausts no stack", () => {
  const marshal = "org.apache.cassandra.db.marshal."
  const deep = `${marshal}ListType(`.repeat(100_000) + `${marshal}Int32Type` + ")".repeat(100_000)
  assert.strictEqual(CqlType.fromClassName(deep)._tag, "List")
})
