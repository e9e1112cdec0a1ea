/**
 * From neutral values to the bytes of a type.
 *
 * The driver would encode by itself, but it takes 1.5 for an int, "12" for a number and 2 for true, it depends on options of the
 * client, and it quotes the values that it refuses. Here a value fits its type or is refused, and only its kind is named.
 */
import { kindOf } from "@effect-cql/core/Port"
import { type CqlType, type Field, isFixed, toText } from "./cqlType.ts"
import { bytesOf, type Encode, Refusal, scalars } from "./encodeScalar.ts"
import { Entries } from "./entries.ts"
import { orderOf } from "./order.ts"
import { nullLength, type Output } from "./output.ts"
import { isMap, isSet } from "./realm.ts"
import * as Varint from "./varint.ts"

/** The encoding of a type. */
export const encoderOf = (type: CqlType): Encode => {
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name]
    case "List":
      return listOf(type)
    case "Set":
      return setOf(type)
    case "Map":
      return mapOf(type, `${toText(type)}, a Map`)
    case "Tuple":
      return tupleOf(type.elements.map(encoderOf), `${toText(type)}, an Array of ${type.elements.length}`)
    case "Udt":
      return udtOf(type.fields, `${toText(type)}, a record of its fields`)
    case "Vector":
      return vectorOf(type)
    case "Custom":
      return scalars.blob
  }
}

/** Writes a value with its length in front, or refuses it. */
export const sized = (encode: Encode, value: unknown, output: Output): Refusal | undefined => {
  const at = output.take(4)
  const refusal = encode(value, output)
  if (refusal === undefined) output.intAt(at, output.at - at - 4)
  return refusal
}

type Sequence = CqlType & { readonly _tag: "List" | "Set" }

const listOf = (type: Sequence): Encode => {
  const element = encoderOf(type.element)
  return (value, output) => {
    if (!Array.isArray(value)) return new Refusal(`${toText(type)}, an Array`, kindOf(value))
    const elements = Array.from(value as ReadonlyArray<unknown>)
    output.int(elements.length)
    for (const [index, each] of elements.entries()) {
      const refusal = sized(element, each, output)
      if (refusal !== undefined) return refusal.within(`[${index}]`)
    }
    return undefined
  }
}

const setOf = (type: Sequence): Encode => {
  const element = encoderOf(type.element)
  const order = orderOf(type.element)
  return (value, output) => {
    if (!isSet(value)) return new Refusal(`${toText(type)}, a Set`, kindOf(value))
    const entries = new Entries(output, order)
    let index = 0
    for (const each of value) {
      const start = output.at
      const refusal = sized(element, each, output)
      if (refusal !== undefined) return refusal.within(`[${index}]`)
      entries.add(start)
      index++
    }
    // Two elements that are one to the server are one.
    entries.finish()
    return undefined
  }
}

const mapOf = (type: CqlType & { readonly _tag: "Map" }, expected: string): Encode => {
  const encodeKey = encoderOf(type.key)
  const encodeValue = encoderOf(type.value)
  const order = orderOf(type.key)
  return (map, output) => {
    if (!isMap(map)) return new Refusal(expected, kindOf(map))
    const entries = new Entries(output, order)
    let index = 0
    for (const [key, value] of map) {
      const start = output.at
      const badKey = sized(encodeKey, key, output)
      if (badKey !== undefined) return badKey.within(` key ${index}`)
      entries.add(start)
      const badValue = sized(encodeValue, value, output)
      // The key may be as secret as the value.
      if (badValue !== undefined) return badValue.within(` value ${index}`)
      index++
    }
    // Two keys of a Map may be one key to the server, which would keep one of the two values.
    const twice = entries.finish()
    return twice === undefined ? undefined : new Refusal(expected, "a Map with the same key twice", ` key ${twice}`)
  }
}

const tupleOf = (elements: ReadonlyArray<Encode>, expected: string): Encode => (value, output) => {
  if (!Array.isArray(value) || value.length !== elements.length) {
    return new Refusal(expected, Array.isArray(value) ? `an Array of ${value.length}` : kindOf(value))
  }
  for (const [index, encode] of elements.entries()) {
    if (value[index] === null) {
      output.int(nullLength)
      continue
    }
    const refusal = sized(encode, value[index], output)
    if (refusal !== undefined) return refusal.within(`[${index}]`)
  }
  return undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(Symbol.iterator in value)

const udtOf = (fields: ReadonlyArray<Field>, expected: string): Encode => {
  // Every record has a `constructor`, a `toString` and their like, which are no fields of it unless they are its own.
  const encoders = fields.map(({ name, type }) => ({
    name,
    encode: encoderOf(type),
    expected: `${toText(type)}, or null for none`,
    isInherited: name in {}
  }))
  const names = new Set(fields.map(({ name }) => name))
  return (value, output) => {
    if (!isRecord(value)) return new Refusal(expected, kindOf(value))
    const keys = Object.keys(value)
    const stray = keys.find((key) => !names.has(key))
    if (stray !== undefined) {
      // If no key is a field, the record may have been meant as a map, whose keys are data.
      const shown = keys.some((key) => names.has(key)) ? stray : "<key>"
      return new Refusal(expected, "a record with another field", `.${shown}`)
    }
    for (const { encode, expected, isInherited, name } of encoders) {
      const field = isInherited && !Object.hasOwn(value, name) ? undefined : value[name]
      if (field === null) {
        output.int(nullLength)
        continue
      }
      // A record is written whole: what it does not mention would be lost.
      if (field === undefined) return new Refusal(expected, "a record without this field", `.${name}`)
      const refusal = sized(encode, field, output)
      if (refusal !== undefined) return refusal.within(`.${name}`)
    }
    return undefined
  }
}

const vectorOf = (type: CqlType & { readonly _tag: "Vector" }): Encode => {
  const element = encoderOf(type.element)
  const write = isFixed(type.element) ? element : withVInt(element)
  const expected = `${toText(type)}, an Array of ${type.dimension}`
  return (value, output) => {
    const elements = elementsOf(value)
    if (elements?.length !== type.dimension) {
      return new Refusal(expected, elements === undefined ? kindOf(value) : `${kindOf(value)} of ${elements.length}`)
    }
    for (const [index, each] of elements.entries()) {
      const refusal = write(each, output)
      if (refusal !== undefined) return refusal.within(`[${index}]`)
    }
    return undefined
  }
}

// The length of the length depends on the bytes that follow it.
const withVInt = (encode: Encode): Encode => (value, output) => {
  const bytes = bytesOf(encode, value)
  if (bytes instanceof Refusal) return bytes
  output.raw(Varint.toUnsignedVInt(BigInt(bytes.length)))
  output.raw(bytes)
  return undefined
}

const elementsOf = (value: unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(value)) return value
  return ArrayBuffer.isView(value) && Symbol.iterator in value ? Array.from(value as Iterable<unknown>) : undefined
}
