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

/** A key of a cache, as it was when it was asked for. */
export class CacheKey<Key extends object> implements Equal.Equal {
  readonly key: Key
  readonly #hash: number

  constructor(key: Key) {
    this.key = copyOf(key)
    this.#hash = Hash.hash(this.key)
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof CacheKey && isSameKey(this.key, that.key)
  }

  [Hash.symbol](): number {
    return this.#hash
  }
}

// A hash is remembered by its object. So a record or an array that a program fills anew must not be one that was hashed.
const copyOf = <Key extends object>(key: Key): Key => {
  const prototype: unknown = Object.getPrototypeOf(key)
  const isRecord = prototype === Object.prototype || prototype === null
  return isRecord || Array.isArray(key) ? Object.assign(Array.isArray(key) ? [] : {}, key) : key
}
