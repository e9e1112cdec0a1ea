/**
 * Keys of lookups: the same one only where they are one key to the database as well.
 *
 * `Equal` compares by meaning: 1.0 and 1.00 are one decimal to it, and 0 and -0 one number. As keys of partitions they are two.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

/** Returns true if two values are surely bound as the same bytes. In doubt it returns false. */
export const isSameKey = (one: unknown, other: unknown): boolean => {
  if (Object.is(one, other)) return true
  if (!isObject(one) || !isObject(other) || Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  if (BigDecimal.isBigDecimal(one)) {
    return BigDecimal.isBigDecimal(other) && one.scale === other.scale && one.value === other.value
  }
  if (Array.isArray(one)) return Array.isArray(other) && hasSameItems(one, other)
  if (one instanceof Map || one instanceof Set) {
    return (other instanceof Map || other instanceof Set) && hasSameItems([...one], [...other])
  }
  if (isBytes(one) || one instanceof Date || Equal.isEqual(one)) return Equal.equals(one, other)
  const keys = Object.keys(one)
  // The fields of an opaque object may be private.
  return keys.length > 0 && keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSameKey(Reflect.get(one, key), Reflect.get(other, key)))
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const isBytes = (value: object): boolean => ArrayBuffer.isView(value) || value instanceof ArrayBuffer

const hasSameItems = (one: ReadonlyArray<unknown>, other: ReadonlyArray<unknown>): boolean =>
  one.length === other.length && one.every((item, index) => isSameKey(item, other[index]))

/** A key of a cache as it was when it was asked for, with the lookup of it. */
export class CacheKey<out Lookup> implements Equal.Equal {
  readonly lookup: Lookup
  readonly #snapshot: unknown
  readonly #hash: number

  constructor(key: object, lookup: Lookup) {
    this.lookup = lookup
    this.#snapshot = snapshotOf(key)
    this.#hash = Hash.hash(this.#snapshot)
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof CacheKey && isSameKey(this.#snapshot, that.#snapshot)
  }

  [Hash.symbol](): number {
    return this.#hash
  }
}

// A program may fill a record, a class or bytes again for each key. A hash is remembered by its object, too.
const snapshotOf = (value: unknown): unknown => {
  if (!isObject(value) || Equal.isEqual(value)) return value
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof ArrayBuffer) return new Uint8Array(value).slice()
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
  if (Array.isArray(value)) return value.map(snapshotOf)
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [snapshotOf(key), snapshotOf(item)]))
  if (value instanceof Set) return new Set(Array.from(value, snapshotOf))
  const entries = Object.entries(value).map(([name, item]) => [name, snapshotOf(item)] as const)
  // The fields of an opaque object may be private.
  return entries.length === 0 ? value : new Fields(Object.getPrototypeOf(value), Object.fromEntries(entries))
}

/** The fields of a record or an instance. Its getters may read what a copy does not have. */
class Fields implements Equal.Equal {
  readonly #prototype: unknown
  readonly #record: object

  constructor(prototype: unknown, record: object) {
    this.#prototype = prototype
    this.#record = record
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Fields && that.#prototype === this.#prototype && isSameKey(this.#record, that.#record)
  }

  [Hash.symbol](): number {
    return Hash.hash(this.#record)
  }
}
