import { Query, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, reasonOf, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { BigDecimal, Effect } from "effect"

const keyspace = ownName("values")
const uuid = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
const timeuuid = "e3b2a3f0-5b1c-11ee-8c99-0242ac120002"
const decimal = (text: string) => BigDecimal.fromStringUnsafe(text)

/** Each type with values that must come back as they went in. */
const roundTrips: ReadonlyArray<readonly [type: string, values: ReadonlyArray<unknown>]> = [
  ["ascii", ["", "plain", "\u0000\u007f"]],
  ["text", ["", "naïve", "日本語", "👩‍🚀", "a".repeat(70_000), "'; DROP TABLE x"]],
  ["tinyint", [-128, -1, 0, 127]],
  ["smallint", [-32_768, -1, 0, 32_767]],
  ["int", [-2_147_483_648, -1, 0, 2_147_483_647]],
  ["bigint", [-(2n ** 63n), -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n]],
  ["varint", [0n, -1n, 127n, 128n, -128n, -129n, 255n, 256n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 200n, -(2n ** 200n)]],
  ["float", [0, -1.5, Math.fround(0.1), 3.4028234663852886e38, Infinity, -Infinity, NaN]],
  ["double", [0, -1.5, 0.1, Number.MAX_VALUE, Number.MIN_VALUE, Infinity, NaN]],
  ["decimal", [decimal("0"), decimal("-1.50"), decimal("12345678901234567890.123456789"), BigDecimal.make(7n, -3)]],
  ["boolean", [true, false]],
  ["blob", [new Uint8Array(), new Uint8Array([0, 255, 1]), new Uint8Array(10_000).fill(7)]],
  ["uuid", [uuid, "00000000-0000-0000-0000-000000000000"]],
  ["timeuuid", [timeuuid]],
  ["inet", ["127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::ff00:42:8329", "1:0:0:2::3", "fe80::1:0:0:1"]],
  ["timestamp", [
    new Date(0),
    new Date(-1),
    new Date("2024-02-29T12:34:56.789Z"),
    new Date(8.64e15),
    new Date(-8.64e15)
  ]],
  ["date", [
    "1970-01-01",
    "1969-12-31",
    "2024-02-29",
    "0001-01-01",
    "0000-03-01",
    "-0044-03-15",
    "9999-12-31",
    "+10000-01-01",
    "+5881580-07-11",
    "-5877641-06-23"
  ]],
  ["time", [0n, 1n, 86_399_999_999_999n]],
  ["duration", [
    { months: 0, days: 0, nanoseconds: 0n },
    { months: 1, days: 2, nanoseconds: 3_000_000_000n },
    { months: -1, days: -2, nanoseconds: -3n },
    { months: 2_147_483_647, days: 2_147_483_647, nanoseconds: 2n ** 63n - 1n },
    { months: -2_147_483_648, days: 0, nanoseconds: -(2n ** 63n) }
  ]],
  ["list<int>", [[1, 2, 2]]],
  ["list<bigint>", [[1n, -1n]]],
  ["set<text>", [new Set(["a", "b"])]],
  ["set<uuid>", [new Set([uuid])]],
  ["map<text, int>", [new Map([["a", 1], ["b", 2]])]],
  ["map<timestamp, frozen<list<decimal>>>", [new Map([[new Date(5), [decimal("1.5")]]])]],
  ["map<int, blob>", [new Map([[1, new Uint8Array([1])]])]],
  ["frozen<list<frozen<set<inet>>>>", [[new Set(["::1"]), new Set()]]],
  ["frozen<map<uuid, frozen<map<text, time>>>>", [new Map([[uuid, new Map([["a", 1n]])]])]],
  ["frozen<list<text>>", [[], [""]]],
  ["tuple<int, text, bigint>", [[1, "a", 2n], [1, null, null]]],
  ["tuple<uuid, frozen<list<date>>>", [[uuid, ["2024-02-29"]]]],
  ["address", [{ street: "Main", number: 1, tags: new Set(["a"]) }, { street: null, number: 2, tags: null }]],
  ["frozen<list<frozen<address>>>", [[{ street: "Main", number: 1, tags: null }]]]
]

const vectors: ReadonlyArray<readonly [type: string, values: ReadonlyArray<unknown>]> = [
  ["vector<float, 3>", [[1, 2.5, -3]]],
  ["vector<bigint, 2>", [[1n, -1n]]],
  ["vector<smallint, 2>", [[1, -1]]],
  ["vector<text, 2>", [["a", "b".repeat(300)]]],
  ["vector<uuid, 1>", [[uuid]]],
  ["vector<frozen<list<int>>, 2>", [[[1], [2, 3]]]],
  ["vector<vector<float, 2>, 2>", [[[1, 2], [3, 4]]]]
]

/** Each type with values that must be refused before they are sent. */
const refusals: ReadonlyArray<readonly [type: string, values: ReadonlyArray<unknown>]> = [
  ["ascii", ["é", 1]],
  ["text", [1, true, "\ud800", ["a"], new Date()]],
  ["tinyint", [128, -129, 1.5, "1", 1n, true, NaN]],
  ["smallint", [32_768, 1.5, "1"]],
  ["int", [2_147_483_648, 1.5, "12", 1n, true, new Date(), NaN, Infinity]],
  ["bigint", [2n ** 63n, -(2n ** 63n) - 1n, 1.5, 2 ** 53, "1", true]],
  ["varint", [1.5, "1"]],
  ["float", ["1", 1e39, 1n]],
  ["double", ["1", 1n, true]],
  ["decimal", [1, "1.5", 1n]],
  ["boolean", [2, 0, "true"]],
  ["blob", ["text", [1, 2], {}]],
  ["uuid", ["0da3b4d4", "0da3b4d4-9a0a-4f0e-9d3c-1234567890aX", `${uuid} `, "0da3b4d49a0a-4f0e-9d3c-1234567890ab-", 1]],
  ["timeuuid", [uuid]],
  ["inet", ["256.0.0.1", "localhost", "fe80::1%eth0", ""]],
  ["timestamp", [0, "2024-01-01", new Date(NaN)]],
  ["date", ["2023-02-29", "2024-1-1", "+5881580-07-12", 0, new Date()]],
  ["time", [-1n, 86_400_000_000_000n, 1, "12:00"]],
  ["duration", ["1d", { months: 1, days: -1, nanoseconds: 0n }, { months: 1.5, days: 0, nanoseconds: 0n }, {
    months: 1
  }]],
  ["list<int>", [[1, "2"], [null], [undefined], new Set([1]), "ab"]],
  ["set<text>", [["a"], new Set([1]), {}]],
  ["map<text, int>", [{ a: 1 }, new Map([["a", "b"]]), new Map([[1, 1]]), new Map([["a", null]])]],
  ["tuple<int, text, bigint>", [[1, "a"], [1, 2, 3n], "abc"]],
  ["address", [{ street: 1 }, { strete: "Main" }, ["Main"], new Map()]]
]

const vectorRefusals: ReadonlyArray<readonly [type: string, values: ReadonlyArray<unknown>]> = [
  ["vector<float, 3>", [[1, 2], [1, 2, "3"], "abc", [1, 2, null]]]
]

integration("values", (server) => {
  // Vectors came with Cassandra 5.
  const hasVectors = Number.parseInt(server.version, 10) >= 5
  const columns = [...roundTrips, ...(hasVectors ? vectors : [])]
  const names = new Map(columns.map(([type], index) => [type, `c${index}`]))
  const table = `CREATE TABLE ${keyspace}.t (id int PRIMARY KEY, ${
    columns.map(([type]) => `${names.get(type)} ${type}`).join(", ")
  })`
  const type = `CREATE TYPE ${keyspace}.address (street text, number int, tags frozen<set<text>>)`

  layer(withKeyspace(keyspace, type, table), { excludeTestServices: true })((it) => {
    const insert = (type: string) => Query.make(`INSERT INTO ${keyspace}.t (id, ${names.get(type)}) VALUES (?, ?)`)
    const select = (type: string, id: number) =>
      Statement.make(`SELECT ${names.get(type)} AS value FROM ${keyspace}.t WHERE id = ?`, [id])

    for (const [type, values] of columns) {
      it.effect(`${type}: comes back as it went in`, () =>
        Effect.gen(function*() {
          for (const [id, value] of values.entries()) {
            yield* insert(type)(id, value)
            const result = yield* select(type, id)
            assert.deepStrictEqual(result.rows, [{ value }])
            assert.strictEqual(kindOf(result.first!["value"]), kindOf(value))
          }
          yield* insert(type)(0, null)
          assert.deepStrictEqual((yield* select(type, 0)).rows, [{ value: null }])
        }))
    }

    for (const [type, values] of [...refusals, ...(hasVectors ? vectorRefusals : [])]) {
      it.effect(`${type}: what does not fit is refused`, () =>
        Effect.gen(function*() {
          for (const value of [...values, undefined, () => {}, Symbol("a")]) {
            const reason = yield* reasonOf(insert(type)(0, value))
            assert.strictEqual(reason._tag, "ParametersRefused", String(value))
            // Of undefined the core says so, before anybody looks at the column.
            if (value === undefined) continue
            assert.deepInclude(reason, { parameter: 1, column: names.get(type), cause: undefined })
          }
        }))
    }

    it.effect("a safe integer is taken for a bigint, without loss", () =>
      Effect.gen(function*() {
        yield* insert("bigint")(100, Number.MAX_SAFE_INTEGER)
        assert.deepStrictEqual((yield* select("bigint", 100)).first, { value: BigInt(Number.MAX_SAFE_INTEGER) })
      }))

    it.effect("any view of bytes is taken for a blob, which comes back as a Uint8Array of its own memory", () =>
      Effect.gen(function*() {
        const bytes = new Uint8Array([9, 1, 2, 3, 9])
        for (
          const view of [
            bytes.subarray(1, 4),
            Buffer.from([1, 2, 3]),
            new DataView(bytes.buffer, 1, 3),
            bytes.buffer.slice(1, 4)
          ]
        ) {
          yield* insert("blob")(101, view)
          const value = (yield* select("blob", 101)).first!["value"]
          assert.deepStrictEqual(value, new Uint8Array([1, 2, 3]))
          assert.strictEqual(Object.getPrototypeOf(value), Uint8Array.prototype)
          assert.strictEqual(value instanceof Uint8Array && value.buffer.byteLength, 3)
        }
      }))

    it.effect("unset leaves a column alone, and null deletes its value", () =>
      Effect.gen(function*() {
        yield* insert("text")(102, "ada")
        yield* insert("text")(102, Statement.unset)
        assert.deepStrictEqual((yield* select("text", 102)).first, { value: "ada" })
        yield* insert("text")(102, null)
        assert.deepStrictEqual((yield* select("text", 102)).first, { value: null })
      }))

    it.effect("an empty collection that is not frozen is null", () =>
      Effect.gen(function*() {
        yield* insert("set<text>")(103, new Set())
        assert.deepStrictEqual((yield* select("set<text>", 103)).first, { value: null })
      }))

    it.effect("columns report their types in CQL", () =>
      Effect.gen(function*() {
        const result = yield* Statement.make(
          `SELECT ${columns.map(([type]) => names.get(type)).join(", ")} FROM ${keyspace}.t`
        )
        const reported = new Map(result.columns?.map(({ name, type }) => [name, type]))
        for (const [type] of columns) {
          assert.strictEqual(reported.get(names.get(type)!), thaw(type).replace("address", `${keyspace}.address`), type)
        }
      }))
  })
})

/** Removes `frozen`, because columns report a frozen type like any other. */
const thaw = (type: string): string => {
  const start = type.indexOf("frozen<")
  if (start < 0) return type
  const inside = start + "frozen<".length
  let end = inside
  for (let depth = 1; depth > 0; end++) depth += type[end] === "<" ? 1 : type[end] === ">" ? -1 : 0
  return thaw(type.slice(0, start) + type.slice(inside, end - 1) + type.slice(end))
}

const kindOf = (value: unknown) => Object.prototype.toString.call(value)
