/**
 * Dates of CQL: days since 1970-01-01, over a range far wider than that of `Date`.
 */

const text = /^([+-]?)(\d{4,7})-(\d{2})-(\d{2})$/

/** The days of a date in the proleptic Gregorian calendar; `undefined` when the text is no date, or out of range. */
export const toDays = (date: string): number | undefined => {
  const match = text.exec(date)
  if (match === null) return undefined
  const year = Number(`${match[1]}${match[2]}`)
  const month = Number(match[3])
  const day = Number(match[4])
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined
  const days = fromCivil(year, month, day)
  return days >= -(2 ** 31) && days < 2 ** 31 ? days : undefined
}

/** The date of a number of days, `YYYY-MM-DD`; years before 0 and after 9999 carry their sign and further digits. */
export const toText = (days: number): string => {
  const { day, month, year } = toCivil(days)
  const digits = String(Math.abs(year)).padStart(4, "0")
  const sign = year < 0 ? "-" : year > 9999 ? "+" : ""
  return `${sign}${digits}-${pad(month)}-${pad(day)}`
}

const pad = (number: number): string => String(number).padStart(2, "0")

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysOfMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

// Eras of 400 years have the same number of days each. A year is counted from March, so that the leap day is its last.
const daysOfEra = 146_097
const fromEpoch = 719_468

const fromCivil = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * daysOfEra + dayOfEra - fromEpoch
}

const toCivil = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + fromEpoch
  const era = Math.floor(shifted / daysOfEra)
  const dayOfEra = shifted - era * daysOfEra
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
