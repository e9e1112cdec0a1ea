/**
 * Parameters of a prepared statement, encoded by the types that the server gave when it prepared it.
 */
import { Reason, Statement } from "@effect-cql/core"
import { kindOf } from "@effect-cql/core/Port"
import { types } from "cassandra-driver"
import { sized } from "../../values/encode.ts"
import { type Refusal, refusalOf } from "../../values/encodeScalar.ts"
import { nullLength, type Output, shared } from "../../values/output.ts"
import { unsetLength } from "../protocol/frames.ts"
import type { Marker, Prepared } from "./prepared.ts"

/** The values of the markers as they are sent, with their count in front; or why one of them cannot be. */
export const encode = (prepared: Prepared, params: ReadonlyArray<unknown>): Buffer | Reason.ParametersRefused => {
  const start = shared.at
  // A value may be a proxy that throws wherever it is looked at.
  try {
    return encodeOnto(prepared, params) ?? shared.cut(start)
  } finally {
    shared.reset(start)
  }
}

/** Writes the values of the markers behind what is in the shared output; or says why one of them cannot be. */
export const encodeOnto = (
  { markers }: Prepared,
  params: ReadonlyArray<unknown>
): Reason.ParametersRefused | undefined => {
  if (markers.length !== params.length) {
    return new Reason.ParametersRefused({
      message: `the statement has ${markers.length} markers, but ${params.length} values were given`
    })
  }
  shared.short(params.length)
  for (let index = 0; index < params.length; index++) {
    const value = params[index]
    if (value === null) {
      shared.int(nullLength)
    } else if (Statement.isUnset(value)) {
      shared.int(unsetLength)
    } else {
      const marker = markers[index]!
      const refusal = write(marker, value, shared)
      if (refusal !== undefined) return refused(index, marker, refusal, value)
    }
  }
  return undefined
}

const write = (marker: Marker, value: unknown, output: Output): Refusal | undefined => {
  // Plainly caught, for this is done for each value: a getter may throw, and so does a buffer that a worker was given.
  try {
    return sized(marker.encode, value, output)
  } catch (error) {
    return refusalOf(marker.typeText, value, error)
  }
}

const refused = (
  index: number,
  { column, typeText }: Marker,
  { at, expected, given }: Refusal,
  value: unknown
): Reason.ParametersRefused => {
  const hint = value === undefined
    ? "; null deletes a value, Statement.unset leaves it unchanged"
    : at === ""
    ? isObject(value) ? adviceOnObject(value, typeText) : ""
    : given === kindOfUnset
    ? "; Statement.unset leaves a whole parameter unchanged, and no part of one"
    : classesOfDriver.test(given)
    ? adviceOnType(/^\w*/.exec(expected)?.[0] ?? "")
    : ""
  return new Reason.ParametersRefused({
    message: `parameter ${index} (column ${column}${at}): expected ${expected}, given: ${given}${hint}`,
    parameter: index,
    column,
    expected: typeText,
    given: at === "" ? kindOf(value) : given
  })
}

const kindOfUnset = kindOf(Statement.unset)

/** Advice on an object that may be a value of another driver, or of the client of the driver. */
const adviceOnObject = (value: unknown, type: string): string => {
  if (value === types.unset) return "; use Statement.unset to leave the column unchanged"
  if (value instanceof Date && type === "date") {
    return "; pass value.toISOString().slice(0, 10) for the day in UTC"
  }
  return adviceOnType(type)
}

// Within a value the class is all that is known of an element.
const classesOfDriver = /^(?:Uuid|TimeUuid|Long|Integer|BigDecimal|LocalDate|InetAddress)$/

/** The classes of other drivers for these types give what is expected as their text. */
const adviceOnType = (type: string): string => {
  if (/^(?:uuid|timeuuid|inet|date|text|ascii)$/.test(type)) return "; pass String(value), if that is its text"
  if (/^(?:bigint|counter|varint)$/.test(type)) return "; pass BigInt(String(value)), if that is its text"
  if (/^(?:tinyint|smallint|int|float|double)$/.test(type)) return "; pass Number(String(value)), if that is its text"
  return type === "decimal" ? "; pass BigDecimal.fromStringUnsafe(String(value)), if that is its text" : ""
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
