/**
 * Parameters of a prepared statement, encoded by the types that the server told when it prepared it.
 *
 * A table can be dropped and made anew with other types while a program runs. The server then no longer knows the
 * statement, and the driver prepares it again and sends it again, within one request. Bytes of the old types would be
 * written as if they were of the new ones, so they are made again at each writing: see {@link refresh}.
 */
import { Reason, Statement } from "@effect-cql/core"
import { kindOf } from "@effect-cql/core/Port"
import { types } from "cassandra-driver"
import { Refusal } from "../../values/encodeScalar.ts"
import type { PreparedInfo, PreparedMeta } from "../driver/driver.ts"
import { type Marker, type Prepared, preparedOf } from "./prepared.ts"

/** The parameters of one statement: what the driver sends on (bytes, null and unset), and by which types it was made. */
export interface Bound {
  readonly params: ReadonlyArray<unknown>
  readonly encoded: Array<unknown>
  readonly info: PreparedInfo
  meta: PreparedMeta
}

/** Fills in `encoded`, or says which parameter does not fit, and why. */
export const encode = (
  { markers }: Prepared,
  params: ReadonlyArray<unknown>,
  encoded: Array<unknown>
): Reason.ParametersRefused | undefined => {
  if (markers.length !== params.length) {
    return new Reason.ParametersRefused({
      message: `the statement has ${markers.length} markers, but ${params.length} values were given`
    })
  }
  for (let index = 0; index < params.length; index++) {
    const value = params[index]
    if (value === null) {
      encoded[index] = null
    } else if (Statement.isUnset(value)) {
      encoded[index] = types.unset
    } else {
      const marker = markers[index]!
      const bytes = encodedBy(marker, value)
      if (bytes instanceof Refusal) return refused(index, marker, bytes, value)
      encoded[index] = bytes
    }
  }
  return undefined
}

const encodedBy = (marker: Marker, value: unknown): Buffer | Refusal => {
  // Plainly caught, for this is done for each value: a getter may throw, and so does a buffer that a worker was given.
  try {
    return marker.encode(value)
  } catch (error) {
    return new Refusal(marker.typeText, `${kindOf(value)} that throws ${kindOf(error)} when it is read`)
  }
}

/** To be called right before the driver writes the request. Throws {@link RefusedAtWriting}, which it hands back. */
export const refresh = (bound: Bound): void => {
  const { meta } = bound.info
  if (meta === undefined || meta === bound.meta) return
  bound.meta = meta
  const reason = encode(preparedOf(meta), bound.params, bound.encoded)
  if (reason !== undefined) throw new RefusedAtWriting(reason)
}

/** How a refusal passes through the driver. */
export class RefusedAtWriting extends Error {
  readonly reason: Reason.ParametersRefused

  constructor(reason: Reason.ParametersRefused) {
    super(reason.message)
    this.reason = reason
  }
}

const refused = (
  index: number,
  { column, typeText }: Marker,
  { at, expected, given }: Refusal,
  value: unknown
): Reason.ParametersRefused => {
  const hint = value === undefined ? "; null deletes a value, Statement.unset leaves it alone" : ""
  return new Reason.ParametersRefused({
    message: `parameter ${index} (column ${column}${at}): expected ${expected}, given: ${given}${hint}`,
    parameter: index,
    column,
    expected: typeText,
    given: at === "" ? kindOf(value) : given
  })
}
