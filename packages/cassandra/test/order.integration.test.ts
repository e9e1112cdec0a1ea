import { Session, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { BigDecimal, Effect, Result } from "effect"
import * as CqlType from "../src/CqlType.ts"
import { scalar } from "./support/resultFrames.ts"

const keyspace = ownName("ordered")
const decimal = (text: string) => BigDecimal.fromStringUnsafe(text)
const uuids = [
  "00000000-0000-4000-8000-000000000001",
  "ffffffff-ffff-4fff-8fff-ffffffffffff",
  "80000000-0000-4000-8000-000000000000",
  "0da3b4d4-9a0a-1f0e-9d3c-1234567890ab",
  "fda3b4d4-9a0a-1f0d-9d3c-1234567890ab",
  "0da3b4d4-9a0a-3f0e-9d3c-1234567890ab",
  "0da3b4d4-9a0a-1f0e-8d3c-f234567890ab"
]
const timeuuids = [
  "0da3b4d4-9a0a-1f0e-9d3c-1234567890ab",
  "fda3b4d4-9a0a-1f0d-9d3c-1234567890ab",
  "0da3b4d4-9a0b-1f0e-9d3c-1234567890ab",
  "0da3b4d4-9a0a-1f0e-9d3c-f234567890ab",
  "0da3b4d4-9a0a-1f0e-3d3c-7f34567890ab"
]
const set = (element: CqlType.CqlType): CqlType.CqlType => ({ _tag: "Set", element })
const list = (element: CqlType.CqlType): CqlType.CqlType => ({ _tag: "List", element })
const tuple = (...elements: ReadonlyArray<CqlType.CqlType>): CqlType.CqlType => ({ _tag: "Tuple", elements })
const map = (key: CqlType.CqlType, value: CqlType.CqlType): CqlType.CqlType => ({ _tag: "Map", key, value })
const vector = (element: CqlType.CqlType): CqlType.CqlType => ({ _tag: "Vector", element, dimension: 2 })

/** Elements that are not given in their order. */
const elements: ReadonlyArray<readonly [type: CqlType.CqlType, values: ReadonlyArray<unknown>]> = [
  [scalar("ascii"), ["b", "", "a", "ab", "B"]],
  [scalar("text"), ["\u{1f600}", "\uffee", "ä", "b", "", "a"]],
  [scalar("blob"), [Uint8Array.of(255), Uint8Array.of(), Uint8Array.of(1, 2), Uint8Array.of(1), Uint8Array.of(127)]],
  [scalar("boolean"), [true, false]],
  [scalar("int"), [1, -1, 0, 2 ** 31 - 1, -(2 ** 31), 256, 255]],
  [scalar("smallint"), [1, -1, 0, 256, 255, -32_768]],
  [scalar("tinyint"), [1, -1, 0, -128, 127]],
  [scalar("bigint"), [1n, -1n, 0n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n]],
  [scalar("varint"), [1n, -1n, 0n, 2n ** 100n, -(2n ** 100n), 128n, -129n, 255n, 256n]],
  [scalar("decimal"), ["1.5", "-1.5", "0", "15", "1e100", "-1e100", "1e-100", "1.49", "150e-1", "9.99"].map(decimal)],
  [scalar("float"), [1.5, NaN, -1.5, 0, Infinity, -Infinity]],
  [scalar("double"), [1.5, NaN, -1.5, 0, Infinity, -Infinity, 1e-300]],
  [scalar("timestamp"), [new Date(1), new Date(-1), new Date(0), new Date(8.64e15)]],
  [scalar("date"), ["1970-01-01", "1969-12-31", "-5877641-06-23", "+5881580-07-11"]],
  [scalar("time"), [1n, 0n, 86_399_999_999_999n, 256n, 255n]],
  [scalar("uuid"), uuids],
  [scalar("timeuuid"), timeuuids],
  [scalar("inet"), ["10.0.0.2", "::1", "10.0.0.1", "fe80::1", "200.0.0.1"]],
  [list(scalar("int")), [[2], [1, 2], [1], [], [-1, 5]]],
  [set(scalar("text")), [new Set(["b", "a"]), new Set(["a"]), new Set(), new Set(["a", "c"])]],
  [map(scalar("int"), scalar("text")), [new Map([[2, "a"], [1, "b"]]), new Map([[1, "a"]]), new Map([[1, "b"]])]],
  [tuple(scalar("int"), scalar("text")), [[1, "b"], [1, "a"], [null, "z"], [1, null], [-1, null]]]
]
// Vectors came with Cassandra 5.
const ofVectors: typeof elements = [
  [vector(scalar("int")), [[1, 2], [1, -1], [-5, 0]]],
  [vector(scalar("text")), [["b", "a"], ["a", "longer"], ["a", "b"], ["", ""]]]
]

integration("sets and maps", (server) => {
  const hasVectors = Number.parseInt(server.version, 10) >= 5
  const types = hasVectors ? [...elements, ...ofVectors] : elements
  layer(
    withKeyspace(keyspace, `CREATE TYPE ${keyspace}.tags (a frozen<set<text>>, b frozen<map<int, int>>)`),
    { excludeTestServices: true, timeout: 60_000 }
  )((it) => {
    it.effect("are written in the order of the server, whatever their elements are", () =>
      Effect.gen(function*() {
        const columns = types.map(([type], index) => `s${index} frozen<set<${frozen(type)}>>`)
        yield* Statement.make(`CREATE TABLE ${keyspace}.sets (k int PRIMARY KEY, ${columns.join(", ")})`)
        for (const [index, [element, values]] of types.entries()) {
          yield* Statement.make(`INSERT INTO ${keyspace}.sets (k, s${index}) VALUES (1, ?)`, [new Set(values)])
          const { rows } = yield* Statement.make(`SELECT s${index} AS s FROM ${keyspace}.sets WHERE k = 1`)
          const bytes = Result.getOrThrow(CqlType.encode(set(element), new Set(values)))
          const own = Result.getOrThrow(CqlType.decode(set(element), bytes))
          assert.deepStrictEqual(rows.map(({ s }) => listOf(s)), [listOf(own)], CqlType.toText(element))
        }
      }), 60_000)

    it.effect(
      "within tuples, user-defined types and vectors are one key, in whichever order they are given",
      () =>
        Effect.gen(function*() {
          const tags = (...texts: ReadonlyArray<string>) => ({
            a: new Set(texts),
            b: new Map(texts.map((text) => [text.length, 0]))
          })
          const cases: ReadonlyArray<readonly [type: string, value: unknown, other: unknown, literal: string]> = [
            ["tuple<frozen<set<int>>, int>", [new Set([2, -1]), 5], [new Set([-1, 2]), 5], "({-1, 2}, 5)"],
            [`frozen<${keyspace}.tags>`, tags("bb", "a"), tags("a", "bb"), "{a: {'a', 'bb'}, b: {1: 0, 2: 0}}"],
            ["tuple<tuple<frozen<set<int>>>>", [[new Set([2, 1])]], [[new Set([1, 2])]], "(({1, 2}))"],
            // Two texts of one uuid, and two numbers that are one.
            [
              "tuple<frozen<set<uuid>>>",
              [new Set([uuids[1]!, uuids[0]!, uuids[1]!.toUpperCase()])],
              [new Set([uuids[0]!, uuids[1]!])],
              `({${uuids[1]}, ${uuids[0]}})`
            ],
            [
              "tuple<frozen<set<decimal>>>",
              [new Set(["1.50", "1.5"].map(decimal))],
              [new Set([decimal("1.50")])],
              "({1.50})"
            ]
          ]
          for (const [index, [type, value, other, literal]] of cases.entries()) {
            const table = `${keyspace}.keys${index}`
            yield* Statement.make(`CREATE TABLE ${table} (k ${type} PRIMARY KEY, v int)`)
            for (const [v, key] of [value, other].entries()) {
              yield* Statement.make(`INSERT INTO ${table} (k, v) VALUES (?, ?)`, [key, v])
            }
            yield* Statement.make(`INSERT INTO ${table} (k, v) VALUES (${literal}, 2)`)
            assert.deepStrictEqual((yield* Statement.make(`SELECT v FROM ${table}`)).rows, [{ v: 2 }], type)
            const { rows } = yield* Statement.make(`SELECT v FROM ${table} WHERE k = ?`, [value])
            assert.deepStrictEqual(rows, [{ v: 2 }], type)
          }
        }),
      60_000
    )

    it.effect("are the same value to a condition, in whichever order they are given", () =>
      Effect.gen(function*() {
        const table = `${keyspace}.conditions`
        yield* Statement.make(`CREATE TABLE ${table} (k int PRIMARY KEY, v frozen<${keyspace}.tags>)`)
        yield* Statement.make(`INSERT INTO ${table} (k, v) VALUES (1, ?)`, [{ a: new Set(["b", "a"]), b: null }])
        const { wasApplied } = yield* Statement.make(`UPDATE ${table} SET v = null WHERE k = 1 IF v = ?`, [
          { a: new Set(["a", "b"]), b: null }
        ])
        assert.isTrue(wasApplied)
      }))

    it.effect("of a partition key give the token of the server", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const table = `${keyspace}.partitions`
        yield* Statement.make(`CREATE TABLE ${table} (k frozen<set<int>> PRIMARY KEY)`)
        const insert = Statement.make(`INSERT INTO ${table} (k) VALUES (?)`, [new Set([3, -1, 2])])
        yield* insert
        const { first } = yield* Statement.make(`SELECT token(k) AS t FROM ${table}`)
        assert.strictEqual((yield* session.partition(insert))?.token, first?.["t"])
      }))
  })
})

const listOf = (value: unknown) => value instanceof Set ? [...value] : assert.fail("it is no Set")

const frozen = (type: CqlType.CqlType): string => {
  const text = CqlType.toText(type)
  return type._tag === "Scalar" || type._tag === "Vector" ? text : `frozen<${text}>`
}
