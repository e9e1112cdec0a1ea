/**
 * The markers of a statement: what is bound to them, or what a server would describe of them.
 */
import { Reason, Statement } from "@effect-cql/core"
import { type Description, kindOf } from "@effect-cql/core/Port"
import * as BigDecimal from "effect/BigDecimal"
import type { Term } from "./cql/ast.ts"
import { Refused, unsupported } from "./failures.ts"
import { accept, Refusal } from "./values/accept.ts"
import { columnText, type CqlType, type FieldsOf, type ScalarName } from "./values/types.ts"

type Marker = Extract<Term, { readonly _tag: "Marker" }>

/** Target of a value: a column, or another typed place. */
export interface Receiver {
  readonly name: string
  readonly type: CqlType
}

/** A value that leaves a column as it is. */
export const unset: unique symbol = Symbol("unset")

export interface Markers {
  /** True if values are bound: the statement is executed, and not only described. */
  readonly areBound: boolean
  /** The value of a marker for its place. */
  readonly valueOf: (marker: Marker, receiver: Receiver) => unknown
  /** The result of a function of a type. */
  readonly resultOf: (type: CqlType, apply: () => unknown) => unknown
}

/** The values that are bound, held against their types as an adapter holds them. */
export class BoundMarkers implements Markers {
  readonly areBound = true
  readonly #params: ReadonlyArray<unknown>
  readonly #fieldsOf: FieldsOf

  constructor(params: ReadonlyArray<unknown>, fieldsOf: FieldsOf) {
    this.#params = params
    this.#fieldsOf = fieldsOf
  }

  valueOf({ index }: Marker, { name, type }: Receiver): unknown {
    const value = this.#params[index]
    if (value === null) return null
    if (Statement.isUnset(value)) return unset
    const accepted = value === undefined
      ? new Refusal(columnText(type), "undefined")
      : accept(type, value, this.#fieldsOf)
    if (!(accepted instanceof Refusal)) return accepted
    const { at, expected, given } = accepted
    throw new Refused(
      new Reason.ParametersRefused({
        message: `parameter ${index} (column ${name}${at}): expected ${expected}, given: ${given}` +
          (value === undefined ? "; null deletes a value, Statement.unset leaves it unchanged" : ""),
        parameter: index,
        column: name,
        expected: columnText(type),
        given: at === "" ? kindOf(value) : given
      })
    )
  }

  resultOf(_: CqlType, apply: () => unknown): unknown {
    return apply()
  }
}

/** Collects the places of markers while a statement is checked that is not executed. */
export class DescribedMarkers implements Markers {
  readonly areBound = false
  readonly #fieldsOf: FieldsOf
  readonly #places = new Map<number, Receiver>()

  constructor(fieldsOf: FieldsOf) {
    this.#fieldsOf = fieldsOf
  }

  valueOf({ index, name }: Marker, receiver: Receiver): unknown {
    this.#places.set(index, { name: name ?? receiver.name, type: receiver.type })
    return sample(receiver.type, this.#fieldsOf)
  }

  resultOf(type: CqlType): unknown {
    return sample(type, this.#fieldsOf)
  }

  /** The places in the order of the markers. */
  get params(): Description["params"] {
    return Array.from({ length: this.#places.size }, (_, index) => {
      const place = this.#places.get(index)
      if (place === undefined) throw unsupported("the description of such a marker", "Describe it by a real server.")
      return { name: place.name, type: columnText(place.type) }
    })
  }
}

const uuid = "00000000-0000-1000-8000-000000000000"

const scalars: { readonly [Name in ScalarName]: unknown } = {
  ascii: "a",
  bigint: 1n,
  blob: new Uint8Array(1),
  boolean: true,
  counter: 1n,
  date: "1970-01-01",
  decimal: BigDecimal.make(1n, 0),
  double: 1,
  duration: { months: 0, days: 1, nanoseconds: 0n },
  float: 1,
  inet: "127.0.0.1",
  int: 1,
  smallint: 1,
  text: "a",
  time: 0n,
  timestamp: new Date(0),
  timeuuid: uuid,
  tinyint: 1,
  uuid,
  varint: 1n
}

/** A value of a type, as good as any other. */
const sample = (type: CqlType, fieldsOf: FieldsOf): unknown => {
  const of = (type: CqlType) => sample(type, fieldsOf)
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name]
    case "List":
      return [of(type.element)]
    case "Set":
      return new Set([of(type.element)])
    case "Map":
      return new Map([[of(type.key), of(type.value)]])
    case "Tuple":
      return type.elements.map(of)
    case "Udt":
      return Object.fromEntries(fieldsOf(type.keyspace, type.name).map(({ name, type }) => [name, of(type)]))
    case "Vector":
      return Array.from({ length: type.dimension }, () => of(type.element))
  }
}
