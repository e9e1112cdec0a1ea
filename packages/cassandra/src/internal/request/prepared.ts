/**
 * What the adapter makes once of a prepared statement: how its parameters are encoded, and how its rows are read.
 */
import { type CqlType, fromDriver, toText } from "../../values/cqlType.ts"
import { encoderOf } from "../../values/encode.ts"
import type { Encode } from "../../values/encodeScalar.ts"
import type { PreparedMeta } from "../driver/driver.ts"
import type { RowPlan } from "./page.ts"

/** A marker of a statement. */
export class Marker {
  readonly column: string
  readonly type: CqlType
  readonly encode: Encode

  constructor(column: string, type: CqlType) {
    this.column = column
    this.type = type
    this.encode = encoderOf(type)
  }

  get typeText(): string {
    return toText(this.type)
  }
}

/** A statement as the server last described it. */
export class Prepared {
  readonly markers: ReadonlyArray<Marker>
  /** How the rows of its last answer were read. */
  plan: RowPlan | undefined
  readonly #since = now()
  readonly #hasUdt: boolean

  constructor(meta: PreparedMeta) {
    this.markers = meta.columns.map(({ name, type }) => new Marker(name, fromDriver(type)))
    this.#hasUdt = this.markers.some(({ type }) => containsUdt(type))
  }

  /**
   * Whether it may be time to ask anew what its types are. When a user-defined type gets another field, nobody is told: what is
   * prepared stays valid, and would refuse the new field for ever. At most once a second, for most refusals are deserved.
   */
  get mayBeOutdated(): boolean {
    return this.#hasUdt && now() - this.#since > 1_000
  }
}

// oxlint-disable-next-line no-restricted-properties -- it bounds what is sent to the server, whose time is no virtual one
const now = (): number => performance.now()

const containsUdt = (type: CqlType): boolean => {
  switch (type._tag) {
    case "Udt":
      return true
    case "List":
    case "Set":
    case "Vector":
      return containsUdt(type.element)
    case "Map":
      return containsUdt(type.key) || containsUdt(type.value)
    case "Tuple":
      return type.elements.some(containsUdt)
    case "Scalar":
    case "Custom":
      return false
  }
}

// The driver keeps one object for a prepared statement for as long as its types stand.
const known = new WeakMap<PreparedMeta, Prepared>()

/** What was made of a statement. */
export const preparedOf = (meta: PreparedMeta): Prepared => {
  const found = known.get(meta)
  if (found !== undefined) return found
  const made = new Prepared(meta)
  known.set(meta, made)
  return made
}
