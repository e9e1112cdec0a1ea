/**
 * Private state of core within public objects, under one symbol.
 *
 * The symbol is registered, and types are identified by strings, so that two copies of this package in one process read each
 * other's objects. On classes the field is a getter of the prototype: neither a spread nor an inspection shows what it holds.
 * A plain object carries it as a property, wrapped in {@link Hidden}: a spread copy keeps it, and shows nothing of it.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import { hasProperty } from "effect/Predicate"
import type { CqlError } from "../CqlError.ts"
import type { Request } from "../Port.ts"

export const internals: unique symbol = Symbol.for("~@effect-cql/core/internals")

/** A value that no inspection shows. */
export class Hidden<out A> {
  readonly #value: A

  constructor(value: A) {
    this.#value = value
  }

  get value(): A {
    return this.#value
  }

  toJSON(): unknown {
    return "<hidden>"
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

/** Lets a result that has no error carry the request behind it: as it was bound, with its options resolved. */
export const carrying = <Result extends object>(result: Result, request: Request | undefined): Result =>
  request === undefined ? result : Object.assign(result, { [internals]: new Hidden(request) })

/** The request behind a result or its error; undefined for results that the core did not make. */
export const requestOf = (
  result: { readonly error?: CqlError | undefined; readonly [internals]?: Hidden<Request> }
): Request | undefined => result.error?.[internals]?.request ?? result[internals]?.value

/** Returns true if a value has a type id. */
export const hasTypeId = (value: unknown, id: string): boolean => hasProperty(value, id)
