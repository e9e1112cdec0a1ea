/**
 * From the bytes of a type to neutral values.
 *
 * Refuses values that may be truncated, or that would lose a part as a neutral value: see {@link Unreadable}.
 */
import { type CqlType, type Field, isFixed, sizeOf, toText } from "./cqlType.ts"
import { custom, type Decode, int32At, scalars } from "./decodeScalar.ts"
import { Unreadable } from "./unreadable.ts"
import * as Varint from "./varint.ts"

/** The decoder of a type. */
export const decoderOf = (type: CqlType): Decode => {
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name]
    case "List":
      return listOf(type)
    case "Set":
      return setOf(type)
    case "Map":
      return mapOf(type)
    case "Tuple":
      return tupleOf(type)
    case "Udt":
      return udtOf(type)
    case "Vector":
      return isFixed(type.element) ? fixedVectorOf(type) : vectorOf(type)
    case "Custom":
      return custom
  }
}

/** The one name under which a record keeps no value. */
export const unreadableName = "__proto__"
export const unreadableNameIssue =
  "a record cannot keep a value under the name __proto__. Select the column under another name, with AS, or rename the field."

const readable = (name: string): string => {
  if (name !== unreadableName) return name
  throw new Unreadable(unreadableNameIssue, name)
}

/** Decodes the parts of a collection, each with its length in front. */
class Parts {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #type: CqlType
  at: number

  constructor(bytes: Buffer, start: number, end: number, type: CqlType) {
    this.#bytes = bytes
    this.at = start
    this.#end = end
    this.#type = type
  }

  /** The number of elements, each with at least the given number of parts. */
  count(parts: number): number {
    if (this.#end - this.at < 4) throw this.tooShort()
    const count = int32At(this.#bytes, this.at)
    this.at += 4
    if (count < 0 || count * parts * 4 > this.#end - this.at) throw this.tooShort()
    return count
  }

  next(decode: Decode): unknown {
    const bytes = this.#bytes
    const end = this.#end
    if (end - this.at < 4) throw this.tooShort()
    const length = int32At(bytes, this.at)
    const start = this.at + 4
    if (length < 0) {
      this.at = start
      return null
    }
    if (length > end - start) throw this.tooShort()
    this.at = start + length
    return decode(bytes, start, this.at)
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  finish(): void {
    if (this.at !== this.#end) throw new Unreadable(`expected ${toText(this.#type)}, got bytes after its end`)
  }

  tooShort(): Unreadable {
    return new Unreadable(`expected ${toText(this.#type)}, got bytes that end within it`)
  }
}

type Sequence = CqlType & { readonly _tag: "List" | "Set" }

const listOf = (type: Sequence): Decode => {
  const decode = decoderOf(type.element)
  return (bytes, start, end) => {
    const parts = new Parts(bytes, start, end, type)
    const count = parts.count(1)
    const list: Array<unknown> = []
    for (let index = 0; index < count; index++) list.push(parts.next(decode))
    parts.finish()
    return list
  }
}

const lost = (type: CqlType, kind: "a Set" | "a Map"): Unreadable =>
  new Unreadable(
    `expected ${
      toText(type)
    } whose keys are distinct in ${kind}, got keys that ${kind} cannot tell apart, such as -0 and 0. Select it as text, with CAST or toJson(...).`
  )

// To JavaScript's Set and Map -0 is 0. So a lone -0 would be written back as another value.
const isLost = (key: unknown): boolean => Object.is(key, -0)

const setOf = (type: Sequence): Decode => {
  const decode = decoderOf(type.element)
  return (bytes, start, end) => {
    const parts = new Parts(bytes, start, end, type)
    const count = parts.count(1)
    const set = new Set<unknown>()
    for (let index = 0; index < count; index++) {
      const element = parts.next(decode)
      if (isLost(element)) throw lost(type, "a Set")
      set.add(element)
    }
    parts.finish()
    if (set.size !== count) throw lost(type, "a Set")
    return set
  }
}

const mapOf = (type: CqlType & { readonly _tag: "Map" }): Decode => {
  const decodeKey = decoderOf(type.key)
  const decodeValue = decoderOf(type.value)
  return (bytes, start, end) => {
    const parts = new Parts(bytes, start, end, type)
    const count = parts.count(2)
    const map = new Map<unknown, unknown>()
    for (let index = 0; index < count; index++) {
      const key = parts.next(decodeKey)
      if (isLost(key)) throw lost(type, "a Map")
      map.set(key, parts.next(decodeValue))
    }
    parts.finish()
    if (map.size !== count) throw lost(type, "a Map")
    return map
  }
}

// A tuple or a record that was written before its type got another field ends early.
const tupleOf = (type: CqlType & { readonly _tag: "Tuple" }): Decode => {
  const decoders = type.elements.map(decoderOf)
  return (bytes, start, end) => {
    const parts = new Parts(bytes, start, end, type)
    const tuple = decoders.map((decode) => parts.isAtEnd ? null : parts.next(decode))
    parts.finish()
    return tuple
  }
}

const udtOf = (type: CqlType & { readonly _tag: "Udt" }): Decode => {
  const fields = type.fields.map(({ name, type }: Field) => ({ name, decode: decoderOf(type) }))
  return (bytes, start, end) => {
    const parts = new Parts(bytes, start, end, type)
    const record: Record<string, unknown> = {}
    for (const { decode, name } of fields) record[readable(name)] = parts.isAtEnd ? null : parts.next(decode)
    parts.finish()
    return record
  }
}

const fixedVectorOf = (type: CqlType & { readonly _tag: "Vector" }): Decode => {
  const decode = decoderOf(type.element)
  const size = sizeOf(type.element)
  return (bytes, start, end) => {
    if (end - start !== size * type.dimension) throw wrongSize(type, end - start)
    const vector: Array<unknown> = []
    for (let at = start; at < end; at += size) vector.push(decode(bytes, at, at + size))
    return vector
  }
}

const vectorOf = (type: CqlType & { readonly _tag: "Vector" }): Decode => {
  const decode = decoderOf(type.element)
  return (bytes, start, end) => {
    const lengths = new Varint.Reader(bytes, start, end)
    const vector: Array<unknown> = []
    for (let index = 0; index < type.dimension; index++) {
      const length = lengths.unsigned()
      if (length === undefined || length > BigInt(end - lengths.at)) throw wrongSize(type, end - start)
      const from = lengths.at
      lengths.at += Number(length)
      vector.push(decode(bytes, from, lengths.at))
    }
    if (lengths.at !== end) throw wrongSize(type, end - start)
    return vector
  }
}

const wrongSize = (type: CqlType, length: number): Unreadable =>
  new Unreadable(`expected ${toText(type)}, got ${length} bytes, which are not its elements`)
