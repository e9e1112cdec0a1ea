/**
 * Classes of the language, also of another realm: a `Map` made in a context of `node:vm`, as test runners and plugins use, is
 * no instance of the `Map` here.
 */
import { types } from "node:util"

// The class of this realm comes first: a call into the runtime takes longer.
export const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> =>
  value instanceof Map || types.isMap(value)

export const isSet = (value: unknown): value is ReadonlySet<unknown> => value instanceof Set || types.isSet(value)

export const isDate = (value: unknown): value is Date => value instanceof Date || types.isDate(value)

export const isArrayBuffer = (value: unknown): value is ArrayBuffer =>
  value instanceof ArrayBuffer || types.isArrayBuffer(value)
