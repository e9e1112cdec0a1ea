/**
 * Values as the JSON that the server makes of them.
 */
import type * as BigDecimal from "effect/BigDecimal"
import { toHex } from "./bytes.ts"
import { type DurationValue, fromDuration, fromNanos } from "./calendar.ts"
import * as Inet from "./inet.ts"
import type { CqlType, FieldsOf } from "./types.ts"

const timestamp = (value: Date): string => value.toISOString().replace("T", " ")

/** An address as the server writes it, with every group. */
export const inetText = (value: string): string => Inet.javaText(Inet.toBytes(value) ?? new Uint8Array(4))

/** A number as Java writes it. */
export const javaText = (type: "float" | "double", value: number): string => {
  if (!Number.isFinite(value)) return String(value)
  const text = shortest(type, Math.abs(value))
  const sign = value < 0 || Object.is(value, -0) ? "-" : ""
  const [digits = "0", exponent = "+0"] = text.split("e")
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    return `${sign}${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`
  }
  const plain = String(Number(text))
  return `${sign}${plain.includes(".") ? plain : `${plain}.0`}`
}

/** The digits of a number in scientific notation: the fewest that read back as the same one. */
const shortest = (type: "float" | "double", value: number): string => {
  // Whole numbers keep the digits that their bits allow, which may be more.
  if (Number.isInteger(value) && value < 2 ** 63) return wholeDigits(value, type === "float" ? 24 : 53)
  if (type === "double") return value.toExponential()
  for (let digits = 0; digits < 9; digits++) {
    const short = value.toExponential(digits)
    if (Math.fround(Number(short)) === value) return short
  }
  return value.toExponential()
}

const wholeDigits = (value: number, bits: number): string => {
  const exponent = Math.floor(Math.log2(value))
  const spare = exponent - bits - 1
  const dropped = exponent > bits && spare > 1 ? Math.floor(spare * Math.log10(2)) : 0
  const unit = 10n ** BigInt(dropped)
  const digits = String((BigInt(value) + unit / 2n) / unit).replace(/0+$/, "") || "0"
  const size = String((BigInt(value) + unit / 2n) / unit).length + dropped - 1
  return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${size}`
}

/** A decimal as it is written, with the zeros of its scale. */
export const decimalText = (value: BigDecimal.BigDecimal): string => {
  const digits = (value.value < 0n ? -value.value : value.value).toString()
  const sign = value.value < 0n ? "-" : ""
  const exponent = digits.length - 1 - value.scale
  if (value.scale >= 0 && exponent >= -6) {
    if (value.scale === 0) return sign + digits
    const padded = digits.padStart(value.scale + 1, "0")
    return `${sign}${padded.slice(0, -value.scale)}.${padded.slice(-value.scale)}`
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ""
  return `${sign}${digits[0]}${fraction}E${exponent < 0 ? exponent : `+${exponent}`}`
}

const keyOf = (text: string): string => text.startsWith("\"") ? text : JSON.stringify(text)

/** A name as a key of JSON: in quotes where a text of CQL needs them. */
export const jsonName = (name: string): string => JSON.stringify(name === name.toLowerCase() ? name : `"${name}"`)

export const toJson = (type: CqlType, value: unknown, fieldsOf: FieldsOf): string => {
  if (value === null || value === undefined) return "null"
  const list = (element: CqlType) =>
    `[${Array.from(value as Iterable<unknown>, (each) => toJson(element, each, fieldsOf)).join(", ")}]`
  switch (type._tag) {
    case "Scalar":
      switch (type.name) {
        case "blob":
          return `"0x${toHex(value as Uint8Array)}"`
        case "timestamp":
          return `"${timestamp(value as Date)}"`
        case "inet":
          return `"${inetText(value as string)}"`
        case "time":
          return `"${fromNanos(value as bigint)}"`
        case "duration":
          return `"${fromDuration(value as DurationValue)}"`
        case "decimal":
          return decimalText(value as BigDecimal.BigDecimal)
        case "double":
        case "float":
          return Number.isFinite(value) ? javaText(type.name, value as number) : "null"
        default:
          return typeof value === "string" ? JSON.stringify(value) : String(value)
      }
    case "List":
    case "Set":
      return list(type.element)
    case "Vector":
      return list(type.element)
    case "Map": {
      const entries = Array.from(
        value as ReadonlyMap<unknown, unknown>,
        ([key, each]) => `${keyOf(toJson(type.key, key, fieldsOf))}: ${toJson(type.value, each, fieldsOf)}`
      )
      return `{${entries.join(", ")}}`
    }
    case "Tuple":
      return `[${
        type.elements.map((element, index) => toJson(element, (value as ReadonlyArray<unknown>)[index], fieldsOf)).join(
          ", "
        )
      }]`
    case "Udt": {
      const record = value as Readonly<Record<string, unknown>>
      const fields = fieldsOf(type.keyspace, type.name).map(({ name, type }) =>
        `${jsonName(name)}: ${toJson(type, record[name], fieldsOf)}`
      )
      return `{${fields.join(", ")}}`
    }
  }
}
