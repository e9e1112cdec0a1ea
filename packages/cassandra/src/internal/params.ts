/**
 * Parameters of a prepared statement, encoded by the types that the server told when it prepared it.
 */
import { Reason, Statement } from "@effect-cql/core"
import { types } from "cassandra-driver"
import { fromDriver, toText } from "./cqlType.ts"
import type { PreparedMeta } from "./driver.ts"
import { type Encode, encoderOf, Refusal } from "./encode.ts"
import { kindOf } from "./kindOf.ts"

interface Marker {
  readonly column: string
  readonly type: string
  readonly encode: Encode
}

// The driver keeps one object for a prepared statement for as long as its types stand.
const markersOf = new WeakMap<PreparedMeta, ReadonlyArray<Marker>>()

/** The parameters as the driver sends them on: bytes, null and unset. Or which one does not fit, and why. */
export const encodeParams = (
  params: ReadonlyArray<unknown>,
  meta: PreparedMeta
): Array<unknown> | Reason.ParametersRefused => {
  let markers = markersOf.get(meta)
  if (markers === undefined) {
    markers = meta.columns.map((column) => {
      const type = fromDriver(column.type)
      return { column: column.name, type: toText(type), encode: encoderOf(type) }
    })
    markersOf.set(meta, markers)
  }
  if (markers.length !== params.length) {
    return new Reason.ParametersRefused({
      message: `the statement has ${markers.length} markers, but ${params.length} values were given`
    })
  }
  const encoded: Array<unknown> = []
  for (let index = 0; index < markers.length; index++) {
    const value = params[index]
    if (value === null) {
      encoded.push(null)
    } else if (value === Statement.unset) {
      encoded.push(types.unset)
    } else {
      const bytes = markers[index]!.encode(value)
      if (bytes instanceof Refusal) return refused(index, markers[index]!, bytes, value)
      encoded.push(bytes)
    }
  }
  return encoded
}

const refused = (
  index: number,
  { column, type }: Marker,
  { at, expected, given }: Refusal,
  value: unknown
): Reason.ParametersRefused => {
  const hint = value === undefined ? "; null deletes a value, Statement.unset leaves it alone" : ""
  return new Reason.ParametersRefused({
    message: `parameter ${index} (column ${column}${at}): expected ${expected}, given: ${given}${hint}`,
    parameter: index,
    column,
    expected: type,
    given: at === "" ? kindOf(value) : given
  })
}
