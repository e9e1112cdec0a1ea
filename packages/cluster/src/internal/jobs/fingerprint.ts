/**
 * The fingerprint of a definition: two processes with the same one understand each other's parameters, units and plans.
 */
import * as Schema from "effect/Schema"

/** A short text that differs if the name, the version, the schemas as JSON has them, or the options of the plan do. */
export const fingerprintOf = (
  { name, params, plan, unit, version }: {
    readonly name: string
    readonly version: string
    readonly params: Schema.Constraint
    readonly unit: Schema.Constraint
    readonly plan: unknown
  }
): string =>
  hash(JSON.stringify(sorted([
    name,
    version,
    Schema.toJsonSchemaDocument(params),
    Schema.toJsonSchemaDocument(unit),
    plan ?? null
  ])))

/** The same value with the fields of its records in the order of their names, and the names that JSON Schema lists as required. */
const sorted = (value: unknown): unknown => {
  if (typeof value === "bigint") return String(value)
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, each]) => [
      key,
      key === "required" && Array.isArray(each) ? each.toSorted() : sorted(each)
    ])
  )
}

/** FNV-1a of 64 bits. */
export const hash = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (let at = 0; at < text.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, "0")
}
