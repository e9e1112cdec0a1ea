/**
 * Parameters of a prepared statement, encoded by the types that the server told when it prepared it.
 */
import { Reason, Statement } from "@effect-cql/core"
import { types } from "cassandra-driver"
import { fromDriver, toText } from "./cqlType.ts"
import type { PreparedInfo, PreparedMeta } from "./driver.ts"
import { encoderOf } from "./encode.ts"
import { type Encode, Refusal } from "./encodeScalar.ts"
import { kindOf } from "./kindOf.ts"

interface Marker {
  readonly column: string
  readonly type: string
  readonly encode: Encode
}

// The driver keeps one object for a prepared statement for as long as its types stand.
const markersOf = new WeakMap<PreparedMeta, ReadonlyArray<Marker>>()

const markers = (meta: PreparedMeta): ReadonlyArray<Marker> => {
  const known = markersOf.get(meta)
  if (known !== undefined) return known
  const made = meta.columns.map((column): Marker => {
    const type = fromDriver(column.type)
    return { column: column.name, type: toText(type), encode: encoderOf(type) }
  })
  markersOf.set(meta, made)
  return made
}

/**
 * The parameters of one request: what the driver sends on (bytes, null and unset), and by which types it was made.
 *
 * A table can be dropped and made anew with other types while a program runs. The server then no longer knows the
 * statement, and the driver prepares it again and sends it again, within one request. Bytes of the old types would be
 * written as if they were of the new ones, so they are made again at each writing: see {@link BoundParams.refresh}.
 */
export class BoundParams {
  readonly encoded: Array<unknown> = []
  readonly #params: ReadonlyArray<unknown>
  readonly #info: PreparedInfo
  #meta: PreparedMeta

  constructor(params: ReadonlyArray<unknown>, info: PreparedInfo, meta: PreparedMeta) {
    this.#params = params
    this.#info = info
    this.#meta = meta
  }

  /** Fills in `encoded`, or says which parameter does not fit, and why. */
  encode(): Reason.ParametersRefused | undefined {
    const params = this.#params
    const expected = markers(this.#meta)
    if (expected.length !== params.length) {
      return new Reason.ParametersRefused({
        message: `the statement has ${expected.length} markers, but ${params.length} values were given`
      })
    }
    for (let index = 0; index < params.length; index++) {
      const value = params[index]
      if (value === null) {
        this.encoded[index] = null
      } else if (value === Statement.unset) {
        this.encoded[index] = types.unset
      } else {
        const bytes = expected[index]!.encode(value)
        if (bytes instanceof Refusal) return refused(index, expected[index]!, bytes, value)
        this.encoded[index] = bytes
      }
    }
    return undefined
  }

  /** To be called right before the driver writes the request. Throws {@link RefusedAtWriting}, which it hands back. */
  refresh(): void {
    const meta = this.#info.meta
    if (meta === undefined || meta === this.#meta) return
    this.#meta = meta
    const reason = this.encode()
    if (reason !== undefined) throw new RefusedAtWriting(reason)
  }
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
