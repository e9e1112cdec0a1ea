/**
 * From the values of the driver to neutral ones.
 *
 * The driver decodes a column by its own options, which a client of the user's sets as it likes. So each conversion looks
 * at what it was given. Columns whose values are neutral already have no conversion at all.
 */
import { types } from "cassandra-driver"
import * as BigDecimal from "effect/BigDecimal"
import * as Calendar from "./calendar.ts"
import type { CqlType, ScalarName } from "./cqlType.ts"
import * as Inet from "./inet.ts"
import { Unreadable } from "./unreadable.ts"
import * as Varint from "./varint.ts"

/** Converts a value that is not null; absent where there is nothing to convert. */
export type Decode = ((value: unknown) => unknown) | undefined

/** A name under which the driver can keep a value. Throws {@link Unreadable} for the one under which it keeps none. */
export const readable = (name: string): string => {
  if (name !== "__proto__") return name
  throw new Unreadable(
    "the driver loses what stands under the name __proto__: select the column under another, with AS, or rename the field",
    name
  )
}

/** The conversion of a column. */
export const decoderOf = (type: CqlType): Decode => {
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name]
    case "List":
      return arrayOf(decoderOf(type.element))
    case "Set":
      return setOf(decoderOf(type.element))
    case "Map":
      return mapOf(decoderOf(type.key), decoderOf(type.value), fromProperty(type.key))
    case "Tuple": {
      const elements = type.elements.map(decoderOf)
      return (value) => elementsOf(value).map((element, index) => orNull(elements[index], element))
    }
    case "Udt": {
      const fields = type.fields.map((field) => [field.name, decoderOf(field.type)] as const)
      return (value) =>
        Object.fromEntries(
          fields.map(([name, decode]) => [readable(name), orNull(decode, fieldOf(Object(value), name))])
        )
    }
    case "Vector": {
      const element = decoderOf(type.element)
      return (value) => elementsOf(value).map((each) => orNull(element, each))
    }
    case "Custom":
      return bytes
  }
}

// Every object has a `constructor` and a `toString`, which are no fields of it unless they are its own.
const fieldOf = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

// A tuple or UDT that was written before a field was added ends early.
const orNull = (decode: Decode, value: unknown): unknown =>
  value === null || value === undefined ? null : decode === undefined ? value : decode(value)

// Blobs get memory of their own: a Buffer is a view of what the socket read, which it would keep alive, and its `slice`
// and `toString` are not those of a Uint8Array.
const bytes = (value: unknown): unknown => value instanceof Uint8Array ? new Uint8Array(value) : value

const bigint = (value: unknown): unknown => typeof value === "bigint" ? value : BigInt(String(value))

const uuid = (value: unknown): unknown => String(value)

const scalars: { readonly [Name in ScalarName]: Decode } = {
  ascii: undefined,
  bigint,
  blob: bytes,
  boolean: undefined,
  counter: bigint,
  decimal: (value) => {
    if (!(value instanceof types.BigDecimal)) return value
    const bytes = types.BigDecimal.toBuffer(value)
    return BigDecimal.make(Varint.fromBytes(bytes.subarray(4)), bytes.readInt32BE())
  },
  double: undefined,
  float: undefined,
  int: undefined,
  text: undefined,
  timestamp: (value) => {
    if (!(value instanceof Date) || !Number.isNaN(value.getTime())) return value
    throw new Unreadable("a timestamp beyond what a Date can hold: select blob_as_bigint(timestamp_as_blob(...)) of it")
  },
  uuid,
  varint: bigint,
  timeuuid: uuid,
  inet: (value) => value instanceof types.InetAddress ? Inet.toText(value.getBuffer()) : String(value),
  date: (value) =>
    value instanceof types.LocalDate ? Calendar.toText(value.toBuffer().readUInt32BE(0) - 2 ** 31) : value,
  time: (value) => value instanceof types.LocalTime ? bigint(value.getTotalNanoseconds()) : value,
  smallint: undefined,
  tinyint: undefined,
  duration: (value) => {
    const { days, months, nanoseconds } = value as { months: number; days: number; nanoseconds: unknown }
    return { months, days, nanoseconds: bigint(nanoseconds) }
  }
}

const elementsOf = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) ? value : Array.from((value as { readonly elements: ArrayLike<unknown> }).elements)

const arrayOf = (element: Decode): Decode =>
  element === undefined ? undefined : (value) => elementsOf(value).map((each) => orNull(element, each))

const setOf = (element: Decode): Decode => (value) => {
  if (element === undefined && value instanceof Set) return value
  if (Symbol.iterator in Object(value)) {
    return new Set(Array.from(value as Iterable<unknown>, (each) => orNull(element, each)))
  }
  throw new Unreadable(
    "the client gives sets of a class that cannot be iterated: give it the option `encoding: { set: Set }`"
  )
}

// Without `encoding.map` the driver makes an object of a map, whose keys are texts.
const mapOf = (key: Decode, value: Decode, property: (key: string) => unknown): Decode => (entries) => {
  if (!(entries instanceof Map)) {
    if (!isPlain(entries)) throw new Unreadable(needsMap)
    return new Map(Object.entries(Object(entries)).map(([name, each]) => [property(name), orNull(value, each)]))
  }
  if (key === undefined && value === undefined) return entries
  return new Map(Array.from(entries, ([name, each]) => [orNull(key, name), orNull(value, each)]))
}

const isPlain = (value: unknown): boolean => {
  const prototype: unknown = Object.getPrototypeOf(Object(value))
  return prototype === Object.prototype || prototype === null
}

const needsMap = "the client does not give this map as a Map: give it the option `encoding: { map: Map }`"

const fromProperty = (type: CqlType): (key: string) => unknown => {
  switch (type._tag === "Scalar" ? type.name : type._tag) {
    case "ascii":
    case "text":
    case "uuid":
    case "timeuuid":
      return (key) => key
    case "inet":
      return (key) => Inet.toText(Inet.toBytes(key) ?? new Uint8Array())
    case "tinyint":
    case "smallint":
    case "int":
    case "float":
    case "double":
      return Number
    case "bigint":
    case "varint":
      return BigInt
    case "boolean":
      return (key) => key === "true"
    default:
      return () => {
        throw new Unreadable(needsMap)
      }
  }
}
