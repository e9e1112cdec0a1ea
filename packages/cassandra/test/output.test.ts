import { assert, describe, it } from "@effect/vitest"
import type { CqlType } from "../src/values/cqlType.ts"
import { encoderOf } from "../src/values/encode.ts"
import { bytesOf } from "../src/values/encodeScalar.ts"
import { Output, shared } from "../src/values/output.ts"

describe("an output", () => {
  it("grows, keeps what is in it, and gives what is cut memory of its own", () => {
    const output = new Output()
    const long = "x".repeat(10_000)
    output.int(-2)
    output.text(long)
    const cut = output.cut(0)
    assert.deepStrictEqual(cut, Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xfe]), Buffer.from(long)]))
    output.text("y".repeat(10_000))
    assert.strictEqual(cut.subarray(4).toString(), long)
  })

  it("gives back what a large value needed", () => {
    const output = new Output()
    output.raw(new Uint8Array(1_000_000))
    output.cut(0)
    assert.isBelow(output.bytes.length, 100_000)
  })

  it("writes short and long texts of any characters as UTF-8", () => {
    for (
      const text of ["", "a", "ä", "aä€😀", "x".repeat(23) + "é", "x".repeat(24), "é".repeat(40), "\0\u007f\u0080"]
    ) {
      const output = new Output()
      output.text(text)
      assert.deepStrictEqual(output.cut(0), Buffer.from(text))
    }
  })
})

describe("values that encode others while they are read", () => {
  const int: CqlType = { _tag: "Scalar", name: "int" }
  const text: CqlType = { _tag: "Scalar", name: "text" }
  const pair: CqlType = {
    _tag: "Udt",
    keyspace: "app",
    name: "pair",
    fields: [{ name: "first", type: int }, { name: "second", type: text }]
  }
  const encode = encoderOf(pair)
  const plain = bytesOf(encode, { first: 1, second: "two" })

  it("are not mixed with them", () => {
    const nested = {
      first: 1,
      get second() {
        assert.deepStrictEqual(bytesOf(encode, { first: 1, second: "two" }), plain)
        bytesOf(encode, { first: 3, second: "x".repeat(5_000) })
        bytesOf(encode, { first: "no", second: "" })
        return "two"
      }
    }
    assert.deepStrictEqual(bytesOf(encode, nested), plain)
  })

  it("leave nothing behind when they throw", () => {
    const { at } = shared
    const throwing = {
      first: 1,
      get second(): string {
        throw new Error("no")
      }
    }
    assert.throws(() => bytesOf(encode, throwing))
    assert.strictEqual(shared.at, at)
    assert.deepStrictEqual(bytesOf(encode, { first: 1, second: "two" }), plain)
  })
})
