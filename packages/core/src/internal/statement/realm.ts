/**
 * Classes of the language, also of another realm: a `Map` made in a context of `node:vm`, as test runners and plugins use, is no
 * instance of the `Map` here.
 */

// The class of this realm comes first: asking for the name takes longer. What has no more than the name throws when it is read.
const isNamed = (value: object, name: string): boolean => Object.prototype.toString.call(value) === `[object ${name}]`

export const isDate = (value: object): value is Date => value instanceof Date || isNamed(value, "Date")

export const isMap = (value: object): value is Map<unknown, unknown> => value instanceof Map || isNamed(value, "Map")

export const isSet = (value: object): value is Set<unknown> => value instanceof Set || isNamed(value, "Set")

export const isArrayBuffer = (value: object): value is ArrayBuffer =>
  value instanceof ArrayBuffer || isNamed(value, "ArrayBuffer")

export const isDataView = (value: ArrayBufferView): value is DataView =>
  value instanceof DataView || isNamed(value, "DataView")

/** Returns true for the `Object.prototype` of a realm. */
export const isObjectPrototype = (prototype: object): boolean =>
  prototype === Object.prototype ||
  (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"))
