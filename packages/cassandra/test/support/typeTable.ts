import { BigDecimal } from "effect"

/** Numbers in [0, 1). */
export type Next = () => number

/** A value, and how it is written in CQL. */
export type Pair = readonly [value: unknown, literal: string]

/** Values of a type, by class. What a class has none of is absent. */
export interface TypeRow {
  readonly type: string
  readonly typical: Pair
  /** At the ends of the range, and what is special. */
  readonly boundary?: ReadonlyArray<Pair>
  readonly empty?: Pair
  readonly wrongKind: ReadonlyArray<unknown>
  /** Of the right kind, and yet no value of the type. */
  readonly outOfRange?: ReadonlyArray<unknown>
  readonly random: (next: Next) => unknown
  /** Whether it can be the key of a map and the element of a set. Default: yes. */
  readonly isKey?: boolean
  /** Whether it has to be frozen inside of others. Default: no. */
  readonly frozen?: boolean
}

const integer = (next: Next, bits: number): number => Math.floor((next() - 0.5) * 2 ** bits)
const bits = (next: Next, count: number): bigint => {
  let value = 0n
  for (let index = 0; index < count; index += 16) value = (value << 16n) | BigInt(Math.floor(next() * 65_536))
  return BigInt.asIntN(count, value)
}
const many = <A>(next: Next, most: number, make: () => A): Array<A> =>
  Array.from({ length: 1 + Math.floor(next() * most) }, make)
const bytes = (next: Next, length: number) => Uint8Array.from({ length }, () => Math.floor(next() * 256))
const hex = (next: Next, length: number) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join("")
const text = (next: Next) =>
  many(next, 20, () => String.fromCodePoint(0x20 + Math.floor(next() ** 4 * 0xd000))).join("")
const uuid = (next: Next, version: string) =>
  `${hex(next, 8)}-${hex(next, 4)}-${version}${hex(next, 3)}-8${hex(next, 3)}-${hex(next, 12)}`
const long = 2n ** 63n
const integers = (least: number, most: number): ReadonlyArray<Pair> =>
  [least, -1, 0, most].map((value) => [value, String(value)] as const)
const notWhole = [1.5, NaN, Infinity]

const plain: ReadonlyArray<TypeRow> = [
  {
    type: "ascii",
    typical: ["plain", "'plain'"],
    empty: ["", "''"],
    boundary: [["\u007f", "'\u007f'"]],
    wrongKind: [1, true, ["a"]],
    outOfRange: ["é"],
    random: (next) => many(next, 30, () => String.fromCharCode(Math.floor(next() * 128))).join("")
  },
  {
    type: "text",
    typical: ["naïve", "'naïve'"],
    empty: ["", "''"],
    boundary: [["👩‍🚀 it's", "'👩‍🚀 it''s'"]],
    wrongKind: [1, true, ["a"], new Date(0)],
    outOfRange: ["\ud800"],
    random: text
  },
  {
    type: "tinyint",
    typical: [7, "7"],
    boundary: integers(-128, 127),
    wrongKind: ["1", 1n, true],
    outOfRange: [128, -129, ...notWhole],
    random: (next) => integer(next, 8)
  },
  {
    type: "smallint",
    typical: [7, "7"],
    boundary: integers(-32_768, 32_767),
    wrongKind: ["1", 1n, true],
    outOfRange: [32_768, -32_769, ...notWhole],
    random: (next) => integer(next, 16)
  },
  {
    type: "int",
    typical: [7, "7"],
    boundary: integers(-2_147_483_648, 2_147_483_647),
    wrongKind: ["12", 1n, true, new Date(0)],
    outOfRange: [2_147_483_648, -2_147_483_649, ...notWhole],
    random: (next) => integer(next, 32)
  },
  {
    type: "bigint",
    typical: [7n, "7"],
    boundary: [-long, -1n, 0n, 2n ** 53n + 1n, long - 1n].map((value) => [value, String(value)] as const),
    wrongKind: ["1", true],
    outOfRange: [long, -long - 1n, 1.5, 2 ** 53],
    random: (next) => bits(next, 64)
  },
  {
    type: "varint",
    typical: [7n, "7"],
    boundary: [0n, -1n, 127n, 128n, -128n, -129n, 2n ** 200n].map((value) => [value, String(value)] as const),
    wrongKind: ["1", true],
    outOfRange: [1.5, 2 ** 53],
    random: (next) => bits(next, 16 * (1 + Math.floor(next() * 20)))
  },
  {
    type: "float",
    typical: [1.5, "1.5"],
    boundary: [[0, "0"], [3.4028234663852886e38, "3.4028235e38"], [Infinity, "Infinity"], [NaN, "NaN"]],
    wrongKind: ["1", 1n, true],
    outOfRange: [1e39],
    random: (next) => Math.fround((next() - 0.5) * 10 ** Math.floor(next() * 38))
  },
  {
    type: "double",
    typical: [1.5, "1.5"],
    boundary: [[0, "0"], [Number.MAX_VALUE, "1.7976931348623157e308"], [-Infinity, "-Infinity"], [NaN, "NaN"]],
    wrongKind: ["1", 1n, true],
    random: (next) => (next() - 0.5) * 10 ** Math.floor(next() * 300)
  },
  {
    type: "decimal",
    typical: [BigDecimal.fromStringUnsafe("-1.50"), "-1.50"],
    boundary: [
      [BigDecimal.make(0n, 0), "0"],
      [BigDecimal.fromStringUnsafe("12345678901234567890.123456789"), "12345678901234567890.123456789"]
    ],
    wrongKind: [1, "1.5", 1n],
    outOfRange: [BigDecimal.make(1n, 2 ** 31)],
    random: (next) => BigDecimal.make(bits(next, 96), integer(next, 8))
  },
  {
    type: "boolean",
    typical: [true, "true"],
    boundary: [[false, "false"]],
    wrongKind: [2, 0, "true"],
    random: (next) => next() < 0.5
  },
  {
    type: "blob",
    typical: [new Uint8Array([0, 255, 1]), "0x00ff01"],
    empty: [new Uint8Array(), "0x"],
    boundary: [[new Uint8Array(1_000).fill(7), `0x${"07".repeat(1_000)}`]],
    wrongKind: ["text", [1, 2], {}],
    random: (next) => bytes(next, Math.floor(next() * 100))
  },
  {
    type: "uuid",
    typical: ["0da3b4d4-9a0a-4f0e-9d3c-1234567890ab", "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"],
    boundary: [["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"]],
    wrongKind: [1, new Uint8Array(16)],
    outOfRange: ["", "0da3b4d4", "0da3b4d4-9a0a-4f0e-9d3c-1234567890aX"],
    random: (next) => uuid(next, "4")
  },
  {
    type: "timeuuid",
    typical: ["e3b2a3f0-5b1c-11ee-8c99-0242ac120002", "e3b2a3f0-5b1c-11ee-8c99-0242ac120002"],
    wrongKind: [1],
    outOfRange: ["0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"],
    random: (next) => uuid(next, "1")
  },
  {
    type: "inet",
    typical: ["127.0.0.1", "'127.0.0.1'"],
    boundary: [["255.255.255.255", "'255.255.255.255'"], ["::", "'::'"], ["2001:db8::1", "'2001:db8::1'"]],
    wrongKind: [1],
    outOfRange: ["", "256.0.0.1", "localhost", "fe80::1%eth0"],
    random: (next) => Array.from(bytes(next, 4)).join(".")
  },
  {
    type: "timestamp",
    typical: [new Date(1_700_000_000_000), "1700000000000"],
    boundary: [[new Date(0), "0"], [new Date(-1), "-1"], [new Date(253_402_300_799_999), "253402300799999"]],
    wrongKind: [0, "2024-01-01"],
    outOfRange: [new Date(NaN)],
    random: (next) => new Date(integer(next, 45))
  },
  {
    type: "date",
    typical: ["2024-02-29", "'2024-02-29'"],
    boundary: [["1970-01-01", "'1970-01-01'"], ["1969-12-31", "'1969-12-31'"], ["-5877641-06-23", "'-5877641-06-23'"]],
    wrongKind: [0, new Date(0)],
    outOfRange: ["", "2023-02-29", "2024-1-1", "+5881580-07-12"],
    random: (next) => new Date(integer(next, 42)).toISOString().slice(0, 10)
  },
  {
    type: "time",
    typical: [45_296_789_012_345n, "'12:34:56.789012345'"],
    boundary: [[0n, "'00:00:00'"], [86_399_999_999_999n, "'23:59:59.999999999'"]],
    wrongKind: [1, "12:00"],
    outOfRange: [-1n, 86_400_000_000_000n],
    random: (next) => BigInt(Math.floor(next() * 86_400_000_000_000))
  },
  {
    type: "duration",
    typical: [{ months: 1, days: 2, nanoseconds: 3_000_000_000n }, "1mo2d3s"],
    boundary: [[{ months: -1, days: -2, nanoseconds: -3n }, "-1mo2d3ns"]],
    wrongKind: ["1d", 1],
    outOfRange: [{ months: 1, days: -1, nanoseconds: 0n }, { months: 2 ** 31, days: 0, nanoseconds: 0n }],
    isKey: false,
    random: (next) => ({
      months: Math.floor(next() * 2 ** 31),
      days: Math.floor(next() * 2 ** 31),
      nanoseconds: BigInt(Math.floor(next() * 2 ** 60))
    })
  },
  {
    type: "list<int>",
    typical: [[1, 2, 2], "[1, 2, 2]"],
    wrongKind: [new Set([1]), "ab", { 0: 1 }, [[1]]],
    outOfRange: [[1.5], [null], [undefined]],
    frozen: true,
    random: (next) => many(next, 10, () => integer(next, 32))
  },
  {
    type: "set<text>",
    typical: [new Set(["a", "b"]), "{'a', 'b'}"],
    wrongKind: [["a"], {}, new Map()],
    outOfRange: [new Set([1]), new Set([null])],
    frozen: true,
    random: (next) => new Set(many(next, 5, () => hex(next, 6)).toSorted())
  },
  {
    type: "map<text, int>",
    typical: [new Map([["a", 1], ["b", 2]]), "{'a': 1, 'b': 2}"],
    wrongKind: [{ a: 1 }, [["a", 1]], new Set(["a"])],
    outOfRange: [new Map([["a", 1.5]]), new Map([[1, 1]]), new Map([["a", null]])],
    frozen: true,
    random: (next) => new Map(many(next, 5, () => hex(next, 6)).toSorted().map((key) => [key, integer(next, 32)]))
  },
  {
    type: "tuple<int, text>",
    typical: [[1, "a"], "(1, 'a')"],
    boundary: [[[1, null], "(1, null)"]],
    wrongKind: ["abc", { 0: 1 }],
    outOfRange: [[1], [1, "a", 2], ["1", "a"]],
    frozen: true,
    random: (next) => [integer(next, 32), text(next)]
  },
  {
    type: "address",
    typical: [{ street: "Main", number: 1 }, "{street: 'Main', number: 1}"],
    boundary: [[{ street: null, number: 1 }, "{street: null, number: 1}"]],
    wrongKind: [["Main"], new Map(), "Main"],
    outOfRange: [
      { strete: "Main", number: 1 },
      { street: 1, number: 1 },
      { number: 1 },
      { street: "Main", number: undefined }
    ],
    frozen: true,
    random: (next) => ({ street: text(next), number: integer(next, 32) })
  },
  {
    type: "vector<float, 2>",
    typical: [[1, 2.5], "[1, 2.5]"],
    wrongKind: ["ab", new Set([1, 2])],
    outOfRange: [[1], [1, 2, 3], [1, null], [1, 1e39]],
    frozen: true,
    random: (next) => [Math.fround(next()), Math.fround(next())]
  }
]

/** The same type frozen; with the empty value that it has then, where otherwise it is nothing. */
const frozen = (type: string, empty?: Pair): TypeRow => {
  const row = plain.find((row) => row.type === type)!
  return { ...row, type: `frozen<${type}>`, frozen: false, ...empty === undefined ? {} : { empty } }
}

/** The types of CQL, each with values of every class. */
export const typeTable: ReadonlyArray<TypeRow> = [
  ...plain,
  frozen("list<int>", [[], "[]"]),
  frozen("set<text>", [new Set(), "{}"]),
  frozen("map<text, int>", [new Map(), "{}"]),
  frozen("address")
]
