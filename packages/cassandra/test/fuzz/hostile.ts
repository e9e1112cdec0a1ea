/** Random types, and bytes for them: right ones, and such as no server should send. */
import { BigDecimal, Result } from "effect"
import * as CqlType from "../../src/CqlType.ts"
import { scalar } from "../support/resultFrames.ts"

/** Draws integers from a seed. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** At least 0, below `limit`. */
  below(limit: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000 * limit)
  }

  one<A>(values: ReadonlyArray<A>): A {
    return values[this.below(values.length)]!
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }
}

/** All types without a structure. */
export const names: ReadonlyArray<CqlType.ScalarName> = [
  "ascii",
  "bigint",
  "blob",
  "boolean",
  "counter",
  "date",
  "decimal",
  "double",
  "duration",
  "float",
  "inet",
  "int",
  "smallint",
  "text",
  "time",
  "timestamp",
  "timeuuid",
  "tinyint",
  "uuid",
  "varint"
]

/** The kinds of types. A run covers each of them. */
export const kinds = ["Scalar", "List", "Set", "Map", "Tuple", "Udt", "Vector", "Custom"] as const

const inVectors: ReadonlyArray<CqlType.ScalarName> = ["bigint", "double", "float", "int", "text", "smallint", "uuid"]

export const randomType = (dice: Dice, kind: typeof kinds[number] = dice.one(kinds), depth = 0): CqlType.CqlType => {
  const inner = () => depth > 1 ? scalar(dice.one(names)) : randomType(dice, undefined, depth + 1)
  switch (kind) {
    case "Scalar":
      return scalar(dice.one(names))
    case "List":
    case "Set":
      return { _tag: kind, element: inner() }
    case "Map":
      return { _tag: "Map", key: inner(), value: inner() }
    case "Tuple":
      return { _tag: "Tuple", elements: Array.from({ length: 1 + dice.below(3) }, inner) }
    case "Udt": {
      const fields = Array.from({ length: 1 + dice.below(3) }, (_, at) => ({ name: `f${at}`, type: inner() }))
      return { _tag: "Udt", keyspace: "app", name: "udt", fields }
    }
    case "Vector":
      return { _tag: "Vector", element: scalar(dice.one(inVectors)), dimension: 1 + dice.below(4) }
    case "Custom":
      return { _tag: "Custom", className: "com.example.Shape" }
  }
}

/** A value of a type. */
export const randomValue = (dice: Dice, type: CqlType.CqlType): unknown => {
  const some = <A>(make: () => A): Array<A> => Array.from({ length: dice.below(4) }, make)
  switch (type._tag) {
    case "Scalar":
      return scalarValue(dice, type.name)
    case "List":
      return some(() => randomValue(dice, type.element))
    case "Set":
      return new Set(some(() => randomValue(dice, type.element)))
    case "Map":
      return new Map(some(() => [randomValue(dice, type.key), randomValue(dice, type.value)]))
    case "Tuple":
      return type.elements.map((element) => dice.below(4) === 0 ? null : randomValue(dice, element))
    case "Udt":
      return Object.fromEntries(type.fields.map(({ name, type }) => [name, randomValue(dice, type)]))
    case "Vector":
      return Array.from({ length: type.dimension }, () => randomValue(dice, type.element))
    case "Custom":
      return new Uint8Array(dice.bytes(dice.below(9)))
  }
}

const scalarValue = (dice: Dice, name: CqlType.ScalarName): unknown => {
  const long = () => dice.bytes(8).readBigInt64BE()
  switch (name) {
    case "ascii":
      return String.fromCharCode(...Array.from({ length: dice.below(6) }, () => dice.below(128)))
    case "text":
      return String.fromCharCode(...Array.from({ length: dice.below(6) }, () => dice.below(0xd000)))
    case "bigint":
    case "counter":
      return long()
    case "varint":
      return long() << BigInt(dice.below(90))
    case "blob":
      return new Uint8Array(dice.bytes(dice.below(20)))
    case "boolean":
      return dice.below(2) === 1
    case "date":
      return dice.one(["2026-11-28", "1970-01-01", "0001-02-03", "-0044-03-15"])
    case "decimal":
      return BigDecimal.make(long(), dice.below(100) - 50)
    case "double":
      return dice.below(1_000_000) / 7
    case "float":
      return Math.fround(dice.below(1_000_000) / 7)
    case "duration":
      return { months: dice.below(20), days: dice.below(99), nanoseconds: BigInt(dice.below(1_000_000)) }
    case "inet":
      return dice.one(["10.0.0.1", "::1", "2001:db8::2"])
    case "int":
      return dice.bytes(4).readInt32BE()
    case "smallint":
      return dice.bytes(2).readInt16BE()
    case "tinyint":
      return dice.bytes(1).readInt8()
    case "time":
      return BigInt(dice.below(86_400)) * 1_000_000_000n
    case "timestamp":
      return new Date(dice.below(2 ** 31) * 1_000)
    case "timeuuid":
      return "50554d6e-29bb-11e5-b345-feff819cdc9f"
    case "uuid":
      return "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"
  }
}

/** A cell that is right, and the value that it holds; undefined where the draw has no bytes, as a Map with one key twice. */
export const rightCell = (dice: Dice, type: CqlType.CqlType): Uint8Array | undefined =>
  Result.getOrUndefined(CqlType.encode(type, randomValue(dice, type)))

/** A cell that may be anything: random, cut, lengthened, or with a byte or a length changed. */
export const hostileCell = (dice: Dice, type: CqlType.CqlType): Uint8Array => {
  const right = Buffer.from(rightCell(dice, type) ?? dice.bytes(dice.below(40)))
  switch (dice.below(6)) {
    case 0:
      return dice.bytes(dice.below(40))
    case 1:
      return right.subarray(0, dice.below(right.length + 1))
    case 2:
      return Buffer.concat([right, dice.bytes(1 + dice.below(9))])
    case 3:
      if (right.length > 0) right[dice.below(right.length)] = dice.below(256)
      return right
    case 4:
      if (right.length >= 4) {
        right.writeInt32BE(dice.one([-1, -2, 0x7fffffff, -0x80000000, right.length]), dice.below(right.length - 3))
      }
      return right
    default:
      return Buffer.alloc(0)
  }
}
