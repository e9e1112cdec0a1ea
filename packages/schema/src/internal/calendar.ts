/**
 * Dates as texts, as sessions give them: `YYYY-MM-DD`, with a sign and up to seven digits for years that four do not hold.
 */

/** Milliseconds of a day. */
export const day = 86_400_000

const pattern = /^([+-]?\d{4,7})-(\d{2})-(\d{2})$/

/** Returns true if a text is a date of the Gregorian calendar. */
export const isDate = (text: string): boolean => {
  const match = pattern.exec(text)
  if (match === null) return false
  // The calendar repeats after 400 years.
  const year = 2000 + Number(match[1]) % 400
  const date = new Date(Date.UTC(year, Number(match[2]) - 1, Number(match[3])))
  return date.getUTCMonth() === Number(match[2]) - 1 && date.getUTCDate() === Number(match[3])
}

/** Milliseconds from the epoch to midnight of a date; `NaN` where a `Date` cannot hold it. */
export const toMillis = (text: string): number => {
  const match = pattern.exec(text)
  return match === null
    ? Number.NaN
    : new Date(0).setUTCFullYear(Number(match[1]), Number(match[2]) - 1, Number(match[3]))
}

/** The date of a time in milliseconds. */
export const toText = (millis: number): string => {
  const date = new Date(millis)
  const year = date.getUTCFullYear()
  const sign = year < 0 ? "-" : year > 9999 ? "+" : ""
  const digits = String(Math.abs(year)).padStart(4, "0")
  return `${sign}${digits}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`
}

const pad = (number: number): string => String(number).padStart(2, "0")
