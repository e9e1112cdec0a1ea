/**
 * From neutral values to the bytes of a type. The driver, given bytes, sends them as they are.
 *
 * It would encode by itself, but it takes 1.5 for an int, "12" for a number and 2 for true, it depends on options of the
 * client, and it quotes the values that it refuses. Here a value fits its type or is refused, and only its kind is named.
 */
import { kindOf } from "@effect-cql/core/Port"
import { type CqlType, type Field, isFixed, type ScalarName, toText } from "./cqlType.ts"
import { type Encode, Refusal, scalars } from "./encodeScalar.ts"
import { identityOf } from "./identity.ts"
import * as Varint from "./varint.ts"

/** The encoding of a type. */
export const encoderOf = (type: CqlType): Encode => {
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name]
    case "List":
      return sequenceOf(type, Array.isArray, "an Array")
    case "Set":
      return sequenceOf(type, (value) => value instanceof Set, "a Set")
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

const int32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

const nullLength = int32(-1)

/** Appends a value with its length in front; a refusal says why it could not. */
const append = (parts: Array<Buffer>, encode: Encode, value: unknown): Refusal | undefined => {
  const bytes = encode(value)
  if (bytes instanceof Refusal) return bytes
  parts.push(int32(bytes.length), bytes)
  return undefined
}

const sequenceOf = (
  type: CqlType & { readonly _tag: "List" | "Set" },
  fits: (value: unknown) => boolean,
  expected: string
): Encode => {
  const element = encoderOf(type.element)
  return (value) => {
    if (!fits(value)) return new Refusal(`${toText(type)}, ${expected}`, kindOf(value))
    const elements = Array.from(value as Iterable<unknown>)
    const parts = [int32(elements.length)]
    for (const [index, each] of elements.entries()) {
      const refusal = append(parts, element, each)
      if (refusal !== undefined) return refusal.within(`[${index}]`)
    }
    return Buffer.concat(parts)
  }
}

// Two keys of a Map may be one key to the server, which would keep one of the two values. Keys of these types cannot collide.
const distinct: ReadonlySet<ScalarName> = new Set(["ascii", "boolean", "double", "int", "smallint", "text", "tinyint"])

const isDistinct = (type: CqlType): boolean => type._tag === "Scalar" && distinct.has(type.name)

const mapOf = (type: CqlType & { readonly _tag: "Map" }, expected: string): Encode => {
  const encodeKey = encoderOf(type.key)
  const encodeValue = encoderOf(type.value)
  const identify = isDistinct(type.key) ? undefined : identityOf(type.key)
  return (map) => {
    if (!(map instanceof Map)) return new Refusal(expected, kindOf(map))
    const parts = [int32(map.size)]
    const keys = new Set<string>()
    let index = 0
    for (const [key, value] of map) {
      const badKey = append(parts, encodeKey, key)
      if (badKey !== undefined) return badKey.within(` key ${index}`)
      if (identify !== undefined && keys.size === keys.add(identify(key, parts.at(-1)!)).size) {
        return new Refusal(expected, "a Map with the same key twice", ` key ${index}`)
      }
      const badValue = append(parts, encodeValue, value)
      // The key may be as secret as the value.
      if (badValue !== undefined) return badValue.within(` value ${index}`)
      index++
    }
    return Buffer.concat(parts)
  }
}

const tupleOf = (elements: ReadonlyArray<Encode>, expected: string): Encode => (value) => {
  if (!Array.isArray(value) || value.length !== elements.length) {
    return new Refusal(expected, Array.isArray(value) ? `an Array of ${value.length}` : kindOf(value))
  }
  const parts: Array<Buffer> = []
  for (const [index, encode] of elements.entries()) {
    if (value[index] === null) {
      parts.push(nullLength)
      continue
    }
    const refusal = append(parts, encode, value[index])
    if (refusal !== undefined) return refusal.within(`[${index}]`)
  }
  return Buffer.concat(parts)
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
  return (value) => {
    if (!isRecord(value)) return new Refusal(expected, kindOf(value))
    const keys = Object.keys(value)
    const stray = keys.find((key) => !names.has(key))
    if (stray !== undefined) {
      // Where no key is a field it may be a map that was meant, and its keys data.
      const told = keys.some((key) => names.has(key)) ? stray : "<key>"
      return new Refusal(expected, "a record with another field", `.${told}`)
    }
    const parts: Array<Buffer> = []
    for (const { encode, expected, isInherited, name } of encoders) {
      const field = isInherited && !Object.hasOwn(value, name) ? undefined : value[name]
      if (field === null) {
        parts.push(nullLength)
        continue
      }
      // A record is written whole: what it does not mention would be lost.
      if (field === undefined) return new Refusal(expected, "a record without this field", `.${name}`)
      const refusal = append(parts, encode, field)
      if (refusal !== undefined) return refusal.within(`.${name}`)
    }
    return Buffer.concat(parts)
  }
}

const vectorOf = (type: CqlType & { readonly _tag: "Vector" }): Encode => {
  const element = encoderOf(type.element)
  const withLength = !isFixed(type.element)
  const expected = `${toText(type)}, an Array of ${type.dimension}`
  return (value) => {
    const elements = elementsOf(value)
    if (elements?.length !== type.dimension) {
      return new Refusal(expected, elements === undefined ? kindOf(value) : `${kindOf(value)} of ${elements.length}`)
    }
    const parts: Array<Buffer> = []
    for (const [index, each] of elements.entries()) {
      const bytes = element(each)
      if (bytes instanceof Refusal) return bytes.within(`[${index}]`)
      if (withLength) parts.push(Varint.toUnsignedVInt(BigInt(bytes.length)))
      parts.push(bytes)
    }
    return Buffer.concat(parts)
  }
}

const elementsOf = (value: unknown): ReadonlyArray<unknown> | undefined => {
  if (Array.isArray(value)) return value
  return ArrayBuffer.isView(value) && Symbol.iterator in value ? Array.from(value as Iterable<unknown>) : undefined
}
