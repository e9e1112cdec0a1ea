/** What sort of value it is, without the value: `string`, `null`, `Array`, `Date`, ... */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  return Object.getPrototypeOf(value)?.constructor?.name ?? "object"
}
