/**
 * Bound values: copied when they are bound, and hidden from every printer.
 */
import * as BigDecimal from "effect/BigDecimal"
import { NodeInspectSymbol } from "effect/Inspectable"
import { symbolRedactable } from "effect/Redactable"
import type { Params } from "../../Statement.ts"
import { isArrayBuffer, isDataView, isDate, isMap, isObjectPrototype, isSet } from "./realm.ts"

/**
 * An array that prints as its length.
 *
 * A subclass rather than an array with methods of its own: defining two properties costs ten times the array.
 */
export class BoundParams extends Array<unknown> {
  // V8 makes a hidden class for each kind of elements, and drops those that no array has at several full collections in a row. Each
  // store to a new array would be ten times as slow from then on.
  static readonly ofEveryKind: ReadonlyArray<unknown> = Object.assign(new BoundParams(3), [1, 0.5, ""])

  toJSON(): number {
    return this.length
  }

  override toString(): string {
    return String(this.length)
  }

  [NodeInspectSymbol](): number {
    return this.length
  }

  [symbolRedactable](): number {
    return this.length
  }
}

// Slices and mapped copies are plain arrays. A static getter of the species says the same, and makes each array ten times as
// costly.
Object.defineProperty(BoundParams.prototype, "constructor", { value: Array })

/** Copies values as they are. */
export const toBoundParams = (values: ReadonlyArray<unknown>): BoundParams => {
  const { length } = values
  const params = new BoundParams(length)
  for (let index = 0; index < length; index++) params[index] = values[index]
  return params
}

/**
 * The parameters as they are at this moment: what the program changes later changes no statement. Instances of classes are
 * shared where a schema encodes them, for it may ask for them: what it makes of them is copied when the statement is bound.
 */
export const snapshotParams = (params: Params, hasSchema: boolean): Params => {
  if (params === null || params === undefined) return params
  if (Array.isArray(params)) return snapshotList(params, hasSchema)
  if (isRecord(params)) return copyRecord(params, new Copies(hasSchema))
  return hasSchema ? params : orItself(params, () => copyInstance(params, new Copies(false)))
}

/** The values that a schema has made. Those that come out of an instance are still the program's. */
export const ownParams = (params: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  for (let index = 0; index < params.length; index++) {
    if (typeof params[index] === "object" && params[index] !== null) return snapshotList(params, false)
  }
  return params
}

const snapshotList = (values: ReadonlyArray<unknown>, hasSchema: boolean): BoundParams => {
  const { length } = values
  const params = new BoundParams(length)
  for (let index = 0; index < length; index++) params[index] = snapshot(values[index], hasSchema)
  return params
}

const snapshot = (value: unknown, hasSchema: boolean): unknown =>
  typeof value !== "object" || value === null
    ? value
    : orItself<unknown>(value, () => copyOf(value, new Copies(hasSchema)))

const orItself = <A>(value: A, copy: () => A): A => {
  // A getter, a proxy or a detached buffer may throw. Binding refuses the value later, naming its parameter.
  try {
    return copy()
  } catch {
    return value
  }
}

/** Copies by their originals, for a value that holds itself. Kept where there is nesting. */
class Copies {
  readonly sharesInstances: boolean
  #copies: Map<object, object> | undefined

  constructor(sharesInstances: boolean) {
    this.sharesInstances = sharesInstances
  }

  get(value: object): object | undefined {
    return this.#copies?.get(value)
  }

  set<A extends object>(value: object, copy: A): A {
    ;(this.#copies ??= new Map()).set(value, copy)
    return copy
  }
}

const copyOf = (value: unknown, copies: Copies): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (isDate(value)) return isShared(value, copies) ? value : new Date(value)
  if (ArrayBuffer.isView(value)) return copyView(value)
  const known = copies.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const copy: Array<unknown> = copies.set(value, [])
    for (const element of value) copy.push(copyOf(element, copies))
    return copy
  }
  if (isMap(value)) {
    if (isShared(value, copies)) return value
    const copy = copies.set(value, new Map<unknown, unknown>())
    for (const [key, element] of value) copy.set(copyOf(key, copies), copyOf(element, copies))
    return copy
  }
  if (isSet(value)) {
    if (isShared(value, copies)) return value
    const copy = copies.set(value, new Set<unknown>())
    for (const element of value) copy.add(copyOf(element, copies))
    return copy
  }
  if (isArrayBuffer(value)) return value.slice(0)
  if (isConstant(value)) return value
  if (isRecord(value)) return copyRecord(value, copies)
  return copies.sharesInstances || hasGetters(value) ? value : copyInstance(value, copies)
}

const copyRecord = (record: Readonly<Record<string, unknown>>, copies: Copies): Record<string, unknown> => {
  const copy: Record<string, unknown> = { ...record }
  let isKept = false
  for (const key in copy) {
    const value = copy[key]
    if (typeof value !== "object" || value === null) continue
    if (!isKept) copies.set(record, copy)
    isKept = true
    copy[key] = copyOf(value, copies)
  }
  return copy
}

/** Copies the fields of an instance to another one, which is made without the constructor of its class. */
const copyInstance = <A extends object>(instance: A, copies: Copies): A => {
  const copy: A = copies.set(instance, Object.create(Object.getPrototypeOf(instance)))
  for (const [key, { enumerable = false }] of Object.entries(Object.getOwnPropertyDescriptors(instance))) {
    Object.defineProperty(copy, key, { enumerable, value: copyOf(Reflect.get(instance, key), copies) })
  }
  return copy
}

// They may read private fields, which a copy lacks.
const hasGetters = (instance: object): boolean => {
  let prototype: object | null = Object.getPrototypeOf(instance)
  while (prototype !== null && !isObjectPrototype(prototype)) {
    const fields = Object.values(Object.getOwnPropertyDescriptors(prototype))
    if (fields.some(({ get }) => get !== undefined)) return true
    prototype = Object.getPrototypeOf(prototype)
  }
  return false
}

const copyView = (view: ArrayBufferView): ArrayBufferView =>
  isDataView(view)
    ? new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
    // That of a Buffer would be a view.
    : Uint8Array.prototype.slice.call(view)

// `Statement.unset` has to stay itself, and a decimal never changes.
const isConstant = (value: object): boolean =>
  BigDecimal.isBigDecimal(value) ||
  (Object.isFrozen(value) && Object.values(value).every((field) => typeof field !== "object" || field === null))

/** Returns true for an instance of a subclass that has to stay itself. */
const isShared = (value: object, { sharesInstances }: Copies): boolean =>
  sharesInstances && !isObjectPrototype(Object.getPrototypeOf(Object.getPrototypeOf(value)))

const isRecord = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || isObjectPrototype(prototype)
}
