/** A number in base 16, filled up with zeros. */
export const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0")
