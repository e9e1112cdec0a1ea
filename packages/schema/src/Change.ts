/**
 * Changes of collections, for `update`.
 *
 * @since 0.1.0
 */

/**
 * A change of a collection. (A value would replace the collection.)
 *
 * @category models
 * @since 0.1.0
 */
export interface Change<out Value> {
  readonly _tag: "Change"
  readonly operation: "add" | "remove" | "append" | "prepend" | "discard" | "put" | "removeKeys"
  readonly value: Value
}

/**
 * The changes that a column of a type accepts.
 *
 * @category models
 * @since 0.1.0
 */
export type Changes<Column> = Column extends ReadonlyMap<infer Key, infer Value> ? Put<Key, Value> | RemoveKeys<Key>
  : Column extends ReadonlySet<infer Item> ? Add<Item> | Remove<Item>
  : Column extends ReadonlyArray<infer Item> ? Append<Item> | Prepend<Item> | Discard<Item>
  : never

/** @category models @since 0.1.0 */
export interface Add<out Item> extends Change<ReadonlySet<Item>> {
  readonly operation: "add"
}

/** @category models @since 0.1.0 */
export interface Remove<out Item> extends Change<ReadonlySet<Item>> {
  readonly operation: "remove"
}

/** @category models @since 0.1.0 */
export interface Append<out Item> extends Change<ReadonlyArray<Item>> {
  readonly operation: "append"
}

/** @category models @since 0.1.0 */
export interface Prepend<out Item> extends Change<ReadonlyArray<Item>> {
  readonly operation: "prepend"
}

/** @category models @since 0.1.0 */
export interface Discard<out Item> extends Change<ReadonlyArray<Item>> {
  readonly operation: "discard"
}

/** @category models @since 0.1.0 */
export interface Put<out Key, out Value> extends Change<ReadonlyArray<readonly [Key, Value]>> {
  readonly operation: "put"
}

/** @category models @since 0.1.0 */
export interface RemoveKeys<out Key> extends Change<ReadonlySet<Key>> {
  readonly operation: "removeKeys"
}

/**
 * Adds items to a set. Idempotent.
 *
 * **Example** (One more tag)
 *
 * ```ts
 * import { Change } from "@effect-cql/schema"
 *
 * console.assert(Change.add("a", "b").value.size === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const add = <Item>(...items: ReadonlyArray<Item>): Add<Item> => ({
  _tag: "Change",
  operation: "add",
  value: new Set(items)
})

/**
 * Removes items from a set. Idempotent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const remove = <Item>(...items: ReadonlyArray<Item>): Remove<Item> => ({
  _tag: "Change",
  operation: "remove",
  value: new Set(items)
})

/**
 * Appends items to a list. Not idempotent, and therefore not retried after an unknown outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const append = <Item>(...items: ReadonlyArray<Item>): Append<Item> => ({
  _tag: "Change",
  operation: "append",
  value: items
})

/**
 * Prepends items to a list. Not idempotent, and therefore not retried after an unknown outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepend = <Item>(...items: ReadonlyArray<Item>): Prepend<Item> => ({
  _tag: "Change",
  operation: "prepend",
  value: items
})

/**
 * Removes every occurrence of items from a list. The server reads the list for this.
 *
 * @category constructors
 * @since 0.1.0
 */
export const discard = <Item>(...items: ReadonlyArray<Item>): Discard<Item> => ({
  _tag: "Change",
  operation: "discard",
  value: items
})

/**
 * Puts entries into a map. Idempotent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const put = <Key, Value>(...entries: ReadonlyArray<readonly [Key, Value]>): Put<Key, Value> => ({
  _tag: "Change",
  operation: "put",
  value: entries
})

/**
 * Removes keys from a map. Idempotent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const removeKeys = <Key>(...keys: ReadonlyArray<Key>): RemoveKeys<Key> => ({
  _tag: "Change",
  operation: "removeKeys",
  value: new Set(keys)
})
