/**
 * Bound values: copied when they are bound, and hidden from every printer.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import { symbolRedactable } from "effect/Redactable"
import type { Params } from "../../Statement.ts"

/**
 * An array that prints as its length.
 *
 * A subclass rather than an array with methods of its own: defining two properties costs ten times the array.
 */
export class BoundParams extends Array<unknown> {
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
 * shared, for a schema may ask for them; those of JavaScript's own mutable classes are copied.
 */
export const snapshotParams = (params: Params): Params => {
  if (params === null || params === undefined) return params
  if (Array.isArray(params)) {
    const { length } = params
    const copy = new BoundParams(length)
    for (let index = 0; index < length; index++) copy[index] = snapshot(params[index])
    return copy
  }
  return isRecord(params) ? copyRecord(params, undefined) : params
}

const snapshot = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  // A getter, a proxy or a detached buffer may throw. Binding refuses the value later, naming its parameter.
  try {
    return copyOf(value, undefined)
  } catch {
    return value
  }
}

// Copies by their originals, for a value that holds itself. Made where there is nesting.
type Copies = Map<object, object>

const copyOf = (value: unknown, copies: Copies | undefined): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (value instanceof Date) return isPlain(value, Date) ? new Date(value) : value
  if (ArrayBuffer.isView(value)) return copyView(value)
  const known = copies?.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const copy: Array<unknown> = []
    const seen = remember(copies, value, copy)
    for (const element of value) copy.push(copyOf(element, seen))
    return copy
  }
  if (value instanceof Map) {
    if (!isPlain(value, Map)) return value
    const copy = new Map<unknown, unknown>()
    const seen = remember(copies, value, copy)
    for (const [key, element] of value) copy.set(copyOf(key, seen), copyOf(element, seen))
    return copy
  }
  if (value instanceof Set) {
    if (!isPlain(value, Set)) return value
    const copy = new Set<unknown>()
    const seen = remember(copies, value, copy)
    for (const element of value) copy.add(copyOf(element, seen))
    return copy
  }
  if (value instanceof ArrayBuffer) return value.slice(0)
  return isRecord(value) && !isConstant(value) ? copyRecord(value, copies) : value
}

const remember = (copies: Copies | undefined, value: object, copy: object): Copies =>
  (copies ?? new Map<object, object>()).set(value, copy)

const copyRecord = (record: Readonly<Record<string, unknown>>, copies: Copies | undefined): Record<string, unknown> => {
  const copy: Record<string, unknown> = { ...record }
  let seen = copies
  for (const key in copy) {
    const value = copy[key]
    if (typeof value !== "object" || value === null) continue
    seen ??= remember(copies, record, copy)
    copy[key] = copyOf(value, seen)
  }
  return copy
}

const copyView = (view: ArrayBufferView): ArrayBufferView =>
  view instanceof DataView
    ? new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
    // That of a Buffer would be a view.
    : Uint8Array.prototype.slice.call(view)

// `Statement.unset` has to stay itself.
const isConstant = (record: Readonly<Record<string, unknown>>): boolean =>
  Object.isFrozen(record) && Object.values(record).every((value) => typeof value !== "object" || value === null)

const isPlain = (value: object, of: { readonly prototype: object }): boolean =>
  Object.getPrototypeOf(value) === of.prototype

const isRecord = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
